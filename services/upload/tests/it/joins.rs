//! Uploads that cannot be finished: they end with a reason for the client, and delay no other.
use chrono::TimeDelta;
use pipeline::object_key::ObjectKey;
use serde_json::Value;
use uuid::Uuid;

use crate::stage::{Entry, MIB, Stage, bytes, location, refusal, says, until};

async fn piece(stage: &Stage, entry: &Entry, bytes: &[u8]) -> String {
    let request = stage.tus("POST", "/files", entry).header("upload-concat", "partial");
    let path = location(&request.header("upload-length", bytes.len()).send().await.unwrap());
    stage.send(&path, entry, 0, bytes).await;
    let id = id_of(&path);
    until("the piece is finished", async || {
        stage.ask(format!("select state from uploads where id = '{id}'")).await == "finished"
    })
    .await;
    path
}

fn id_of(path: &str) -> &str {
    path.strip_prefix("/files/").unwrap()
}

async fn join(stage: &Stage, entry: &Entry, pieces: &[String]) -> String {
    let post = stage.tus("POST", "/files", entry).header("upload-concat", format!("final;{}", pieces.join(" ")));
    location(&post.send().await.unwrap())
}

#[tokio::test]
async fn a_piece_that_is_being_joined_is_neither_given_up_nor_expires() {
    let mut stage = Stage::new().await;
    let entry = stage.enter().await;
    let pieces = [piece(&stage, &entry, b"one").await, piece(&stage, &entry, b"two").await];
    stage.stop_s3().await;
    let whole = join(&stage, &entry, &pieces).await;
    assert_eq!(refusal(stage.tus("DELETE", &pieces[0], &entry)).await, says(409, "piece_in_use"));
    let now = stage.app.clock.now();
    stage.app.clock.set(now + TimeDelta::hours(25));
    upload::sweep_once(&stage.app).await;
    let states = "select string_agg(state || ' ' || faults, ',' order by state, faults) from uploads";
    assert_eq!(stage.ask(states.into()).await, "assembling 0,finished 0,finished 0", "an absent store is no fault");
    stage.start_s3().await;
    stage.execute(format!("update uploads set try_at = null where id = '{}'", id_of(&whole))).await;
    assert_eq!(stage.film(&entry).await, b"onetwo");
}

#[tokio::test]
async fn a_concatenation_with_a_lost_piece_fails_once_and_can_be_restarted() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let pieces = [piece(&stage, &entry, &bytes(9 * MIB)).await, piece(&stage, &entry, b"gone").await];
    let gone = ObjectKey::Upload(id_of(&pieces[1]).parse().unwrap());
    stage.app.objects.delete(&gone).await.unwrap();
    let whole = join(&stage, &entry, &pieces).await;
    until("it failed", async || stage.tus("HEAD", &whole, &entry).send().await.unwrap().status() == 410).await;
    assert_eq!(refusal(stage.patch(&whole, &entry, 0, bytes(1))).await, says(410, "join_failed"));
    let answer = stage.api(reqwest::Method::GET, &entry).header("accept-language", "zh").send().await.unwrap();
    let status: Value = answer.json().await.unwrap();
    assert_eq!(status["upload"]["failure"]["code"], "join_failed");
    assert_eq!(status["upload"]["failure"]["text"], "有分段已不存在，合并失败，请重新上传。");
    let row = format!("select state || ' ' || faults from uploads where id = '{}'", id_of(&whole));
    assert_eq!(stage.ask(row).await, "failed 0", "there is no use in another try");
    until("what it had joined is gone", async || stage.app.objects.list_multiparts("").await.unwrap().is_empty()).await;

    let path = stage.create(&entry, 4).await;
    assert!(stage.status(&entry).await["upload"].get("failure").is_none());
    stage.send(&path, &entry, 0, b"film").await;
    until("the film is whole", async || stage.status(&entry).await["state"] == "probe").await;
}

/// Uploads whose bytes are complete according to the database, and whose object the store does not have: every try
/// fails.
async fn poison(stage: &Stage, entry: &Entry) -> Vec<Uuid> {
    let ids: Vec<Uuid> = (0..16).map(|_| Uuid::new_v4()).collect();
    for id in &ids {
        let long_ago = "clock_timestamp() - interval '1 hour'";
        stage
            .execute(format!(
                "insert into uploads (id, submission, state, length, \"offset\", part_size, expires_at, created_at, updated_at)
                values ('{id}', '{}', 'assembling', 10, 10, 8388608, now() + interval '1 day', now(), {long_ago})",
                entry.id
            ))
            .await;
    }
    ids
}

const POISONED: &str =
    "select count(*)::text from uploads where state = 'assembling' and faults >= 1 and try_at is not null";

#[tokio::test]
async fn sixteen_that_cannot_be_finished_keep_no_other_from_it_and_come_to_an_end() {
    let stage = Stage::new().await;
    let (entry, other) = (stage.enter().await, stage.enter().await);
    stage.remember_parts().await;
    let path = stage.create(&entry, 10).await;
    stage.send(&path, &entry, 0, &bytes(10)).await;
    stage.film(&entry).await;
    let ids = poison(&stage, &other).await;
    // As if the process had died before the film was whole.
    let state = "state = 'assembling', lock_until = null, updated_at = clock_timestamp()";
    let machine = "machine = jsonb_set(machine, '{state}', '{\"state\": \"uploading\"}'::jsonb), state = 'uploading'";
    stage.execute(format!("delete from parts where submission = '{}'", entry.id)).await;
    stage.execute(format!("update submissions set {machine} where id = '{}'", entry.id)).await;
    stage.restore_parts(id_of(&path)).await;
    stage.execute(format!("update uploads set {state} where id = '{}'", id_of(&path))).await;
    upload::sweep_once(&stage.app).await;
    upload::sweep_once(&stage.app).await;
    until("the good one is whole", async || stage.status(&entry).await["state"] == "probe").await;
    until("each of the others was tried once and waits", async || stage.ask(POISONED.into()).await == "16").await;

    stage.execute("update uploads set faults = 11, try_at = null where state = 'assembling'".into()).await;
    until("they are given up", async || {
        upload::sweep_once(&stage.app).await;
        let failed = "select count(*)::text from uploads where state = 'failed' and failure = 'store_failed'";
        stage.ask(failed.into()).await == "16"
    })
    .await;
    let one = format!("/files/{}", ids[0]);
    assert_eq!(refusal(stage.patch(&one, &other, 10, bytes(1))).await, says(410, "upload_damaged"));
    assert_eq!(stage.status(&other).await["state"], "uploading", "the entrant may send it again");
}

#[tokio::test]
async fn what_cannot_be_freed_is_due_again_after_the_others() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let ids = poison(&stage, &entry).await;
    // Far in the past, so that they are first; only their failures keep the service's own sweeper from them.
    for id in &ids {
        let store = &stage.app.store;
        stage.execute(format!("update uploads set state = 'failed', free_at = '2024-01-01' where id = '{id}'")).await;
        store.put_off_freeing(pipeline::id::UploadId(*id), true).await.unwrap();
        assert!(!store.uploads_to_free(1000).await.unwrap().contains(&pipeline::id::UploadId(*id)));
    }
}
