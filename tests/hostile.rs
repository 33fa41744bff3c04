//! Hostile files: each ends as a rejection with its own code, or passes as the honest film that it also is; no content
//! of another file comes out, no connection is made, and the worker continues.
use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use media::protocol::{Job, Limits, Line, Request, SelfTestReport};
use serde_json::Value;
use uuid::Uuid;

use crate::support::{Entrant, TestPipeline, clips, measure, process};

mod files;

/// A hostile file takes a child process and a poll; twenty of them share two cores with the other tests.
const SOON: Duration = Duration::from_secs(180);

/// Enters each file; its name is the work's title.
async fn enter_all(pipeline: &TestPipeline, address: &str, files: &[PathBuf]) -> BTreeMap<String, Uuid> {
    let entrant = Entrant::at(address);
    let mut entered = BTreeMap::new();
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str()).expect("a plain name").to_owned();
        let id = entrant.submit(&name, file).await;
        entered.insert(name, id);
    }
    assert!(!entered.is_empty() && pipeline.services().iter().all(|service| service.ended().is_none()));
    entered
}

/// Why a submission was refused, from its state machine.
async fn refusal(pipeline: &TestPipeline, id: Uuid) -> Value {
    pipeline.truth.reaches(id, "rejected", SOON).await;
    pipeline.truth.machine(id).await["state"]["reason"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hostile_file_is_refused_with_its_reason_and_the_worker_continues() {
    let pipeline = TestPipeline::new().await;
    let service = pipeline.serve("all", &[]).await;
    let address = service.api_address().expect("the address of the API");
    let dir = pipeline.dir();

    // No connection may ever be made. The listener's queue keeps every caller.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a listener that can be asked");
    let trap = format!("http://{}/film.mp4", listener.local_addr().expect("the trap's port"));
    let other = clips::plain(dir, 2);

    let hostile: [(PathBuf, Value); 15] = [
        (
            files::playlist_of(dir, "hls-file.mp4", other.to_str().expect("plain text")),
            code_and("unknown_format", "hls"),
        ),
        (files::playlist_of(dir, "hls-http.mp4", &trap), code_and("unknown_format", "hls")),
        (files::concat_of(dir, &other), code_and("unknown_format", "ffconcat")),
        (files::elsewhere(dir, &trap), code("external_reference")),
        (files::huge_png(dir), code_and("unknown_format", "png")),
        (files::huge_claim(dir), code("picture_too_large")),
        (files::endless_header(dir), code("misleading_header")),
        (files::long_title(dir), code("oversized_tags")),
        (files::endless_frames(dir), code("too_long")),
        (files::changing_size(dir), code("changes_midway")),
        (files::random(dir), code_and("unknown_format", "unknown")),
        (files::truncated(dir), code("damaged")),
        (files::without_index(dir), code("damaged")),
        (files::zip(dir), code_and("unknown_format", "zip")),
        (files::program(dir), code_and("unknown_format", "program")),
    ];
    let paths: Vec<PathBuf> = hostile.iter().map(|(file, _)| file.clone()).collect();
    let entered = enter_all(&pipeline, &address, &paths).await;
    for (file, expected) in &hostile {
        let name = file.file_name().and_then(|name| name.to_str()).expect("a plain name");
        let reason = refusal(&pipeline, entered[name]).await;
        assert_eq!(reason["code"], expected["code"], "{name}: {reason}");
        if let Some(found) = expected.get("found") {
            assert_eq!(&reason["found"], found, "{name}: {reason}");
        }
    }
    let reached = pipeline.truth.count("select count(*) from parts where stage not in ('probe', 'screen')").await;
    assert_eq!(reached, 0, "nothing was made of any of them");
    assert_eq!(listener.accept().expect_err("no connection").kind(), std::io::ErrorKind::WouldBlock);

    let good = Entrant::at(&address).submit("好作品", &other).await;
    pipeline.truth.reaches(good, "published", SOON).await;
    assert_eq!(service.ended().map(|status| status.to_string()), None, "the same process served all of them");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_file_is_refused_as_no_video() {
    let pipeline = TestPipeline::new().await;
    let service = pipeline.serve("all", &[]).await;
    let empty = files::write(pipeline.dir(), "empty.mp4", b"");
    let address = service.api_address().expect("the address of the API");
    let id = Entrant::at(&address).submit("空", &empty).await;
    let reason = refusal(&pipeline, id).await;
    assert_eq!((&reason["code"], &reason["found"]), (&"unknown_format".into(), &"empty".into()), "{reason}");
}

/// The tags are not trusted; the film is honest, and so it passes, as measured.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_tag_says_is_neither_believed_nor_passed_on() {
    let pipeline = TestPipeline::new().await;
    let service = pipeline.serve("all", &[]).await;
    let address = service.api_address().expect("the address of the API");
    let dir = pipeline.dir();
    let films = [files::hostile_tags(dir)];
    let entered = enter_all(&pipeline, &address, &films).await;
    for (name, id) in &entered {
        pipeline.truth.reaches(*id, "published", SOON).await;
        let info = media_info(&pipeline, *id).await;
        let duration_ms = info["duration_ms"].as_u64().expect("a duration");
        assert!((3000..=3050).contains(&duration_ms), "{name} lasts 3 s, measured {duration_ms} ms");
        assert!(info.to_string().len() < 10_000, "{name}: what is kept of a file is short");
        for (rendition, file) in pipeline.renditions(*id).await {
            let measured = measure::measure(&file);
            assert!((measured.picture.duration_s - 3.0).abs() < 0.05, "{name} {rendition}: {measured:?}");
            let kept: Vec<&String> = measured.tags.keys().collect();
            assert!(
                !kept.iter().any(|tag| ["title", "artist"].contains(&tag.as_str())),
                "{name} {rendition} kept {kept:?}"
            );
            assert!(std::fs::metadata(&file).expect("a rendition").len() < 1_000_000, "{name} {rendition}");
        }
    }
    let log = service.log_text();
    assert!(log.lines().all(|line| line.len() < 4096), "no line of the log is long");
    let forbidden = |character: char| character == '\u{1b}' || character == '\u{202e}';
    assert!(!log.contains(forbidden), "no control characters of a file reach the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_of_the_shipped_binary_fails_at_everything_that_is_forbidden() {
    let dir = tempfile::tempdir().expect("a directory");
    let [input, output] = ["in", "out"].map(|name| dir.path().join(name));
    std::fs::create_dir_all(&input).expect("an input directory");
    std::fs::create_dir_all(&output).expect("an output directory");
    std::fs::write(dir.path().join("escape-target"), "another entrant's bytes").expect("a file to reach for");
    let report = self_test(&input, &output);
    for what in ["open_etc_passwd", "climb_out_of_input", "connect", "execve", "fork", "ptrace"] {
        assert!(report.attempts.iter().any(|attempt| attempt.what == what), "{what} was tried");
    }
    for attempt in &report.attempts {
        // If the kernel has no Landlock, the sandbox cannot restrict files, and the service does not start unless
        // configured to.
        let files = ["open", "list", "write", "make", "climb", "symlink"];
        let needs_landlock = files.iter().any(|word| attempt.what.starts_with(word));
        assert!(attempt.denied || (needs_landlock && !report.landlock), "{}: {}", attempt.what, attempt.answer);
    }
}

/// Runs `reelmill child` and asks it to try.
fn self_test(input: &Path, output: &Path) -> SelfTestReport {
    let request = Request {
        input_dir: Some(input.to_owned()),
        output_dir: Some(output.to_owned()),
        limits: Limits::self_test(),
        allow_missing_landlock: true,
        job: Job::SelfTest,
    };
    let mut child = Command::new(process::binary())
        .arg("child")
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("start a child");
    let json = serde_json::to_vec(&request).expect("a request as JSON");
    child.stdin.take().expect("its stdin").write_all(&json).expect("ask it");
    let answer = child.wait_with_output().expect("hear it");
    let text = String::from_utf8(answer.stdout).expect("text");
    match serde_json::from_str(text.lines().last().unwrap_or_default())
        .unwrap_or_else(|_| panic!("no answer: {text:?}"))
    {
        Line::Done(report) => serde_json::from_value(report).expect("a report"),
        other => panic!("the child answers {other:?}"),
    }
}

async fn media_info(pipeline: &TestPipeline, id: Uuid) -> Value {
    let query = sqlx::query_scalar("select media_info from submissions where id = $1");
    query.bind(id).fetch_one(pipeline.truth.pool()).await.expect("what was measured")
}

fn code(code: &str) -> Value {
    serde_json::json!({ "code": code })
}

fn code_and(code: &str, found: &str) -> Value {
    serde_json::json!({ "code": code, "found": found })
}
