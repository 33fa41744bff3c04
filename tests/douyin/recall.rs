//! Recalls, which are tasks of a person.
use serde_json::json;

use super::stage::Stage;
use super::{A_WHILE, DOUYIN, SOON, machine};
use crate::support::planted;
use crate::support::platforms::Fault;
use crate::support::wait::{holds_for, wait_until_true};

#[tokio::test(flavor = "multi_thread")]
async fn a_recall_is_a_persons_task_with_a_deadline_and_never_over_by_itself() {
    let stage = Stage::new().await;
    let _service = stage.serve("publish").await;
    let id = stage.confirmed("要撤回").await;
    stage.is(id, "live").await;
    let item = stage.only("要撤回");
    stage.recall(id).await;
    stage.is(id, "recalling").await;
    wait_until_true("it is a person's", SOON, async || machine(&stage, id).await["observed"]["by"] == "operator").await;
    holds_for("no report given", A_WHILE, async || {
        machine(&stage, id).await["observed"]["state"] == "recalling" && stage.there("要撤回").len() == 1
    })
    .await;
    assert_eq!(machine(&stage, id).await["observed"]["receipt"], json!(item.item_id), "the task names the work");
    // The person's act is unknown until it is reported.
    assert!(stage.platform.person_deletes(&item.item_id));
    holds_for("still no report given", A_WHILE, async || machine(&stage, id).await["observed"]["state"] == "recalling")
        .await;
    let open = "select count(*) from deliveries where recall_due > now() and recall_reason = '测试撤回'";
    assert_eq!(stage.pipeline.truth.count(open).await, 1, "the task has a deadline");
    let id_text = id.to_string();
    stage.command(&["confirm", &id_text, "--partner", DOUYIN], 2).await;
    // The page cannot be reached from here, so only the person's picture, with an explicit override, ends it.
    let picture = stage.pipeline.dir().join("gone.jpg");
    std::fs::write(&picture, planted::jpeg(64, 64)).expect("a picture");
    let picture = picture.display().to_string();
    stage.command(&["recalled", &id_text, "--partner", DOUYIN, "--screenshot", &picture, "--insist"], 0).await;
    stage.is(id, "recalled").await;
    assert_eq!(stage.asked("unknown"), 0, "there is no call that deletes, and none was tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recall_before_the_yes_ends_it_and_a_late_yes_changes_nothing() {
    let stage = Stage::new().await;
    let _service = stage.serve("publish").await;
    let id = stage.released("没人说好").await;
    stage.is(id, "awaiting_operator").await;
    stage.recall(id).await;
    stage.is(id, "recalled").await;
    assert!(stage.asked("list") > 0, "that nothing is there was seen at the platform");
    stage.command(&["confirm", &id.to_string(), "--partner", DOUYIN], 2).await;
    assert_eq!((stage.asked("create"), stage.platform.items().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recall_that_meets_an_unanswered_create_finds_the_work_and_hands_it_to_a_person() {
    let stage = Stage::new().await;
    let first = stage.serve("first").await;
    stage.platform.world.faults.once("create", Fault::CommitThenTimeOut);
    let id = stage.confirmed("撤回时未知").await;
    stage.reaches("create", 1).await;
    stage.recall(id).await;
    first.kill();
    let _second = stage.serve("second").await;
    stage.is(id, "recalling").await;
    wait_until_true("it is a person's", SOON, async || machine(&stage, id).await["observed"]["by"] == "operator").await;
    let item = stage.only("撤回时未知");
    assert_eq!(machine(&stage, id).await["observed"]["receipt"], json!(item.item_id));
}
