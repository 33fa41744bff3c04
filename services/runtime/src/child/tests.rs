//! The runner with a shell script in place of the child: the tests check how a child ends, not what it computes.
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use super::*;

struct Fixture {
    runner: ChildRunner,
    dir: tempfile::TempDir,
}

fn fixture(script: &str) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("child.sh");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let runner = ChildRunner {
        program,
        allow_missing_landlock: false,
        spawner: Spawner::start().unwrap(),
        metrics: Metrics::new().unwrap(),
    };
    Fixture { runner, dir }
}

const LONG: Duration = Duration::from_secs(20);

async fn run(fixture: &Fixture, wall: Duration) -> Result<u32, ChildError> {
    fixture.runner.run(&"request", wall, &CancellationToken::new(), |_| {}).await
}

/// Whether a process with this number exists and is not a zombie.
fn alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

async fn dies(pid: &str) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while alive(pid) {
        assert!(Instant::now() < deadline, "process {pid} still lives");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn the_request_goes_in_and_progress_and_the_result_come_out() {
    let fixture =
        fixture(r#"read request; [ "$request" = '"request"' ] && echo '{"progress":0.5}' && echo '{"done":7}'"#);
    let mut seen = Vec::new();
    let result: u32 = fixture.runner.run(&"request", LONG, &CancellationToken::new(), |p| seen.push(p)).await.unwrap();
    assert_eq!((result, seen), (7, vec![0.5]));
}

#[tokio::test]
async fn a_child_sees_nothing_of_our_environment() {
    let fixture = fixture(r#"[ "$(env | grep -cvE '^(PWD|SHLVL|_|OLDPWD)=')" = 0 ] && echo '{"done":1}'"#);
    assert!(std::env::var("PATH").is_ok());
    assert_eq!(run(&fixture, LONG).await.unwrap(), 1);
}

#[tokio::test]
async fn a_refusal_and_a_failure_are_told_apart() {
    let refused = fixture(r#"echo '{"rejected":{"code":"undecodable"}}'"#);
    assert!(matches!(run(&refused, LONG).await, Err(ChildError::Rejected(Rejection::Undecodable))));
    let failed = fixture(r#"echo '{"failed":"the disk is full"}'"#);
    assert!(matches!(run(&failed, LONG).await, Err(ChildError::Failed(words)) if words == "the disk is full"));
}

#[tokio::test]
async fn an_answer_that_may_not_be_kept_is_nonsense() {
    let nonsense = [
        r#"{"done":{"a":"\u0000"}}"#,
        r#"{"done":{"a":"\u001b[2J"}}"#,
        r#"{"done":{"a":"\u202efdp.mp4"}}"#,
        r#"{"done":{"a":"\ud800"}}"#,
        r#"{"done":1e999}"#,
        r#"{"done":NaN}"#,
        r#"{"progress":"x"}"#,
        r#"{"rejected":{"code":"review_refused","words":"never enter again"}}"#,
        r#"{"rejected":{"code":"already_entered"}}"#,
        r#"{"rejected":{"code":"unknown_format","found":"\u0000"}}"#,
        r#"{"rejected":{"code":"unsupported_codec","codec":"\u2066evil"}}"#,
        r#"{"rejected":{"code":"no_such_code"}}"#,
    ];
    for answer in nonsense {
        // The caller here accepts any valid answer.
        let fixture = fixture(&format!("printf '%s\\n' '{answer}'"));
        let (request, cancelled) = ("request", CancellationToken::new());
        let ended = fixture.runner.run::<_, serde_json::Value>(&request, LONG, &cancelled, |_| {}).await;
        assert!(matches!(ended, Err(ChildError::Crashed(Crash::Nonsense))), "{answer}: {ended:?}");
    }
    let ended = run(&fixture(r#"echo '{"done":"7"}'"#), LONG).await;
    assert!(matches!(ended, Err(ChildError::Crashed(Crash::Nonsense))), "a text for a number: {ended:?}");
}

#[tokio::test]
async fn of_a_failure_no_more_is_kept_than_a_person_reads() {
    let fixture = fixture(r#"printf '{"failed":"%s"}\n' "$(head -c 9000 /dev/zero | tr '\0' x)""#);
    let Err(ChildError::Failed(words)) = run(&fixture, LONG).await else { panic!("it failed") };
    assert_eq!(words, "x".repeat(2000));
}

#[tokio::test]
async fn a_signal_is_a_crash_and_is_counted() {
    let fixture = fixture("kill -SEGV $$");
    assert!(matches!(run(&fixture, LONG).await, Err(ChildError::Crashed(Crash::Signal(11)))));
    assert_eq!(fixture.runner.metrics.children.with_label_values(&["crashed"]).get(), 1);
    let killed = &fixture.runner.metrics.media.children_killed;
    assert_eq!(crate::metrics::CAUSES.map(|cause| killed.with_label_values(&[cause]).get()).iter().sum::<u64>(), 1);
}

#[tokio::test]
async fn silence_and_nonsense_are_crashes() {
    assert!(matches!(run(&fixture("exit 3"), LONG).await, Err(ChildError::Crashed(Crash::Code(3)))));
    assert!(matches!(run(&fixture("echo hello"), LONG).await, Err(ChildError::Crashed(Crash::Nonsense))));
    // Otherwise we would read until its deadline.
    let chatter = fixture(r#"yes '{"progress":0.1}'"#);
    assert!(matches!(run(&chatter, LONG).await, Err(ChildError::Crashed(Crash::Nonsense))));
    let endless = fixture("head -c 9000000 /dev/zero; sleep 600");
    assert!(matches!(run(&endless, LONG).await, Err(ChildError::Crashed(Crash::Nonsense))));
}

#[tokio::test]
async fn at_the_deadline_the_whole_group_dies() {
    let fixture = fixture(r#"sleep 600 & echo $! > "$(dirname "$0")/grandchild"; sleep 600"#);
    assert!(matches!(run(&fixture, Duration::from_millis(500)).await, Err(ChildError::TimedOut(_))));
    dies(&std::fs::read_to_string(fixture.dir.path().join("grandchild")).unwrap()).await;
}

#[tokio::test]
async fn a_cancelled_child_dies() {
    let fixture = fixture(r#"echo $$ > "$(dirname "$0")/pid"; echo '{"progress":0.1}'; sleep 600"#);
    let cancelled = CancellationToken::new();
    let cancel = cancelled.clone();
    let result: Result<u32, _> = fixture.runner.run(&"request", LONG, &cancelled, move |_| cancel.cancel()).await;
    assert!(matches!(result, Err(ChildError::Cancelled)));
    dies(&std::fs::read_to_string(fixture.dir.path().join("pid")).unwrap()).await;
}

#[tokio::test]
async fn a_grandchild_does_not_outlive_a_child_that_answered() {
    let fixture = fixture(r#"sleep 600 >/dev/null 2>&1 & echo $! > "$(dirname "$0")/grandchild"; echo '{"done":1}'"#);
    assert_eq!(run(&fixture, LONG).await.unwrap(), 1);
    dies(&std::fs::read_to_string(fixture.dir.path().join("grandchild")).unwrap()).await;
}

#[test]
fn control_characters_cannot_forge_a_log_line() {
    assert_eq!(escaped("ok\u{1b}[31m\nERROR 中".as_bytes()), "ok\\u{1b}[31m\\nERROR 中");
    assert_eq!(escaped("a\u{202e}b\u{2029}".as_bytes()), "a\\u{202e}b");
}

/// nextest runs each test in a separate process; with other tests in the same process, they are only hidden too.
#[tokio::test]
async fn a_hidden_process_stays_so_beside_its_children_and_they_are_not_it() {
    hide_this_process().unwrap();
    let ours = || rustix::process::dumpable_behavior().unwrap();
    assert_eq!(ours(), rustix::process::DumpableBehavior::NotDumpable);
    // A program file that is readable starts as usual: our child needs its own /proc/self.
    let fixture = fixture(r#"cat /proc/self/environ >/dev/null && echo '{"done":1}'"#);
    assert_eq!(run(&fixture, LONG).await.unwrap(), 1);
    assert_eq!(ours(), rustix::process::DumpableBehavior::NotDumpable);
}
