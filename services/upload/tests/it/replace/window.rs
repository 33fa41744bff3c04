//! Until when another film may be sent: the contest's deadline, and a window of the organisers.
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::desk_acts::ok;
use crate::stage::{Stage, bytes, refusal, says, until};

/// A contest whose deadline passed long ago.
const CALL: &str = "industry-power-2024";

/// 31 July 2024, 24:00 in Shanghai.
fn deadline() -> DateTime<Utc> {
    "2024-07-31T16:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn the_deadline_of_the_servers_clock_ends_it_with_grace_for_what_was_begun() {
    let stage = Stage::new().await;
    let clock = &stage.app.clock;
    clock.set(deadline() - TimeDelta::minutes(1));
    let entry = stage.enter_into(CALL, "green").await;
    stage.whole(&entry, &bytes(10)).await;
    stage.refused(&entry).await;
    let announced = ok(stage.replacement(&entry)).await;
    assert_eq!(announced["start_before"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap(), deadline());
    let path = stage.create(&entry, 11).await;
    clock.set(deadline());
    assert_eq!(refusal(stage.replacement(&entry)).await, says(403, "deadline_passed"));
    let status = stage.status(&entry).await;
    assert_eq!((&status["changes"]["film"], &status["changes"]["form"]), (&json!(false), &json!(false)));
    let start = stage.tus("POST", "/files", &entry).header("upload-length", 12);
    assert_eq!(refusal(start).await, says(403, "deadline_passed"));
    stage.send(&path, &entry, 0, &bytes(11)).await;
    until("the one that began in time is the film", async || stage.status(&entry).await["upload"]["offset"] == 11)
        .await;
}

#[tokio::test]
async fn a_window_of_the_organisers_ends_by_its_date_and_needs_nobody_to_close_it() {
    let stage = Stage::new().await;
    let clock = &stage.app.clock;
    clock.set(deadline() - TimeDelta::minutes(1));
    let (entry, waiting) = (stage.enter_into(CALL, "green").await, stage.enter_into(CALL, "green").await);
    stage.whole(&entry, &bytes(10)).await;
    stage.refused(&entry).await;
    clock.set(deadline() + TimeDelta::days(1));
    let until_then = deadline() + TimeDelta::days(3);
    for work in [&entry, &waiting] {
        let set = format!("cure_until = '{}', cure_reason = '字幕有误'", until_then.to_rfc3339());
        stage.write(format!("update submissions set {set} where id = '{}'", work.id)).await;
    }
    let status = stage.status(&entry).await;
    assert_eq!((&status["cure"]["reason"], &status["changes"]["film"]), (&json!("字幕有误"), &json!(true)));
    assert_eq!(status["cure"]["until"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap(), until_then);
    ok(stage.replacement(&entry)).await;
    let path = stage.create(&entry, 11).await;
    let (first, length) = (stage.create(&waiting, 5).await, 5);
    assert_eq!(stage.send(&first, &waiting, 0, &bytes(length)).await, length, "a first film that was late, too");

    clock.set(until_then);
    assert!(stage.status(&entry).await["cure"].is_null(), "it is over");
    assert_eq!(refusal(stage.replacement(&entry)).await, says(403, "deadline_passed"));
    let grace = stage.app.catalogue.contest(&CALL.into()).unwrap().grace_s;
    clock.set(until_then + TimeDelta::seconds(i64::try_from(grace).unwrap() - 1));
    // Its client returned in time.
    stage.write("update uploads set expires_at = expires_at + interval '30 days' where state = 'open'".into()).await;
    stage.send(&path, &entry, 0, &bytes(11)).await;
    until("the one that began in time is the film", async || stage.status(&entry).await["upload"]["offset"] == 11)
        .await;
}
