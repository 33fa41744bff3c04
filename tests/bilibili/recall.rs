//! Recalls.
use std::time::Duration;

use rustix::process::Signal;

use super::story::Story;
use crate::support::platforms::Fault;
use crate::support::platforms::bilibili::Settings;

#[tokio::test(flavor = "multi_thread")]
async fn a_work_that_is_taken_back_in_review_or_live_is_seen_to_be_gone() {
    let settings = Settings { review: Duration::from_secs(3600), ..Settings::default() };
    let story = Story::new(settings, &[]).await;
    story.pipeline.serve("publish", &["publish"]).await;
    let in_review = story.released("审核中撤回").await;
    story.is(in_review, "in_review").await;
    story.bilibili.set(|settings| settings.review = Duration::ZERO);
    let live = story.released("上线后撤回").await;
    story.is(live, "live").await;
    // One delete never arrives, and one gets no answer: both are sent again.
    story.bilibili.world.faults.once("delete", Fault::Cut);
    story.bilibili.world.faults.after("delete", 1, Fault::HalfAnswer);
    for id in [in_review, live] {
        story.pipeline.command(&["recall", &id.to_string(), "--reason", "测试撤回"]).await.exits(0);
        story.is(id, "recalled").await;
    }
    assert!(story.bilibili.archives().iter().all(|archive| archive.deleted), "{:?}", story.bilibili.archives());
    let names = story.bilibili.world.journal.names();
    let last_delete = names.iter().rposition(|name| *name == "delete").expect("a delete");
    assert!(names[last_delete..].contains(&"view") && names[last_delete..].contains(&"viewlist"), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_that_never_arrived_is_asked_for_again() {
    let story = Story::new(Settings::default(), &[]).await;
    story.pipeline.serve("publish", &["publish"]).await;
    let id = story.released("删除未达").await;
    story.is(id, "live").await;
    // The connection breaks before the platform does anything; as far as we know, it may have deleted the work.
    story.bilibili.world.faults.once("delete", Fault::Cut);
    story.pipeline.command(&["recall", &id.to_string(), "--reason", "测试撤回"]).await.exits(0);
    story.is(id, "recalled").await;
    assert_eq!((story.calls("delete"), story.bilibili.of_title("删除未达").len()), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_taken_back_while_its_submission_is_unanswered_is_found_and_deleted() {
    let story = Story::new(Settings::default(), &[]).await;
    let first = story.pipeline.serve("first", &["publish"]).await;
    story.bilibili.world.faults.once("add", Fault::CommitThenTimeOut);
    let id = story.released("撤回未知").await;
    story.asked("add", 1).await;
    story.exists_once("撤回未知");
    // The worker dies during its request; the outcome is unknown.
    first.signal(Signal::STOP);
    story.pipeline.command(&["recall", &id.to_string(), "--reason", "测试撤回"]).await.exits(0);
    first.kill();
    story.pipeline.serve("second", &["publish"]).await;
    story.is(id, "recalled").await;
    assert_eq!(story.bilibili.of_title("撤回未知").len(), 0);
    assert_eq!((story.calls("add"), story.calls("delete")), (1, 1));
}
