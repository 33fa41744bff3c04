//! The sandbox, tried from inside a real child process.
use std::fs;

use media::protocol::{Job, Limits, Line, SelfTestReport};

#[test]
fn a_child_that_tries_to_open_connect_exec_and_ptrace_fails_at_each() {
    let scratch = tempfile::tempdir().unwrap();
    let [input, output] = ["in", "out"].map(|name| scratch.path().join(name));
    fs::create_dir(&input).unwrap();
    fs::create_dir(&output).unwrap();
    fs::write(scratch.path().join("escape-target"), "another entrant's").unwrap();
    let lines = crate::support::run(Job::SelfTest, Limits::self_test(), Some(&input), Some(&output));
    let Some(Line::Done(report)) = lines.last() else { panic!("{lines:?}") };
    let report: SelfTestReport = serde_json::from_value(report.clone()).unwrap();
    assert!(report.landlock);
    for wanted in ["open_etc_passwd", "climb_out_of_input", "connect", "execve", "ptrace", "kill_parent", "fork"] {
        assert!(report.attempts.iter().any(|attempt| attempt.what == wanted), "{wanted} was not tried");
    }
    for attempt in &report.attempts {
        // Refused by the walls, not by chance: nothing listens at the port, but that would say "connection refused".
        let walls = ["os error 1)", "os error 13)"];
        assert!(attempt.denied && walls.iter().any(|wall| attempt.answer.contains(wall)), "{attempt:?}");
    }
    assert_eq!(fs::read_dir(&output).unwrap().count() + fs::read_dir(&input).unwrap().count(), 0);
}

#[test]
fn a_request_that_is_no_request_is_a_failure_and_not_a_crash() {
    for request in [&b""[..], b"{}", b"[1", &[b'x'; 100_000], &vec![b' '; (4 << 20) + 1]] {
        let lines = crate::support::speak(request);
        assert!(matches!(&lines[..], [Line::Failed(text)] if text.contains("request")), "{lines:?}");
    }
}

#[test]
fn a_job_outside_its_directory_is_a_failure() {
    let input = tempfile::tempdir().unwrap();
    for file in ["../x", "/etc/passwd", ""] {
        let lines = crate::support::run(Job::Probe { file: file.into() }, Limits::probe(), Some(input.path()), None);
        assert!(matches!(&lines[..], [Line::Failed(text)] if text.contains("plain file name")), "{lines:?}");
    }
}
