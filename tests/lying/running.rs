//! A process without capabilities, and whether others of the same user can read its memory.
use std::process::{Child, Command, Stdio};

/// A program without capabilities, whatever its user: as in a container, and as a child that escaped its sandbox.
pub(super) fn without_capabilities(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-all", "--inh-caps=-all", program]).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Killed at the end of the test.
pub(super) struct Running(pub(super) Child);

impl Running {
    /// Whether another process of the same user reads its environment.
    pub(super) fn shows_its_secrets(&self) -> bool {
        let environ = format!("/proc/{}/environ", self.0.id());
        without_capabilities("cat").arg(environ).status().expect("run cat").success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
