//! What an entrant sees while the film is still being decoded.
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::delivery::status;
use crate::support::catalogue::Gates;
use crate::support::entrant::{Entered, Entrant};
use crate::support::process::{Service, binary};
use crate::support::wait::wait_until;
use crate::support::{Setup, TestPipeline, clips};

const SOON: Duration = Duration::from_secs(180);

/// A stand-in for the child's program: the child itself, but no probe begins while the file `held` exists.
fn no_probe_as_long_as_held(dir: &Path) -> (PathBuf, PathBuf) {
    let (script, held) = (dir.join("held-child"), dir.join("held"));
    let (flag, child) = (held.display(), binary().display().to_string());
    let text = format!(
        "#!/bin/sh\nrequest=$(cat)\ncase $request in *'\"job\":{{\"probe\"'*) while [ -e '{flag}' ]; do sleep 0.05; done;; esac\n\
         printf %s \"$request\" | '{child}' \"$@\"\n"
    );
    std::fs::write(&script, text).expect("write the stand-in");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("make it a program");
    std::fs::write(&held, "").expect("write the flag");
    (script, held)
}

async fn enter(pipeline: &TestPipeline, service: &Service, seconds: u32) -> Entered {
    let entrant = Entrant::at(&service.api_address().expect("the API's address"));
    let entered = entrant.enter(&Entrant::form("测试作品")).await;
    entrant.upload(&entered, &clips::plain(pipeline.dir(), seconds)).await;
    entered
}

/// The entry as its entrant sees it.
async fn seen(service: &Service, entered: &Entered) -> Value {
    let api = service.api_address().expect("the API's address");
    let ask = reqwest::Client::new().get(format!("http://{api}/api/v1/submissions/{}", entered.id));
    let answer = ask.bearer_auth(&entered.token).header("accept-language", "en").send().await.expect("an answer");
    answer.json().await.expect("JSON")
}

/// Waits for the first look, and returns each rule with its outcome.
async fn looked(service: &Service, entered: &Entered) -> Vec<(String, String)> {
    let entry = wait_until("the headers were looked at", SOON, async || {
        let entry = seen(service, entered).await;
        entry["first_look"].is_array().then_some(entry)
    })
    .await;
    assert_eq!((&entry["state"], &entry["verdict"]), (&"probe".into(), &Value::Null), "{entry}");
    let text = |rule: &Value, key: &str| rule[key].as_str().expect("a word").to_owned();
    let rules = entry["first_look"].as_array().expect("rules");
    assert!(rules.iter().all(|rule| !text(rule, "zh").is_empty() && text(rule, "text") == text(rule, "en")), "{entry}");
    rules.iter().map(|rule| (text(rule, "rule"), text(rule, "outcome"))).collect()
}

fn outcomes(all: [(&str, &str); 4]) -> Vec<(String, String)> {
    all.map(|(rule, outcome)| (rule.to_owned(), outcome.to_owned())).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn entrants_see_a_first_look_from_headers_until_the_verdict() {
    let gates = Gates { review: "manual", release: "manual" };
    let pipeline = TestPipeline::with(Setup { gates, ..Setup::default() }).await;
    let (child, held) = no_probe_as_long_as_held(pipeline.dir());
    let service = pipeline.serve_with("all", &[], &[("REELMILL_CHILD_EXE", child.to_str().expect("a path"))]).await;
    // The contest accepts one to thirty seconds.
    let gone = enter(&pipeline, &service, 2).await;
    looked(&service, &gone).await;
    pipeline.command(&["withdraw", &gone.id.to_string()]).await.exits(0);
    let entry = seen(&service, &gone).await;
    assert!(entry["first_look"].is_null() && entry["verdict"].is_null(), "a withdrawn work is not examined: {entry}");
    let (right, long) = (enter(&pipeline, &service, 2).await, enter(&pipeline, &service, 31).await);
    let kept = outcomes([("format", "pass"), ("duration", "pass"), ("resolution", "pass"), ("aspect", "pass")]);
    assert_eq!(looked(&service, &right).await, kept);
    let broken = outcomes([("format", "pass"), ("duration", "fail"), ("resolution", "pass"), ("aspect", "pass")]);
    assert_eq!(looked(&service, &long).await, broken);
    assert_eq!(status(&pipeline, long.id).await["first_look"]["rules"][1]["rejection"]["code"], "too_long");
    let table = pipeline.command(&["status", &long.id.to_string()]).await.exits(0).stdout;
    assert!(table.contains("by its headers, while it is being decoded"), "{table}");
    assert_eq!(seen(&service, &long).await["state"], "probe", "headers never refuse");

    std::fs::remove_file(held).expect("let go on");
    pipeline.truth.reaches(right.id, "awaiting_review", SOON).await;
    pipeline.truth.reaches(long.id, "rejected", SOON).await;
    for entered in [&right, &long] {
        let entry = seen(&service, entered).await;
        assert!(entry["first_look"].is_null() && entry["verdict"].is_array(), "{entry}");
    }
}
