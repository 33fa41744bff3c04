//! A real, sandboxed child: its requests and its answers.
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use media::protocol::{Job, Limits, Line, Request};
use serde::de::DeserializeOwned;

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

/// Everything a child says in answer to `request`.
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

/// The report of a job that must succeed.
pub fn done<T: DeserializeOwned>(lines: Vec<Line>) -> T {
    let mut last = 0.0;
    for line in &lines[..lines.len() - 1] {
        let part = match line {
            Line::Progress(part) => part,
            other => panic!("{other:?} before the end"),
        };
        assert!((last..=1.0).contains(part), "progress fell from {last} to {part}");
        last = *part;
    }
    let Some(Line::Done(report)) = lines.last() else { panic!("{lines:?}") };
    serde_json::from_value(report.clone()).unwrap()
}
