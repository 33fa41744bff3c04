//! Commands that run to their end.
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

/// Time limit for a command: the longest encodes a few seconds of film while all other tests run.
pub(super) const COMMAND_WITHIN: Duration = Duration::from_secs(180);

/// The binary that was built beside this test.
pub(crate) fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("this test's own path");
    let binary = test.ancestors().nth(2).expect("tests lie in target/PROFILE/deps").join("reelmill");
    let say = "is not built; `make test` builds it, or type: cargo build --workspace --bins (with --release for release tests)";
    assert!(binary.exists(), "{} {say}", binary.display());
    binary
}

/// How a command ended, and what it wrote.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it wrote to stderr.
    pub(crate) stderr: String,
}

impl Ran {
    /// What it printed, as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Panics unless it exited with `code`.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        self
    }
}

/// Runs `reelmill ARGS` to its end, with nothing in its environment but `env` and PATH.
pub(crate) async fn run(args: &[&str], env: &BTreeMap<String, String>) -> Ran {
    run_reading(args, env, "").await
}

/// As [`run`], with `input` at its stdin.
pub(crate) async fn run_reading(args: &[&str], env: &BTreeMap<String, String>, input: &str) -> Ran {
    let mut command = tokio::process::Command::new(binary());
    command.args(args).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).envs(env);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().expect("run reelmill");
    // A command that reads nothing may have ended already. Dropping stdin closes it.
    let _ = child.stdin.take().expect("its stdin").write_all(input.as_bytes()).await;
    let output = tokio::time::timeout(COMMAND_WITHIN, child.wait_with_output()).await;
    let output = output.unwrap_or_else(|_| panic!("reelmill {args:?} did not end")).expect("run reelmill");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("a command writes text");
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
