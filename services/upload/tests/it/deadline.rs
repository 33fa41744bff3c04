use chrono::{DateTime, TimeDelta, Utc};

use crate::stage::{MIB, Stage, bytes, form, location, refusal, says, until};

/// 31 July 2024, 24:00 in Shanghai.
fn deadline() -> DateTime<Utc> {
    "2024-07-31T16:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn the_deadline_is_judged_when_an_upload_starts() {
    let stage = Stage::new().await;
    let clock = &stage.app.clock;
    clock.set(deadline() - TimeDelta::minutes(1));
    let entry = stage.enter_into("industry-power-2024", "green").await;
    let path = stage.create(&entry, 10).await;
    clock.set(deadline() + TimeDelta::seconds(1));
    let mut late = form();
    late["contest"] = "industry-power-2024".into();
    assert_eq!(stage.post_form(&late).await.status(), 403);
    let start = stage.tus("POST", "/files", &entry).header("upload-length", 1);
    assert_eq!(refusal(start).await, says(403, "deadline_passed"));
    // The one that started in time continues.
    assert_eq!(stage.send(&path, &entry, 0, &bytes(10)).await, 10);
    assert_eq!(stage.film(&entry).await, bytes(10));
}

#[tokio::test]
async fn grace_ends_for_started_uploads_and_not_for_their_pieces_alone() {
    let stage = Stage::new().await;
    let clock = &stage.app.clock;
    clock.set(deadline() - TimeDelta::minutes(1));
    let entry = stage.enter_into("industry-power-2024", "green").await;
    let path = stage.create(&entry, 10).await;
    let contest = stage.app.catalogue.contest(&"industry-power-2024".into()).unwrap();
    clock.set(contest.latest_finish().unwrap() + TimeDelta::seconds(1));
    assert_eq!(refusal(stage.patch(&path, &entry, 0, bytes(10))).await, says(410, "upload_gone"));
    assert!(stage.is_empty().await);
}

#[tokio::test]
async fn a_concatenation_of_pieces_that_started_in_time_is_in_time() {
    let stage = Stage::new().await;
    let clock = &stage.app.clock;
    clock.set(deadline() - TimeDelta::minutes(1));
    let entry = stage.enter_into("industry-power-2024", "green").await;
    let request = stage.tus("POST", "/files", &entry).header("upload-concat", "partial").header("upload-length", 10);
    let piece = location(&request.send().await.unwrap());
    clock.set(deadline() + TimeDelta::seconds(1));
    stage.send(&piece, &entry, 0, &bytes(10)).await;
    let post = stage.tus("POST", "/files", &entry).header("upload-concat", format!("final;{piece}"));
    location(&post.send().await.unwrap());
    assert_eq!(stage.film(&entry).await, bytes(10));
}

#[tokio::test]
async fn an_expired_upload_is_gone_with_everything_it_put() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 30 * MIB).await;
    stage.send(&path, &entry, 0, &bytes(9 * MIB)).await;
    let now = stage.app.clock.now();
    stage.app.clock.set(now + TimeDelta::hours(23));
    upload::sweep_once(&stage.app).await;
    assert_eq!(stage.offset(&path, &entry).await, 9 * MIB);
    stage.app.clock.set(now + TimeDelta::hours(25));
    assert_eq!(stage.tus("HEAD", &path, &entry).send().await.unwrap().status(), 410);
    assert_eq!(refusal(stage.patch(&path, &entry, 9 * MIB, bytes(1))).await, says(410, "upload_gone"));
    upload::sweep_once(&stage.app).await;
    until("all is freed", async || stage.is_empty().await).await;
    assert_eq!(stage.ask("select count(*)::text from upload_parts".into()).await, "0");
}

#[tokio::test]
async fn writing_prolongs_an_upload() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 10).await;
    let now = stage.app.clock.now();
    stage.app.clock.set(now + TimeDelta::hours(20));
    stage.send(&path, &entry, 0, &bytes(4)).await;
    stage.app.clock.set(now + TimeDelta::hours(40));
    assert_eq!(stage.offset(&path, &entry).await, 4);
}
