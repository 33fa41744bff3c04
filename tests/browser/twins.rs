//! Two works that resemble each other, side by side: played together, and decided by one act.
use crate::support::browser::PATIENCE;
use crate::support::catalogue::{BAG, DROP};
use crate::support::reviewed;
use crate::support::wait::wait_until_true;
use pipeline::id::SubmissionId;
use pipeline::screening::Twin;
use serde_json::json;
use uuid::Uuid;

use super::{ROLES, Stage};

/// The finding of screening for a work whose middle is another work's beginning.
pub(super) fn twin_of(other: Uuid) -> Twin {
    let range = json!({ "start_ms": 2000, "end_ms": 10_000, "other_start_ms": 1000, "other_end_ms": 9000 });
    let found = json!({ "covered_percent": 91, "agreement_percent": 97, "ranges": [range] });
    let twin = json!({ "submission": SubmissionId(other), "picture": found, "sound": found });
    serde_json::from_value(twin).expect("a twin as verdicts hold it")
}

#[tokio::test(flavor = "multi_thread")]
async fn twins_are_played_together_and_one_act_decides_about_one_of_them() {
    let Some(stage) = Stage::new().await else { return };
    let partners = [DROP, BAG];
    let first = reviewed::work(&stage.pipeline, "钢铁是有颜色的", &partners).await;
    let same = reviewed::twin(&stage.pipeline, "钢铁的颜色", &partners, vec![twin_of(first)]).await;
    let different = reviewed::twin(&stage.pipeline, "颜色", &partners, vec![twin_of(first)]).await;
    stage.person("王审", &ROLES).await;
    let browser = &stage.browser;
    browser.open(&format!("/works/{same}/beside/{first}")).await;
    browser.says("91%").await;
    assert_eq!(browser.count("video").await, 2);
    // Both play, one second apart, which is their shift.
    browser.click("[data-do=play]").await;
    let together = "const [one, other] = document.querySelectorAll('video');
        return !one.paused && !other.paused && one.currentTime > 0 && Math.abs(one.currentTime - other.currentTime - 1) < 0.5";
    wait_until_true("both films run", PATIENCE, async || browser.ask(together).await == true).await;
    let looked = browser.look_at(&format!("/works/{same}/beside/{first}"), "twins").await;
    assert!(looked.is_empty(), "{looked:#?}");
    browser.click("button[name=finding][value=same]").await;
    stage.comes_to(same, "rejected").await;
    browser.open(&format!("/works/{different}/beside/{first}")).await;
    browser.click("button[name=finding][value=different]").await;
    wait_until_true("the other twin is let in", PATIENCE, async || stage.state(different).await != "awaiting_review")
        .await;
    assert_ne!(stage.state(different).await, "rejected");
    assert_eq!(stage.state(first).await, "awaiting_review");
    stage.close();
}
