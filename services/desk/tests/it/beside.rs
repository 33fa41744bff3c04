//! Twins: what the page shows of two works, who may see it, and the one form that decides.
use runtime::store::people::tokens::Role;
use serde_json::json;
use uuid::Uuid;

use crate::desk_browser::{Browser, Shown};
use crate::stage::{Entry, Stage, until};

/// Two works that await review, of which the second was found to resemble the first.
async fn twins(stage: &Stage) -> (Entry, Entry) {
    let (first, second) = (stage.enter().await, stage.enter().await);
    let ranges = json!([{ "start_ms": 2000, "end_ms": 22_000, "other_start_ms": 500, "other_end_ms": 20_500 }]);
    let twin = json!({
        "submission": first.id, "same_file": false,
        "picture": { "covered_percent": 60, "agreement_percent": 90, "ranges": ranges },
    });
    let verdict = json!({ "rules": [{
        "rule": "duplicate", "measured": "picture 60 %, sound 0 %", "limit": "picture < 25 %, sound < 50 %", "outcome": "warn",
        "curable": false, "zh": "相似", "en": "alike", "others": [twin],
    }] });
    stage.execute(format!("update submissions set verdict = '{verdict}' where id = '{}'", second.id)).await;
    let unit = "update submissions set title = '工厂清晨', recommending_unit = '某市经信局' where id =";
    stage.execute(format!("{unit} '{}'", first.id)).await;
    stage.put(&first, "awaiting_review").await;
    stage.put(&second, "awaiting_review").await;
    (first, second)
}

/// The result of a held decision once it is due.
async fn becomes(stage: &Stage, entry: &Entry, over: impl Fn(&str) -> bool) {
    assert_eq!(stage.state(entry).await, "awaiting_review", "it can be undone");
    let due = "update held_decisions set due_at = clock_timestamp() where submission =";
    stage.execute(format!("{due} '{}'", entry.id)).await;
    until("the decision is carried out", async || over(&stage.state(entry).await)).await;
}

#[tokio::test]
async fn both_works_are_seen_from_either_side_with_what_they_share_and_who_was_first() {
    let stage = Stage::new().await;
    let (first, second) = twins(&stage).await;
    let screener = Browser::within(&stage, Role::Screener, "demo").await;
    let Shown { status, text: page, .. } = screener.open(&format!("/works/{}/beside/{}", second.id, first.id)).await;
    assert_eq!(status, 200, "{page}");
    for shown in [
        "一座工厂的早晨",
        "工厂清晨",
        "某省工信厅",
        "某市经信局",
        "60%",
        "−1.5 秒",
        "提前 1.5 秒",
        "data-shift=\"-1.5\"",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    // The earlier work is the second section and has the mark.
    let (ours, theirs) = page.split_once("id=\"side-2\"").unwrap();
    assert!(!ours.contains("先收到") && theirs.contains("先收到"), "{page}");
    assert!(page.contains("name=\"finding\" value=\"same\"") && !page.contains("style="));
    let page = screener.page(&format!("/works/{}/beside/{}", first.id, second.id)).await;
    assert!(page.contains("+1.5 秒") && page.contains("data-seek=\"0.5\""), "{page}");

    let organiser = Browser::within(&stage, Role::Organiser, "demo").await;
    let Shown { status, text: page, .. } = organiser.open(&format!("/works/{}/beside/{}", second.id, first.id)).await;
    assert!(status == 200 && !page.contains("name=\"finding\""), "they look, and do not decide");
    let stranger = Browser::within(&stage, Role::Screener, "industry-power-2024").await;
    let Shown { status, text: page, .. } = stranger.open(&format!("/works/{}/beside/{}", second.id, first.id)).await;
    assert!(status == 404 && page.contains("submission_unknown") && !page.contains("某市经信局"), "{status}");
    let unknown = format!("/works/{}/beside/{}", second.id, Uuid::now_v7());
    assert_eq!(screener.open(&unknown).await.status, 404);
    assert_eq!(screener.open(&format!("/works/{}/beside/x", second.id)).await.status, 404);
}

#[tokio::test]
async fn the_same_work_is_refused_with_words_that_name_nothing_of_the_other() {
    let stage = Stage::new().await;
    let (first, second) = twins(&stage).await;
    let screener = Browser::within(&stage, Role::Screener, "demo").await;
    let path = format!("/works/{}/beside/{}", second.id, first.id);
    let form = [("finding", "same"), ("words", "与某市经信局推荐的作品相同。")];
    let Shown { status, text: page, .. } = screener.send(&path, &form).await;
    assert!(status == 422 && page.contains("field_wrong") && page.contains("推荐的作品相同"), "{status}: {page}");
    assert_eq!(stage.state(&second).await, "awaiting_review");
    let to = screener.send(&path, &[("finding", "same")]).await.leads_to();
    assert_eq!(to, format!("/works/{}", second.id));
    becomes(&stage, &second, |state| state == "rejected").await;
    assert_eq!(stage.state(&first).await, "awaiting_review");
    let rejection = stage.status(&second).await["rejection"].clone();
    assert_eq!(rejection["code"], "review_refused");
    let words = rejection["zh"].as_str().unwrap();
    assert!(words.contains("不可重复投稿") && !words.contains("某市") && !words.contains(&first.id), "{words}");
    let [row] = &stage.trail(&second).await[..] else { panic!("one act, one row") };
    assert_eq!(row.reason.as_deref(), Some(&*format!("与《工厂清晨》（{}）比对：同一作品", first.id)));
}

#[tokio::test]
async fn different_works_are_accepted_and_unrelated_ones_are_not_decided_here() {
    let stage = Stage::new().await;
    let (first, second) = twins(&stage).await;
    let screener = Browser::within(&stage, Role::Screener, "demo").await;
    let beside = async |work: &Entry, finding| {
        screener.send(&format!("/works/{}/beside/{}", work.id, first.id), &[("finding", finding)]).await
    };
    beside(&second, "different").await.leads_to();
    becomes(&stage, &second, |state| !["awaiting_review", "rejected"].contains(&state)).await;
    let third = stage.enter().await;
    stage.put(&third, "awaiting_review").await;
    let Shown { status, text: page, .. } = beside(&third, "same").await;
    assert!(status == 409 && page.contains("state_wrong"), "{status}: {page}");
    assert_eq!(stage.state(&third).await, "awaiting_review");
}
