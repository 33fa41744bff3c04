//! What reviewers see before renditions are made, with their own tokens and on the command line.
use std::time::Duration;

use media::synth::pictures;
use serde_json::Value;
use uuid::Uuid;

use crate::delivery::status;
use crate::support::catalogue::{CONTEST, Gates};
use crate::support::wait::wait_until;
use crate::support::{Setup, TestPipeline, leftovers};

const SOON: Duration = Duration::from_secs(180);
/// Seconds of the film.
const SECONDS: u32 = 3;

async fn waiting_for_review() -> (TestPipeline, String, Uuid) {
    let gates = Gates { review: "manual", release: "manual" };
    let env = vec![("GARBAGE_DELAY_S", "1".to_owned()), ("RECONCILE_S", "0.5".to_owned())];
    let pipeline = TestPipeline::with(Setup { gates, env, ..Setup::default() }).await;
    let service = pipeline.serve("all", &[]).await;
    let id = pipeline.submit(&service, SECONDS).await;
    pipeline.truth.reaches(id, "awaiting_review", SOON).await;
    let place =
        format!("http://{}/api/v1/submissions/{id}/preview", service.desk_address().expect("the desk's address"));
    (pipeline, place, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screener_sees_the_work_before_anything_is_made_of_it_and_nobody_else_does() {
    let (pipeline, place, id) = waiting_for_review().await;
    let token = pipeline.token(&format!("screener@{CONTEST}")).await;
    let http = reqwest::Client::new();
    let ask =
        async |path: &str| http.get(format!("{place}{path}")).bearer_auth(&token).send().await.expect("an answer");
    let preview: Value = ask("").await.json().await.expect("JSON");
    let candidates = preview["cover_candidates_ms"].as_array().expect("moments").clone();
    assert!(!candidates.is_empty() && candidates.iter().all(|at| at.as_u64().is_some_and(|at| at < 3000)), "{preview}");

    let film = ask("/proxy.mp4").await.bytes().await.expect("the film");
    let path = pipeline.dir().join("proxy.mp4");
    std::fs::write(&path, &film).expect("keep the film");
    let shown = pictures(&path).expect("it plays");
    assert_eq!(shown.len(), 25 * SECONDS as usize);
    assert!(shown.iter().enumerate().all(|(index, picture)| (picture.at - index as f64 / 25.0).abs() < 0.005));
    assert!(film.windows(4).any(|four| four == b"mp4a"), "it has a track of sound");
    let part = http.get(format!("{place}/proxy.mp4")).bearer_auth(&token).header("range", "bytes=4-7");
    let part = part.send().await.expect("an answer");
    assert_eq!((part.status().as_u16(), part.bytes().await.expect("a part").as_ref()), (206, &b"ftyp"[..]));
    let cues = ask("/storyboard.vtt").await.text().await.expect("cues");
    assert_eq!(cues.matches("storyboard.jpg#xywh=").count(), SECONDS as usize, "{cues}");
    assert!(ask("/storyboard.jpg").await.bytes().await.expect("a sheet").starts_with(b"\xff\xd8\xff"));

    for path in ["", "/proxy.mp4", "/storyboard.jpg", "/storyboard.vtt"] {
        let without = http.get(format!("{place}{path}")).send().await.expect("an answer");
        assert_eq!(without.status(), 401, "{path}");
    }
    let [token_id, ..] = &pipeline.truth.texts("select id::text from tokens").await[..] else { panic!("one token") };
    pipeline.command(&["token", "revoke", token_id]).await.exits(0);
    assert_eq!(ask("/proxy.mp4").await.status(), 403);
    assert_eq!(pipeline.truth.count("select count(*) from parts where stage = 'transcode'").await, 0);
    assert_eq!(status(&pipeline, id).await["state"], "awaiting_review");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_fetches_a_preview_and_a_withdrawn_work_leaves_none() {
    let (pipeline, _, id) = waiting_for_review().await;
    let key = status(&pipeline, id).await["preview"]["proxy"]["key"].as_str().expect("its key").to_owned();
    assert!(leftovers::keys(&pipeline.objects).await.contains(&key));
    let out = pipeline.dir().join("preview");
    let fetch = ["preview", &id.to_string(), "--out", out.to_str().expect("a path")].map(str::to_owned);
    let fetch: Vec<&str> = fetch.iter().map(String::as_str).collect();
    let printed = pipeline.command(&fetch).await.exits(0).stdout;
    let paths: Vec<&str> = printed.lines().collect();
    assert_eq!(paths.len(), 3);
    assert!(pictures(paths[0].as_ref()).expect("it plays").len() == 25 * SECONDS as usize);
    pipeline.command(&["withdraw", &id.to_string()]).await.exits(0);
    pipeline.command(&fetch).await.exits(2);
    wait_until("the preview's files are gone", SOON, async || {
        let there = leftovers::keys(&pipeline.objects).await;
        (!there.iter().any(|key| key.starts_with("previews/"))).then_some(())
    })
    .await;
}
