//! Release and recall as organisers order them: for which partners, when, and the evidence that a work is gone.
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use pipeline::id::SubmissionId;
use pipeline::object_key::ObjectKey;
use runtime::clock::Clock;
use serde_json::Value;
use uuid::Uuid;

use crate::delivery::{delivery_is, status};
use crate::support::catalogue::{BAG, DROP};
use crate::support::wait::{holds_for, wait_until};
use crate::support::{Setup, TestPipeline, leftovers, planted};

const SOON: Duration = Duration::from_secs(180);
/// Long enough for several polls.
const A_WHILE: Duration = Duration::from_secs(2);

/// A pipeline that polls partners often, and may fetch pages on this machine.
async fn pipeline() -> TestPipeline {
    let env = vec![
        ("POLL_BASE_S", "0.3".to_owned()),
        ("RECONCILE_S", "0.5".to_owned()),
        ("ALLOW_PRIVATE_NETWORKS", "127.0.0.0/8".to_owned()),
    ];
    TestPipeline::with(Setup { env, ..Setup::default() }).await
}

/// A public page whose answer a test sets.
struct Page {
    url: String,
    status: Arc<AtomicU16>,
}

impl Page {
    async fn answering(status: u16) -> Self {
        let status = Arc::new(AtomicU16::new(status));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/v/1", listener.local_addr().expect("an address"));
        let says = status.clone();
        let answer = async move || StatusCode::from_u16(says.load(Ordering::SeqCst)).expect("a status");
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        Self { url, status }
    }

    fn answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }
}

fn picture(pipeline: &TestPipeline) -> String {
    let path = pipeline.dir().join("gone.jpg");
    std::fs::write(&path, planted::jpeg(64, 64)).expect("write a picture");
    path.display().to_string()
}

async fn delivery(pipeline: &TestPipeline, id: Uuid, partner: &str) -> Value {
    let status = status(pipeline, id).await;
    let deliveries = status["deliveries"].as_array().cloned().unwrap_or_default();
    deliveries.into_iter().find(|it| it["partner"] == partner).unwrap_or(Value::Null)
}

/// A work that is live at both partners, at the one by hand on `page`.
async fn live_everywhere(pipeline: &TestPipeline, page: &Page) -> Uuid {
    let id = planted::work(pipeline, "召回", &[DROP, BAG]).await;
    let text = id.to_string();
    pipeline.command(&["release", &text]).await.exits(0);
    delivery_is(pipeline, id, DROP, "live").await;
    delivery_is(pipeline, id, BAG, "awaiting_operator").await;
    pipeline.command(&["delivered", &text, "--partner", BAG, "--url", &page.url]).await.exits(0);
    delivery_is(pipeline, id, BAG, "live").await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_names_partners_and_a_later_one_adds_the_rest() {
    let pipeline = pipeline().await;
    let _service = pipeline.serve("all", &[]).await;
    let id = planted::work(&pipeline, "先放一家", &[DROP, BAG]).await;
    let text = id.to_string();
    let dry = pipeline.command(&["release", &text, "--partners", DROP, "--dry-run"]).await.exits(0);
    assert!(dry.stdout.contains(DROP) && !dry.stdout.contains(BAG), "{}", dry.stdout);
    assert_eq!(pipeline.truth.state(id).await, "awaiting_release");
    pipeline.command(&["release", &text, "--partners", "unlisted"]).await.exits(2);
    pipeline.command(&["release", &text, "--partners", DROP]).await.exits(0);
    pipeline.truth.reaches(id, "published", SOON).await;
    assert_eq!(delivery(&pipeline, id, BAG).await, Value::Null);
    pipeline.command(&["release", &text]).await.exits(0);
    delivery_is(&pipeline, id, BAG, "awaiting_operator").await;
    pipeline.command(&["release", &text]).await.exits(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_at_a_time_sends_nothing_before_it() {
    let pipeline = pipeline().await;
    let _service = pipeline.serve("all", &[]).await;
    let id = planted::work(&pipeline, "定时", &[DROP]).await;
    let at = Clock::default().now() + chrono::TimeDelta::seconds(4);
    pipeline.command(&["release", &id.to_string(), "--at", &at.to_rfc3339()]).await.exits(0);
    holds_for("nothing leaves before its time", A_WHILE, async || {
        leftovers::keys(&pipeline.partner).await.is_empty() && delivery(&pipeline, id, DROP).await["state"] == "planned"
    })
    .await;
    delivery_is(&pipeline, id, DROP, "live").await;
    assert!(Clock::default().now() >= at);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recall_by_hand_ends_only_with_a_picture_and_a_page_that_is_gone() {
    let pipeline = pipeline().await;
    let _service = pipeline.serve("all", &[]).await;
    let page = Page::answering(200).await;
    let id = live_everywhere(&pipeline, &page).await;
    let text = id.to_string();
    pipeline.command(&["recall", &text, "--reason", " "]).await.exits(2);
    pipeline.command(&["recall", &text, "--reason", "版权争议"]).await.exits(0);
    delivery_is(&pipeline, id, DROP, "recalled").await;
    assert!(leftovers::keys(&pipeline.partner).await.is_empty(), "the drop is empty");
    let task = delivery_is(&pipeline, id, BAG, "recalling").await;
    assert_eq!((&task["recall"]["by"], &task["recall"]["reason"]), (&"operator".into(), &"版权争议".into()));
    assert!(task["recall"]["due"].is_string(), "{task}");
    assert_eq!(status(&pipeline, id).await["held_reason"], "版权争议");

    pipeline.command(&["recalled", &text, "--partner", BAG]).await.exits(2);
    let garbage = pipeline.dir().join("gone.png").display().to_string();
    std::fs::write(&garbage, b"\x89PNG\r\n\x1a\nnot much of a picture").expect("write no picture");
    pipeline.command(&["recalled", &text, "--partner", BAG, "--screenshot", &garbage]).await.exits(2);
    let picture = picture(&pipeline);
    pipeline.command(&["recalled", &text, "--partner", BAG, "--screenshot", &picture]).await.exits(0);
    wait_until("the page was looked at", SOON, async || {
        let looked = "select count(*) from exchanges where step = 'public_address' and answer ->> 'status' = '200'";
        (pipeline.truth.count(looked).await > 0).then_some(())
    })
    .await;
    assert_eq!(delivery(&pipeline, id, BAG).await["state"], "recalling", "our word alone is no proof");
    page.answers(404);
    delivery_is(&pipeline, id, BAG, "recalled").await;
    let proofs = leftovers::keys(&pipeline.objects).await;
    assert!(proofs.iter().any(|key| key.starts_with(&format!("proofs/{id}/{BAG}/"))), "{proofs:?}");
    pipeline.command(&["recall", &text, "--reason", "again"]).await.exits(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_may_insist_where_a_platform_answers_for_what_it_deleted() {
    let pipeline = pipeline().await;
    let _service = pipeline.serve("all", &[]).await;
    let page = Page::answering(200).await;
    let id = live_everywhere(&pipeline, &page).await;
    let text = id.to_string();
    pipeline.command(&["recall", &text, "--reason", "误发", "--partners", BAG]).await.exits(0);
    delivery_is(&pipeline, id, BAG, "recalling").await;
    let picture = picture(&pipeline);
    pipeline.command(&["recalled", &text, "--partner", BAG, "--screenshot", &picture, "--insist"]).await.exits(0);
    delivery_is(&pipeline, id, BAG, "recalled").await;
    assert_eq!(delivery(&pipeline, id, DROP).await["state"], "live", "only one partner was meant");
    assert_eq!(pipeline.truth.state(id).await, "published");
}

/// A person has the task to remove it there, and so the recall is in progress.
async fn a_person_is_to_take_it_back(pipeline: &TestPipeline, id: Uuid, partner: &str) {
    wait_until("a person has the task", SOON, async || {
        let delivery = delivery(pipeline, id, partner).await;
        (delivery["state"] == "recalling" && delivery["recall"]["by"] == "operator").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_recall_during_a_partial_one_removes_the_work_everywhere() {
    let pipeline = pipeline().await;
    let _service = pipeline.serve("all", &[]).await;
    let page = Page::answering(404).await;
    for (back, state) in [(&["recall", "--reason", "全部撤回"][..], "revoked"), (&["withdraw"], "withdrawn")] {
        let id = live_everywhere(&pipeline, &page).await;
        let text = id.to_string();
        pipeline.command(&["recall", &text, "--reason", "误发", "--partners", BAG]).await.exits(0);
        a_person_is_to_take_it_back(&pipeline, id, BAG).await;
        pipeline.command(&[back, &[text.as_str()]].concat()).await.exits(0);
        delivery_is(&pipeline, id, DROP, "recalled").await;
        assert!(leftovers::keys(&pipeline.partner).await.is_empty(), "the drop is empty");
        assert_eq!(delivery(&pipeline, id, BAG).await["state"], "recalling", "only a person can say");
        // The person's evidence is checked and accepted: the recall of the one partner was not lost with the recall of
        // all.
        let picture = picture(&pipeline);
        pipeline.command(&["recalled", &text, "--partner", BAG, "--screenshot", &picture]).await.exits(0);
        delivery_is(&pipeline, id, BAG, "recalled").await;
        assert_eq!(pipeline.truth.state(id).await, state);
        pipeline.command(&["retry", &text]).await.exits(2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_recall_is_tried_again_with_the_recall_of_the_whole_work() {
    let pipeline = pipeline().await;
    let service = pipeline.serve("all", &[]).await;
    let page = Page::answering(404).await;
    let id = live_everywhere(&pipeline, &page).await;
    service.stop();
    let text = id.to_string();
    pipeline.command(&["recall", &text, "--reason", "误发", "--partners", DROP]).await.exits(0);
    // The state after five failures.
    let parked = "update parts set status = 'parked', attempt = 5 where stage = 'publish' and part = 'partner/drop'";
    sqlx::query(parked).execute(pipeline.truth.pool()).await.expect("park a part");
    let trouble = pipeline.command(&["trouble"]).await.exits(0);
    assert!(trouble.stdout.contains("parked") && !trouble.stdout.contains("stuck"), "{}", trouble.stdout);
    pipeline.command(&["recall", &text, "--reason", "全部撤回"]).await.exits(0);
    pipeline.serve("again", &[]).await;
    delivery_is(&pipeline, id, DROP, "recalled").await;
    a_person_is_to_take_it_back(&pipeline, id, BAG).await;
    let picture = picture(&pipeline);
    pipeline.command(&["recalled", &text, "--partner", BAG, "--screenshot", &picture]).await.exits(0);
    delivery_is(&pipeline, id, BAG, "recalled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recalled_from_one_partner_goes_there_again_by_a_release_only() {
    let pipeline = pipeline().await;
    let _service = pipeline.serve("all", &[]).await;
    let id = planted::work(&pipeline, "一来一回", &[DROP]).await;
    let text = id.to_string();
    pipeline.command(&["release", &text]).await.exits(0);
    delivery_is(&pipeline, id, DROP, "live").await;
    pipeline.command(&["recall", &text, "--reason", "换片", "--partners", DROP]).await.exits(0);
    delivery_is(&pipeline, id, DROP, "recalled").await;
    pipeline.command(&["release", &text, "--partners", DROP]).await.exits(0);
    delivery_is(&pipeline, id, DROP, "live").await;
    let marker = ObjectKey::DropDone(SubmissionId(id), 1).to_string();
    assert!(leftovers::keys(&pipeline.partner).await.contains(&marker));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_beyond_a_partners_limits_is_parked_with_reasons_before_sending() {
    let strict = r#"name = { zh = "严", en = "Strict" }
method = "operator"
rungs = ["web-180"]
[[covers]]
aspect = "4:3"
width_pixels = 1440
tag = "A"
source = "a story"
valid_from = "2024-06-01"
[limits]
title_max_chars = { value = 3, tag = "A", source = "a story", valid_from = "2024-06-01" }
"#;
    let partners = vec![("strict", strict.to_owned())];
    let pipeline = TestPipeline::with(Setup { partners, ..Setup::default() }).await;
    let _service = pipeline.serve("all", &[]).await;
    let id = planted::work(&pipeline, "标题太长了", &["strict"]).await;
    pipeline.command(&["release", &id.to_string()]).await.exits(0);
    let words = wait_until("the part is parked", SOON, async || {
        let status = status(&pipeline, id).await;
        let parked = status["parts"].as_array()?.iter().find(|part| part["status"] == "parked")?.clone();
        parked["last_error"].as_str().map(str::to_owned)
    })
    .await;
    assert!(
        words.contains("title_too_long") && words.contains("cover_missing") && words.contains("标题字数"),
        "{words}"
    );
    assert!(leftovers::keys(&pipeline.partner).await.is_empty());
    assert_eq!(pipeline.truth.count("select count(*) from exchanges").await, 0);
}
