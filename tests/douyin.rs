//! Douyin, by an emulator as strict as its documents: nothing is published before a person confirms, a create is never
//! made twice whatever happens to its answer, and a recall is a person's task, since the API cannot delete.
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::support::planted;
use crate::support::platforms::Fault;
use crate::support::platforms::douyin::codes;
use crate::support::wait::{holds_for, wait_until, wait_until_true};
use stage::Stage;

mod recall;
mod stage;
mod strictness;

/// The partner of these tests.
const DOUYIN: &str = "douyin";
/// Everything that has to happen while other tests run too.
const SOON: Duration = Duration::from_secs(180);
/// Long enough for several polls of the platform.
const A_WHILE: Duration = Duration::from_secs(2);
/// A call's deadline, twenty seconds, and the steps after it.
const AFTER_A_DEADLINE: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_published_before_a_person_says_yes_and_then_it_is_once() {
    let stage = Stage::new().await;
    let _service = stage.serve("publish").await;
    let id = stage.released("钢铁的颜色").await;
    stage.is(id, "awaiting_operator").await;
    let film = std::fs::read(planted::film_path(&stage.pipeline, id)).expect("the planted film");
    let videos = stage.platform.videos();
    let video = videos.values().next().expect("the video is there before the confirmation");
    assert_eq!((videos.len(), video.bytes, video.used), (1, film.len(), false));
    assert_eq!(video.sha256, hex::encode(Sha256::digest(&film)), "the video is ours, byte for byte");
    holds_for("no confirmation", A_WHILE, async || stage.platform.items().is_empty() && stage.asked("create") == 0)
        .await;

    stage.confirm(id).await;
    let delivery = stage.is(id, "live").await;
    let item = stage.only("钢铁的颜色");
    assert!(item.text.contains("一部测试短片") && item.text.contains("#绿色低碳"), "{}", item.text);
    assert!(stage.platform.is_public(&stage.platform.world, &item.item_id));
    assert!(delivery["public_url"].as_str().is_some_and(|url| url.starts_with("https://")), "{delivery}");
    stage.pipeline.truth.reaches(id, "published", SOON).await;
    // A second confirmation is refused, and changes nothing; so is one that was not asked for.
    let id = id.to_string();
    stage.command(&["confirm", &id, "--partner", DOUYIN], 2).await;
    stage.command(&["confirm", &id, "--partner", "drop"], 2).await;
    stage.command(&["confirm", &id, "--partner", "bag"], 2).await;
    assert_eq!(stage.asked("create"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_after_its_create_took_effect_finds_the_work_and_makes_no_other() {
    let stage = Stage::new().await;
    let first = stage.serve("first").await;
    stage.platform.world.faults.once("create", Fault::CommitThenTimeOut);
    let id = stage.confirmed("被杀之后").await;
    stage.reaches("create", 1).await;
    first.kill();
    let _second = stage.serve("second").await;
    stage.is(id, "live").await;
    assert_eq!((stage.asked("create"), stage.there("被杀之后").len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_before_its_create_took_effect_makes_it_from_a_new_video() {
    let stage = Stage::new().await;
    let first = stage.serve("first").await;
    stage.platform.world.faults.once("create", Fault::Hang);
    let id = stage.confirmed("没有发生").await;
    stage.reaches("create", 1).await;
    first.kill();
    let _second = stage.serve("second").await;
    stage.is(id, "live").await;
    stage.only("没有发生");
    // It is unknown whether the first video was used, so it was not used again.
    let named: Vec<Value> =
        stage.platform.world.journal.of("create").iter().map(|it| it.json()["video_id"].clone()).collect();
    assert_eq!(named.len(), 2);
    assert_ne!(named[0], named[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_whose_answer_is_lost_is_read_back_among_works_of_the_same_title() {
    let stage = Stage::new().await;
    let _service = stage.serve("publish").await;
    for fault in [Fault::CommitThenTimeOut, Fault::CommitThenCut, Fault::HalfAnswer] {
        stage.platform.world.faults.once("create", fault);
    }
    // The same title four times: only the number distinguishes them.
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(stage.released("同名作品").await);
    }
    for id in &ids {
        stage.is(*id, "awaiting_operator").await;
        stage.confirm(*id).await;
    }
    let mut receipts = Vec::new();
    for id in &ids {
        wait_until("a delivery is live", AFTER_A_DEADLINE, async || {
            let machine = machine(&stage, *id).await;
            (machine["observed"]["state"] == "live").then_some(())
        })
        .await;
        let receipt = machine(&stage, *id).await["observed"]["receipt"].clone();
        let item = stage.platform.items().into_iter().find(|item| receipt == json!(item.item_id));
        let text = item.expect("what is live is there").text;
        let number = id.simple().to_string()[20..].to_uppercase();
        assert!(text.ends_with(&number), "{text} is of {id}");
        receipts.push(receipt);
    }
    receipts.sort_by_key(Value::to_string);
    receipts.dedup();
    assert_eq!((receipts.len(), stage.there("同名作品").len(), stage.asked("create")), (4, 4, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_in_the_middle_of_an_upload_sends_only_the_parts_that_are_missing() {
    let stage = Stage::new().await;
    let first = stage.serve("first").await;
    stage.platform.world.faults.after("part", 2, Fault::Hang);
    let id = planted::film(&stage.pipeline, "四段", &[DOUYIN], 63 * 1024 * 1024).await;
    stage.command(&["release", &id.to_string()], 0).await;
    stage.reaches("part", 3).await;
    first.kill();
    let _second = stage.serve("second").await;
    stage.is(id, "awaiting_operator").await;
    let parts = stage.platform.world.journal.of("part");
    let numbers: Vec<&str> = parts.iter().map(|part| part.query["part_number"].as_str()).collect();
    assert_eq!(numbers, ["1", "2", "3", "3", "4"]);
    assert_eq!((stage.asked("init"), stage.asked("complete")), (1, 1));
    let videos = stage.platform.videos();
    let mut digest = Sha256::new();
    let mut film = std::fs::File::open(planted::film_path(&stage.pipeline, id)).expect("the planted film");
    std::io::copy(&mut film, &mut digest).expect("read the film");
    let video = videos.values().next().expect("a video");
    assert_eq!((videos.len(), video.sha256.clone()), (1, hex::encode(digest.finalize())));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_wake_a_delivery_and_change_nothing_however_often_and_late_they_come() {
    let stage = Stage::new().await;
    stage.platform.world.notices.doubled(1000);
    stage.platform.world.notices.shuffled(Duration::from_millis(400));
    // Our own polls come later than the end of this test.
    let service = stage.serve_with("publish", &[("POLL_BASE_S", "600")]).await;
    let address = format!("http://{}/partners/{DOUYIN}/webhook", service.partner_address().expect("an address"));
    stage.platform.change(|rules| rules.webhook = Some(address.clone()));
    let id = stage.confirmed("有消息").await;
    stage.is(id, "live").await;
    let item = stage.only("有消息");

    // A late notice that says the opposite, properly signed; one about an unknown work; and a forged one.
    let notices = &stage.platform.world.notices;
    for (item_id, status) in [(item.item_id.as_str(), 2), (item.item_id.as_str(), 4), ("@9Vnobody", 5)] {
        notices.send(Duration::ZERO, stage.platform.news_of(item_id, status).expect("news"));
    }
    let mut forged = stage.platform.news_of(&item.item_id, 2).expect("news");
    forged.headers.retain(|(name, _)| name != "x-douyin-signature");
    forged.headers.push(("x-douyin-signature".into(), "0".repeat(40)));
    notices.send(Duration::ZERO, forged);
    // Two messages of the platform and four of ours, all twice.
    wait_until_true("every message was settled", SOON, async || notices.sent().len() >= 12).await;
    for sent in notices.sent() {
        let forged = sent.notice.headers.iter().any(|(_, value)| *value == "0".repeat(40));
        let right = if forged { vec![Some(401); 3] } else { vec![Some(200)] };
        assert_eq!(sent.answers, right, "{:?}", sent.notice);
    }
    assert_eq!(stage.is(id, "live").await["state"], "live");
    assert_eq!((stage.asked("create"), stage.there("有消息").len()), (1, 1));

    let challenge = stage.platform.challenge(48_151_623).expect("a check");
    let mut request = reqwest::Client::new().post(&address).body(challenge.body);
    for (name, value) in challenge.headers {
        request = request.header(name, value);
    }
    let echoed: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(echoed, json!({ "challenge": 48_151_623 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_failed_used_its_video_up_and_the_next_has_one_of_its_own() {
    let stage = Stage::new().await;
    let _service = stage.serve("publish").await;
    stage.platform.answer_instead("create", codes::PARAMETER, "参数不合法");
    let id = stage.confirmed("再来一次").await;
    stage.is(id, "live").await;
    stage.only("再来一次");
    let videos = stage.platform.videos();
    assert_eq!((stage.asked("create"), videos.len()), (2, 2));
    assert!(videos.values().all(|video| video.used));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_in_the_platforms_words_and_a_missing_right_is_a_persons() {
    let stage = Stage::new().await;
    let _service = stage.serve("publish").await;
    stage.platform.answer_instead("create", codes::TOO_LONG, "视频时长超过15分钟");
    let long = stage.confirmed("太长").await;
    stage.is(long, "refused").await;
    assert!(machine(&stage, long).await["observed"]["words"].as_str().is_some_and(|it| it.contains("15分钟")));

    stage.platform.find_unsuitable("不适宜");
    let unfit = stage.confirmed("不适宜").await;
    stage.is(unfit, "refused").await;

    stage.platform.change(|rules| rules.may_create = false);
    let parked = stage.confirmed("没有能力").await;
    let part = stage.pipeline.truth.part_is(parked, "publish", "parked", SOON).await;
    assert!(part.last_error.as_deref().is_some_and(|it| it.contains("应用未获得该能力")), "{part:?}");
    assert!(stage.there("没有能力").is_empty() && stage.there("太长").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ended_is_replaced_once_for_all_workers() {
    let stage = Stage::new().await;
    let _first = stage.serve("first").await;
    let _second = stage.serve("second").await;
    let id = stage.released("第一件").await;
    stage.is(id, "awaiting_operator").await;
    assert_eq!(stage.asked("refresh"), 1);
    // The platform's period of fifteen days ends before ours.
    let clock = &stage.platform.world.clock;
    clock.set(clock.now() + TimeDelta::days(16));
    let ids = [stage.released("第二件").await, stage.released("第三件").await, stage.released("第四件").await];
    for id in ids {
        stage.is(id, "awaiting_operator").await;
    }
    assert_eq!((stage.asked("refresh"), stage.platform.videos().len()), (2, 4));
    let health = stage.pipeline.truth.texts("select health from partner_accounts where account = 'default'").await;
    assert_eq!(health, ["valid"]);
    // Neither token is stored as plain text in any row.
    let tokens = stage.platform.authorisation();
    for (table, row) in stage.pipeline.truth.every_row().await {
        for secret in [&tokens.access_token, &tokens.refresh_token, &stage.platform.rules().client_secret] {
            assert!(!row.contains(secret.as_str()), "{table} holds a secret: {row}");
        }
    }
}

/// A delivery's state machine as stored.
async fn machine(stage: &Stage, id: Uuid) -> Value {
    let query = "select machine from deliveries where submission = $1 and partner = $2";
    let query = sqlx::query_scalar(query).bind(id).bind(DOUYIN);
    query.fetch_one(stage.pipeline.truth.pool()).await.expect("read a delivery")
}
