//! Runs a real, sandboxed child as the service does, and waits for its last line.
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use media::protocol::{Job, Limits, Line, Request};

/// Everything a child said, in order.
pub fn run(job: Job, limits: Limits, input: Option<&Path>, output: Option<&Path>) -> Vec<Line> {
    let request = Request {
        input_dir: input.map(Into::into),
        output_dir: output.map(Into::into),
        limits,
        allow_missing_landlock: false,
        job,
    };
    speak(&serde_json::to_vec(&request).unwrap())
}

/// Everything a child says when told `request`.
pub fn speak(request: &[u8]) -> Vec<Line> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_media-child"))
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // A child that refuses a request stops reading it.
    let _ = child.stdin.take().unwrap().write_all(request);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the child ended with {}", output.status);
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
