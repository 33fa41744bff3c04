//! A cure window for one work: dry run, opened, moved, closed; by API, page and rule.
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use pipeline::lang::Lang;
use pipeline::person::Held;
use pipeline::submission::Event;
use runtime::store::people::tokens::Role;
use serde_json::{Value, json};

use crate::desk_acts::ok;
use crate::desk_browser::Browser;
use crate::stage::{Entry, Stage, bytes, refusal, says};

/// A work of the contest that a reviewer refused, a day after the deadline.
async fn refused(stage: &Stage) -> Entry {
    let deadline: DateTime<Utc> = "2024-07-31T16:00:00Z".parse().unwrap();
    stage.app.clock.set(deadline - TimeDelta::hours(1));
    let entry = stage.enter_into("industry-power-2024", "green").await;
    stage.whole(&entry, &bytes(10)).await;
    stage.to_review(&entry).await;
    stage.happens(&entry, Event::ReviewRefused { words: "字幕有误".into() }).await;
    stage.app.clock.set(deadline + TimeDelta::days(1));
    entry
}

fn moment(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_window_is_looked_at_opened_moved_and_closed_and_the_entrant_sees_each() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let entry = refused(&stage).await;
    let now = stage.app.clock.now();
    let until = (now + TimeDelta::days(2)).trunc_subsecs(0);
    let correct = || stage.correction(&entry, &json!({ "title": "改过的题目" }));
    assert_eq!(refusal(stage.replacement(&entry)).await, says(403, "deadline_passed"));
    assert_eq!(refusal(correct()).await, says(409, "review_began"));

    let wish = json!({ "until": until, "reason": "请更正片尾字幕", "dry_run": true });
    let looked = ok(stage.act(&organiser, &entry, "cure", &wish)).await;
    assert_eq!((&looked["film"], &looked["form"], &looked["dry_run"]), (&json!(true), &json!(true), &json!(true)));
    let grace = stage.app.catalogue.contest(&"industry-power-2024".into()).unwrap().grace_s;
    let complete = until + TimeDelta::seconds(i64::try_from(grace).unwrap());
    assert_eq!(moment(&looked["finish_before"]), complete);
    assert!(
        stage.status(&entry).await["cure"].is_null()
            && stage.trail(&entry).await.iter().all(|it| it.act != "cure_opened")
    );

    let wish = json!({ "until": until, "reason": "请更正片尾字幕", "digest": looked["digest"] });
    let opened = ok(stage.act(&organiser, &entry, "cure", &wish)).await;
    assert!(opened["was_until"].is_null() && moment(&opened["until"]) == until);
    let reply = stage.status(&entry).await;
    assert_eq!(reply["cure"]["reason"], "请更正片尾字幕");
    assert_eq!((moment(&reply["cure"]["until"]), moment(&reply["changes"]["until"])), (until, until));
    ok(correct()).await;
    let later = until + TimeDelta::days(1);
    let moved = ok(stage.act(&organiser, &entry, "cure", &json!({ "until": later, "reason": "宽限一天" }))).await;
    assert_eq!((moment(&moved["was_until"]), moment(&moved["until"])), (until, later));
    let work = stage.get(&organiser, &format!("/api/v1/submissions/{}", entry.id)).await;
    assert_eq!((&work["cure"]["reason"], &work["replacing"]), (&json!("宽限一天"), &json!(false)));

    // The announced film continues: closing the window does not remove an upload that started in time.
    ok(stage.replacement(&entry)).await;
    let path = stage.create(&entry, 11).await;
    let closed = ok(stage.act(&organiser, &entry, "cure", &json!({ "reason": "已补正" }))).await;
    assert!(closed["until"].is_null() && closed["film"] == false && closed["form"] == false, "{closed}");
    assert_eq!(refusal(stage.replacement(&entry)).await, says(403, "deadline_passed"));
    let start = stage.tus("POST", "/files", &entry).header("upload-length", 12);
    assert_eq!(refusal(start).await, says(403, "deadline_passed"));
    stage.send(&path, &entry, 0, &bytes(11)).await;
    let acts: Vec<_> =
        stage.trail(&entry).await.into_iter().map(|row| row.act).filter(|it| it.starts_with("cure")).collect();
    assert_eq!(acts.iter().filter(|act| *act == "cure_opened").count(), 2);
    assert_eq!(acts.iter().filter(|act| *act == "cure_closed").count(), 1);

    let former = stage.get(&organiser, &format!("/api/v1/submissions/{}", entry.id)).await["former_films"].clone();
    let why = (&former[0]["rejection"]["code"], &former[0]["rejection"]["stage"]);
    assert_eq!(why, (&json!("review_refused"), &json!("screen")), "the desk reads the former verdict");
}

#[tokio::test]
async fn a_window_needs_a_near_end_a_reason_and_a_work_that_it_helps() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let entry = refused(&stage).await;
    let now = stage.app.clock.now();
    let code = async |entry: &Entry, wish: Value| refusal(stage.act(&organiser, entry, "cure", &wish)).await;
    for until in [now, now - TimeDelta::days(1), now + TimeDelta::days(91)] {
        let wish = json!({ "until": until, "reason": "x" });
        assert_eq!(code(&entry, wish).await, says(422, "field_wrong"), "{until}");
    }
    assert_eq!(code(&entry, json!({ "until": now + TimeDelta::days(1) })).await, says(422, "field_wrong"));
    let wish = json!({ "until": now + TimeDelta::days(1), "reason": "x" });
    let digest = json!({ "until": now + TimeDelta::days(1), "reason": "x", "digest": "0".repeat(32) });
    assert_eq!(code(&entry, digest).await, says(409, "changed"));
    // Once a work was accepted, its film stays until it is screened again.
    ok(stage.act(&organiser, &entry, "reprocess", &json!({ "from": "screen" }))).await;
    stage.happens(&entry, Event::Screened { run: 2, work: pipeline::submission::Work::default(), review: false }).await;
    stage.happens(&entry, Event::ReviewAccepted).await;
    assert_eq!(code(&entry, wish.clone()).await, says(409, "state_wrong"));
    let screener = stage.token(Role::Screener, None).await;
    assert_eq!(refusal(stage.act(&screener, &entry, "cure", &wish)).await, says(403, "role_missing"));
}

#[tokio::test]
async fn the_form_of_the_page_shows_what_follows_and_opens_the_window() {
    let stage = Stage::new().await;
    let entry = refused(&stage).await;
    let browser = Browser::of(&stage, Lang::Zh, &[Held::everywhere(Role::Organiser)]).await;
    let path = format!("/works/{}/cure", entry.id);
    let page = browser.page(&format!("/works/{}", entry.id)).await;
    assert!(page.contains(&format!("href=\"{path}\"")), "{page}");
    let form = browser.page(&path).await;
    assert!(form.contains("name=\"until\"") && form.contains("开放补正"), "{form}");
    let fields = [("step", "look"), ("until", "2024-08-03T20:00"), ("reason", "请更正片尾字幕")];
    let looked = browser.send(&path, &fields).await.text;
    assert!(looked.contains("报送人更换影片") && looked.contains("2024-08-03"), "{looked}");
    let fields = [("step", "do"), ("until", "2024-08-03T20:00"), ("reason", "请更正片尾字幕")];
    browser.send(&path, &fields).await;
    let reply = stage.status(&entry).await;
    assert_eq!(
        (&reply["cure"]["reason"], moment(&reply["cure"]["until"]).to_rfc3339()),
        (&json!("请更正片尾字幕"), "2024-08-03T12:00:00+00:00".to_owned())
    );
    let page = browser.page(&format!("/works/{}", entry.id)).await;
    assert!(page.contains("请更正片尾字幕") && page.contains("已开放补正"), "{page}");
    assert!(browser.page(&path).await.contains("现已开放至"));
}
