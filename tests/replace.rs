//! A refused film is replaced by another one: the receipt stays, a new run begins, and works that were refused because
//! of the former film can pass.
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use crate::delivery::{delivery_is, status};
use crate::support::catalogue::{self, DROP, Gates};
use crate::support::entrant::Entered;
use crate::support::wait::wait_until;
use crate::support::{Entrant, Service, Setup, TestPipeline, films};

const SOON: Duration = Duration::from_secs(180);

/// A service whose contest requires works of at least five seconds that were not entered before.
async fn serve(pipeline: &TestPipeline, name: &str, gates: Gates) -> Arc<Service> {
    let dir = pipeline.dir().join("strict");
    catalogue::write(&dir, gates, (0, 0.5), &[], false);
    let contest = dir.join(format!("contests/{}.toml", catalogue::CONTEST));
    let text = std::fs::read_to_string(&contest).expect("read the contest");
    assert!(text.contains("[rules]") && text.contains("min_ms = 1000"));
    let rules = "[rules]\nduplicate = { picture_percent = 25, sound_percent = 50 }";
    let text = text.replace("[rules]", rules).replace("min_ms = 1000", "min_ms = 5000");
    std::fs::write(contest, text).expect("write the contest");
    pipeline.serve_with(name, &[], &[("CATALOGUE_DIR", &dir.display().to_string())]).await
}

fn entrant(service: &Service) -> Entrant {
    Entrant::at(&service.api_address().expect("a service that takes uploads says where"))
}

async fn enter(service: &Service, file: &Path) -> Entered {
    let entered = entrant(service).enter(&Entrant::form("测试作品")).await;
    entrant(service).upload(&entered, file).await;
    entered
}

/// The same entry at another service's address.
fn at(service: &Service, entered: &Entered) -> (String, Entered) {
    let address = service.api_address().expect("a service that takes uploads says where");
    let upload_url = format!("http://{address}/files");
    (format!("http://{address}/api/v1/submissions/{}", entered.id), Entered { upload_url, ..entered.clone() })
}

async fn status_of(service: &Service, entered: &Entered) -> Value {
    let (url, _) = at(service, entered);
    let answer = reqwest::Client::new().get(url).bearer_auth(&entered.token).send().await.expect("ask how it stands");
    answer.json().await.expect("how it stands")
}

async fn is(service: &Service, entered: &Entered, state: &str) -> Value {
    wait_until(&format!("{} is {state}", entered.id), SOON, async || {
        let answer = status_of(service, entered).await;
        (answer["state"] == state).then_some(answer)
    })
    .await
}

/// Announces another film.
async fn announce(service: &Service, entered: &Entered) {
    let (url, _) = at(service, entered);
    let request = reqwest::Client::new().post(format!("{url}/replacement")).bearer_auth(&entered.token);
    let answer = request.send().await.expect("announce another film");
    assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_film_is_replaced_despite_a_crash_and_goes_live() {
    let pipeline = TestPipeline::with(Setup::default()).await;
    let service = serve(&pipeline, "first", catalogue::OPEN).await;
    let (short, long) = (pipeline.dir().join("short.mp4"), pipeline.dir().join("long.mp4"));
    films::make(&short, 1, 3);
    films::make(&long, 2, 8);
    let entered = enter(&service, &short).await;
    let refused = is(&service, &entered, "rejected").await;
    assert_eq!((&refused["rejection"]["code"], &refused["changes"]["film"]), (&"too_short".into(), &true.into()));
    announce(&service, &entered).await;

    // The process dies between the last byte and the change of state.
    let gate = pipeline.truth.gate("submissions", "new.run = 2").await;
    let (_, here) = at(&service, &entered);
    entrant(&service).upload(&here, &long).await;
    pipeline.truth.reaches_gate(SOON).await;
    service.kill();
    gate.open().await;
    let service = serve(&pipeline, "second", catalogue::OPEN).await;
    let published = is(&service, &entered, "publish").await;
    delivery_is(&pipeline, entered.id, DROP, "live").await;
    assert_eq!((&published["id"], &published["created_at"]), (&refused["id"], &refused["created_at"]));
    assert_eq!(published["former_films"][0]["rejection"]["code"], "too_short");

    let work = status(&pipeline, entered.id).await;
    assert_eq!((&work["run"], &work["former_films"][0]["run"]), (&2.into(), &1.into()));
    let rules = work["former_films"][0]["verdict"]["rules"].as_array().expect("the former verdict");
    assert!(rules.iter().any(|rule| rule["rule"] == "duration" && rule["outcome"] == "fail"), "{rules:?}");
    let replaced = pipeline.truth.count("select count(*) from history where what = 'replaced'").await;
    assert_eq!(replaced, 1, "the upload was finished by two processes and replaced the film once");
    hand_over(&pipeline, entered.id).await;
}

/// A person delivers the work to the partner without an API.
async fn hand_over(pipeline: &TestPipeline, id: Uuid) {
    let (id, url) = (id.to_string(), format!("https://partner.example/{id}"));
    delivery_is(pipeline, id.parse().expect("an id"), catalogue::BAG, "awaiting_operator").await;
    pipeline.command(&["delivered", &id, "--partner", catalogue::BAG, "--url", &url]).await.exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_twin_is_accepted_once_the_former_film_was_replaced() {
    let pipeline = TestPipeline::with(Setup::default()).await;
    let gates = Gates { review: "manual", release: "manual" };
    let service = serve(&pipeline, "first", gates).await;
    let (film, other) = (pipeline.dir().join("film.mp4"), pipeline.dir().join("other.mp4"));
    films::make(&film, 3, 8);
    films::make(&other, 4, 8);
    let first = enter(&service, &film).await;
    is(&service, &first, "awaiting_review").await;
    let twin = enter(&service, &film).await;
    assert_eq!(is(&service, &twin, "rejected").await["rejection"]["code"], "already_entered");

    announce(&service, &first).await;
    entrant(&service).upload(&at(&service, &first).1, &other).await;
    wait_until("the other film is in review", SOON, async || {
        let answer = status_of(&service, &first).await;
        (answer["state"] == "awaiting_review" && answer["former_films"].is_array()).then_some(())
    })
    .await;
    // The twin's entrant sends the same film again, or the organisers have it screened again: both find the seat free.
    announce(&service, &twin).await;
    entrant(&service).upload(&at(&service, &twin).1, &film).await;
    is(&service, &twin, "awaiting_review").await;
    // And in the other direction: the replaced film is now the copy.
    announce(&service, &first).await;
    entrant(&service).upload(&at(&service, &first).1, &film).await;
    assert_eq!(is(&service, &first, "rejected").await["rejection"]["code"], "already_entered");
    pipeline.command(&["reprocess", &first.id.to_string(), "--from", "screen"]).await.exits(0);
    assert_eq!(is(&service, &first, "rejected").await["rejection"]["code"], "already_entered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_is_opened_on_the_command_line_and_closed_again() {
    let pipeline = TestPipeline::with(Setup::default()).await;
    let service = serve(&pipeline, "first", catalogue::OPEN).await;
    let short = pipeline.dir().join("short.mp4");
    films::make(&short, 1, 3);
    let entered = enter(&service, &short).await;
    is(&service, &entered, "rejected").await;
    let id = entered.id.to_string();
    let until = (runtime::clock::Clock::default().now() + chrono::TimeDelta::days(2)).to_rfc3339();
    let wish = ["cure", &id, "--until", &until, "--reason", "请补足时长"];
    let looked = pipeline.command(&[&wish[..], &["--dry-run", "--output", "json"]].concat()).await.exits(0).json();
    assert_eq!((&looked["film"], &looked["form"], &looked["dry_run"]), (&true.into(), &true.into(), &true.into()));
    assert!(status_of(&service, &entered).await["cure"].is_null());
    let digest = looked["digest"].as_str().expect("a digest");
    pipeline.command(&[&wish[..], &["--digest", digest]].concat()).await.exits(0);
    assert_eq!(status_of(&service, &entered).await["cure"]["reason"], "请补足时长");
    pipeline.command(&["cure", &id, "--close"]).await.exits(0);
    assert!(status_of(&service, &entered).await["cure"].is_null());
    assert_ne!(pipeline.command(&["cure", &id]).await.code, Some(0), "neither an end nor --close");
}
