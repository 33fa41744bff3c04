//! Another film for a work: who may send one, and what happens to the present one. Until when: `window`; in a browser:
//! `pages`.
use pipeline::id::SubmissionId;
use pipeline::part::Part;
use pipeline::rejection::Rejection;
use pipeline::stage::Stage as Step;
use pipeline::submission::{Event, Work};
use reqwest::{Method, RequestBuilder};
use runtime::store::partners::orders;
use runtime::store::submissions::history::Actor;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::desk_acts::ok;
use crate::stage::{Entry, Stage, bytes, refusal, says, until};

mod pages;
mod window;

impl Stage {
    /// Uploads a film that the service accepts.
    pub(crate) async fn whole(&self, entry: &Entry, film: &[u8]) {
        let path = self.create(entry, film.len()).await;
        self.send(&path, entry, 0, film).await;
        let digest = hex::encode(Sha256::digest(film));
        until("the film is the work's", async || self.status(entry).await["upload"]["sha256"] == digest.as_str()).await;
    }

    pub(crate) async fn happens(&self, entry: &Entry, event: Event) {
        assert!(self.app.store.apply(number(entry), &event, Actor::Worker).await.unwrap().changed, "{event:?}");
    }

    async fn run(&self, entry: &Entry) -> u32 {
        self.app.store.submission(number(entry)).await.unwrap().unwrap().machine.run
    }

    /// The probe finds no video.
    pub(crate) async fn refused(&self, entry: &Entry) {
        let run = self.run(entry).await;
        self.happens(entry, Event::Rejected { run, stage: Step::Probe, part: None, reason: Rejection::NoVideo }).await;
    }

    /// The film is probed and screened; a reviewer decides.
    pub(crate) async fn to_review(&self, entry: &Entry) {
        let run = self.run(entry).await;
        self.happens(entry, Event::PartDone { run, stage: Step::Probe, part: Part::Mezzanine }).await;
        self.happens(entry, Event::Screened { run, work: Work::default(), review: true }).await;
    }

    pub(crate) fn replacement(&self, entry: &Entry) -> RequestBuilder {
        let address = format!("{}/api/v1/submissions/{}/replacement", self.url, entry.id);
        self.client.request(Method::POST, address).bearer_auth(&entry.token)
    }

    pub(crate) async fn happened(&self, entry: &Entry) -> Vec<String> {
        let lines = self.app.store.history(number(entry)).await.unwrap();
        lines.into_iter().map(|line| line.what).collect()
    }

    async fn garbage(&self) -> Vec<String> {
        let all = self.ask("select coalesce(string_agg(prefix, ' '), '') from garbage".into()).await;
        all.split_whitespace().map(str::to_owned).collect()
    }
}

pub(crate) fn number(entry: &Entry) -> SubmissionId {
    entry.id.parse().unwrap()
}

/// A work that waits for review with a film of 10 bytes, whose other film has 5 of 20 bytes uploaded, at this path.
async fn half_replaced() -> (Stage, Entry, String) {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    stage.whole(&entry, &bytes(10)).await;
    stage.to_review(&entry).await;
    ok(stage.replacement(&entry)).await;
    let path = stage.create(&entry, 20).await;
    stage.send(&path, &entry, 0, &bytes(20)[..5]).await;
    (stage, entry, path)
}

#[tokio::test]
async fn a_refused_film_gives_way_to_another_one_and_what_was_decided_is_kept() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    stage.whole(&entry, &bytes(10)).await;
    stage.refused(&entry).await;
    let before = stage.status(&entry).await;
    assert_eq!((&before["state"], &before["changes"]["film"]), (&json!("rejected"), &json!(true)));
    assert!(before["former_films"].is_null() && before["changes"]["replacement"].is_null());
    let start = stage.tus("POST", "/files", &entry).header("upload-length", 11);
    assert_eq!(refusal(start).await, says(409, "submission_closed"), "it was not announced");

    let told = ok(stage.replacement(&entry)).await;
    assert!(told["endpoint"].as_str().unwrap().ends_with("/files") && told["max_bytes"].is_u64(), "{told}");
    stage.whole(&entry, &bytes(11)).await;
    let after = stage.status(&entry).await;
    assert_eq!((&after["id"], &after["created_at"]), (&before["id"], &before["created_at"]), "the receipt stays");
    assert_eq!((&after["state"], &after["upload"]["offset"]), (&json!("probe"), &json!(11)));
    assert!(after["rejection"].is_null() && after["changes"]["replacement"].is_null(), "{after}");
    let former = &after["former_films"][0];
    assert_eq!((&former["run"], &former["state"]), (&json!(1), &json!("rejected")));
    assert_eq!((&former["rejection"]["code"], &former["sha256"]), (&json!("no_video"), &before["upload"]["sha256"]));
    assert_eq!(stage.run(&entry).await, 2);
    assert_eq!(stage.happened(&entry).await, ["entered", "uploaded", "rejected", "replacing", "replaced"]);
    let trail: Vec<_> = stage.trail(&entry).await.into_iter().map(|row| (row.actor, row.act)).collect();
    assert_eq!(trail, [("entrant".to_owned(), "replacing".to_owned())]);

    // The former file is deleted, the present one stays.
    let garbage = stage.garbage().await;
    let doomed = garbage.iter().filter(|prefix| prefix.starts_with("uploads/")).count();
    let present = stage.ask(format!("select mezzanine_upload::text from submissions where id = '{}'", entry.id)).await;
    assert!(doomed == 1 && !garbage.contains(&format!("uploads/{present}/")), "{garbage:?}");
}

#[tokio::test]
async fn the_present_film_counts_until_the_other_one_is_whole() {
    let (stage, entry, path) = half_replaced().await;
    let status = stage.status(&entry).await;
    assert_eq!((&status["state"], &status["upload"]["offset"]), (&json!("awaiting_review"), &json!(10)));
    let coming = &status["changes"]["replacement"];
    assert_eq!((&coming["offset"], &coming["length"]), (&json!(5), &json!(20)));
    upload::sweep_once(&stage.app).await;
    assert_eq!(stage.offset(&path, &entry).await, 5, "it is not given up");
    stage.send(&path, &entry, 5, &bytes(20)[5..]).await;
    until("it is the work's film", async || stage.status(&entry).await["upload"]["offset"] == 20).await;
    assert_eq!((stage.state(&entry).await, stage.run(&entry).await), ("probe".to_owned(), 2));
}

#[tokio::test]
async fn a_work_takes_one_film_after_another_and_each_verdict_stays() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    stage.whole(&entry, &bytes(10)).await;
    for length in [11, 12] {
        stage.refused(&entry).await;
        ok(stage.replacement(&entry)).await;
        stage.whole(&entry, &bytes(length)).await;
    }
    // Also while it is checked: entrants notice a wrong file soon.
    ok(stage.replacement(&entry)).await;
    stage.whole(&entry, &bytes(13)).await;
    let status = stage.status(&entry).await;
    let former = status["former_films"].as_array().unwrap();
    let states: Vec<_> = former.iter().map(|film| (film["run"].as_u64(), film["state"].as_str())).collect();
    assert_eq!(states, [(Some(1), Some("rejected")), (Some(2), Some("rejected")), (Some(3), Some("probe"))]);
}

#[tokio::test]
async fn a_wish_that_is_repeated_is_one_wish() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    stage.whole(&entry, &bytes(10)).await;
    stage.refused(&entry).await;
    let key = Uuid::new_v4().to_string();
    let send = async || {
        let answer = stage.replacement(&entry).header("idempotency-key", &key).send().await.unwrap();
        let again = answer.headers().contains_key("idempotent-replayed");
        (answer.status().as_u16(), again, answer.json::<Value>().await.unwrap())
    };
    let first = send().await;
    assert_eq!((first.0, first.1), (200, false));
    assert_eq!(send().await, (200, true, first.2.clone()));
    assert_eq!(ok(stage.replacement(&entry)).await, first.2, "another request finds it done");
    stage.whole(&entry, &bytes(11)).await;
    // The answer to the first request, although the same request would announce another film by now.
    assert_eq!(send().await, (200, true, first.2));
    let start = stage.tus("POST", "/files", &entry).header("upload-length", 12);
    assert_eq!(refusal(start).await, says(409, "submission_closed"));
    let announced = stage.happened(&entry).await.iter().filter(|what| *what == "replacing").count();
    assert_eq!((announced, stage.trail(&entry).await.len()), (1, 1));
}

#[tokio::test]
async fn what_may_not_be_replaced_is_refused_with_the_reason() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    assert_eq!(refusal(stage.replacement(&entry)).await, says(409, "no_film_yet"));
    stage.whole(&entry, &bytes(10)).await;
    stage.to_review(&entry).await;
    let hold = async |reason: Option<&'static str>| {
        let (id, by) = (number(&entry), Actor::Organiser.into());
        let held = stage.app.store.transaction("hold", |tx, _| {
            let by = &by;
            Box::pin(async move { orders::hold_mezzanine(tx, id, reason, by).await })
        });
        held.await.unwrap();
    };
    hold(Some("a dispute")).await;
    assert_eq!(refusal(stage.replacement(&entry)).await, says(409, "film_stays"));
    hold(None).await;
    ok(stage.replacement(&entry)).await;
    // Put on hold while the other film is uploaded: that one is no longer wanted.
    let path = stage.create(&entry, 20).await;
    hold(Some("a dispute")).await;
    let start = stage.tus("POST", "/files", &entry).header("upload-length", 12);
    assert_eq!(refusal(start).await, says(409, "submission_closed"));
    stage.send(&path, &entry, 0, &bytes(20)).await;
    until("it is given up", async || {
        stage.ask("select count(*)::text from uploads where state = 'failed' and free_at is null".into()).await == "1"
    })
    .await;
    assert_eq!((stage.state(&entry).await.as_str(), stage.run(&entry).await), ("awaiting_review", 1));
    hold(None).await;
    stage.happens(&entry, Event::ReviewAccepted).await;
    assert_eq!(refusal(stage.replacement(&entry)).await, says(409, "film_stays"));
    assert_eq!(stage.api(Method::DELETE, &entry).send().await.unwrap().status(), 204);
    assert_eq!(refusal(stage.replacement(&entry)).await, says(409, "submission_closed"));
}

#[tokio::test]
async fn a_work_that_is_let_in_meanwhile_keeps_its_film() {
    let (stage, entry, path) = half_replaced().await;
    stage.happens(&entry, Event::ReviewAccepted).await;
    assert_eq!(refusal(stage.patch(&path, &entry, 5, bytes(20)[5..].to_vec())).await, says(409, "submission_closed"));
    upload::sweep_once(&stage.app).await;
    assert_eq!(stage.tus("HEAD", &path, &entry).send().await.unwrap().status(), 410);
    assert_eq!(stage.status(&entry).await["upload"]["offset"], 10);
}

#[tokio::test]
async fn a_work_is_withdrawn_while_another_film_comes_in_and_nothing_is_left_of_either() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    stage.whole(&entry, &bytes(10)).await;
    stage.refused(&entry).await;
    ok(stage.replacement(&entry)).await;
    let path = stage.create(&entry, 20).await;
    stage.send(&path, &entry, 0, &bytes(20)[..5]).await;
    assert_eq!(stage.api(Method::DELETE, &entry).send().await.unwrap().status(), 204);
    let patch = stage.patch(&path, &entry, 5, bytes(20)[5..].to_vec());
    assert_eq!(refusal(patch).await, says(409, "submission_closed"));
    upload::sweep_once(&stage.app).await;
    assert_eq!(stage.ask("select count(*)::text from uploads where held".into()).await, "0");
    assert!(stage.garbage().await.iter().any(|prefix| prefix.starts_with("uploads/")));
    assert_eq!(stage.ask("select count(*)::text from entrants".into()).await, "0");
}
