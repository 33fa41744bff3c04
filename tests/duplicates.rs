//! A film is entered again: unchanged, changed, by several entrants at once. The first stays accepted; the answer never
//! reveals who entered the other one.
use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use uuid::Uuid;

use crate::support::entrant::Entered;
use crate::support::wait::wait_until;
use crate::support::{Entrant, Service, Setup, TestPipeline, catalogue, films};

const SOON: Duration = Duration::from_secs(180);
/// Long enough to lose both ends and still be comparable.
const SECONDS: u64 = 12;

/// A service whose contest requires works that were not entered before. All its gates are open.
async fn serve(pipeline: &TestPipeline) -> std::sync::Arc<Service> {
    let dir = pipeline.dir().join("strict");
    catalogue::write(&dir, catalogue::OPEN, (0, 0.5), &[], false);
    let contest = dir.join(format!("contests/{}.toml", catalogue::CONTEST));
    let text = std::fs::read_to_string(&contest).expect("read the contest");
    let rule = "[rules]\nduplicate = { picture_percent = 25, sound_percent = 50 }";
    assert!(text.contains("[rules]"));
    // A copy may be smaller than the contest's usual minimum.
    let text = text.replace("[rules]", rule).replace("min_short_side = 180", "min_short_side = 90");
    std::fs::write(contest, text).expect("write the contest");
    pipeline.serve_with("strict", &[], &[("CATALOGUE_DIR", &dir.display().to_string())]).await
}

async fn enter(service: &Service, file: &std::path::Path) -> Entered {
    let entrant = Entrant::at(&service.api_address().expect("a service that takes uploads says where"));
    let entered = entrant.enter(&Entrant::form("测试作品")).await;
    entrant.upload(&entered, file).await;
    entered
}

/// The entry as its entrant sees it.
async fn status_of(service: &Service, entered: &Entered) -> Value {
    let address = service.api_address().expect("a service that takes uploads says where");
    let url = format!("http://{address}/api/v1/submissions/{}", entered.id);
    let answer = reqwest::Client::new().get(url).bearer_auth(&entered.token).send().await.expect("ask how it stands");
    answer.json().await.expect("how it stands")
}

/// The outcome of screening: the state after it.
async fn screened(service: &Service, entered: &Entered) -> String {
    wait_until(&format!("{} is screened", entered.id), SOON, async || {
        let answer = status_of(service, entered).await;
        let state = answer["state"].as_str().expect("a state").to_owned();
        (!["uploading", "probe", "screen"].contains(&state.as_str())).then_some(state)
    })
    .await
}

fn duplicate(rules: &Value) -> &Value {
    rules.as_array().and_then(|rules| rules.iter().find(|rule| rule["rule"] == "duplicate")).expect("the rule's word")
}

async fn status(pipeline: &TestPipeline, id: Uuid) -> Value {
    pipeline.command(&["status", &id.to_string(), "--output", "json"]).await.exits(0).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_entered_again_is_refused_unchanged_and_reviewed_changed() {
    let pipeline = TestPipeline::with(Setup::default()).await;
    let service = serve(&pipeline).await;
    let (film, other) = (pipeline.dir().join("film.mp4"), pipeline.dir().join("other.mp4"));
    films::make(&film, 1, SECONDS);
    films::make(&other, 2, SECONDS);
    let variants = films::vary(&film, SECONDS, pipeline.dir());
    let (_, changed) = variants.iter().find(|(name, _)| name.starts_with("crop, logo")).expect("the variant");

    let first = enter(&service, &film).await;
    assert_eq!(duplicate_free(&screened(&service, &first).await), "let in");
    assert_eq!(duplicate(&status_of(&service, &first).await["verdict"])["outcome"], "pass");

    let copy = enter(&service, &film).await;
    assert_eq!(screened(&service, &copy).await, "rejected");
    let answer = status_of(&service, &copy).await;
    assert_eq!(answer["rejection"]["code"], "already_entered");
    assert!(answer["rejection"]["zh"].as_str().is_some_and(|text| text.contains("重复投稿")));
    assert!(!answer.to_string().contains(&first.id.to_string()), "the entrant learns of another entry: {answer}");

    let again = enter(&service, changed).await;
    assert_eq!(screened(&service, &again).await, "awaiting_review", "a person looks, though the gates stand open");
    let answer = status_of(&service, &again).await;
    assert_eq!(duplicate(&answer["verdict"])["outcome"], "warn");
    assert!(!answer.to_string().contains(&first.id.to_string()), "the entrant learns of another entry: {answer}");
    let shown = status(&pipeline, again.id).await;
    let twin = &duplicate(&shown["verdict"]["rules"])["others"][0];
    assert_eq!(twin["submission"], first.id.to_string());
    // The beginning was cut off: what is at 0 s here was at 1.7 s there.
    for what in ["picture", "sound"] {
        assert!(twin[what]["covered_percent"].as_u64() >= Some(60), "{what}: {twin}");
        let range = &twin[what]["ranges"][0];
        let at = |name: &str| range[name].as_i64().expect("a time");
        assert!((at("other_start_ms") - at("start_ms") - 1700).abs() <= 500, "{what}: {twin}");
    }
    let table = pipeline.command(&["status", &again.id.to_string()]).await.exits(0).stdout;
    assert!(table.contains(&first.id.to_string()) && table.contains("LIKE ENTRY"), "{table}");
    pipeline.command(&["review", "accept", &again.id.to_string()]).await.exits(0);
    assert_ne!(screened_after_review(&service, &again).await, "awaiting_review");

    let third = enter(&service, &other).await;
    assert_eq!(duplicate_free(&screened(&service, &third).await), "let in");
}

/// A state after an open gate.
fn duplicate_free(state: &str) -> &str {
    if ["transcode", "assemble", "publish", "published"].contains(&state) { "let in" } else { state }
}

async fn screened_after_review(service: &Service, entered: &Entered) -> String {
    wait_until("the review is over", SOON, async || {
        let state = status_of(service, entered).await["state"].as_str().expect("a state").to_owned();
        (state != "awaiting_review").then_some(state)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_copies_that_arrive_at_once_exactly_one_is_let_in() {
    let pipeline = TestPipeline::with(Setup::default()).await;
    let service = serve(&pipeline).await;
    let film = pipeline.dir().join("film.mp4");
    films::make(&film, 3, SECONDS);
    let entered = join_all((0..4).map(|_| enter(&service, &film))).await;
    let states = join_all(entered.iter().map(|entered| screened(&service, entered))).await;
    let let_in = states.iter().filter(|state| duplicate_free(state) == "let in").count();
    let refused = states.iter().filter(|state| *state == "rejected").count();
    assert_eq!((let_in, refused), (1, 3), "{states:?}");
}
