//! The child process alone, for this crate's tests and for debugging by hand; what ships is `reelmill child`.

fn main() -> std::process::ExitCode {
    media::child::main()
}
