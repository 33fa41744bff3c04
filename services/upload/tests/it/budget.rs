//! What one entry, and all of them together, can make the object store keep: bounded, whatever they try.
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::future::join_all;
use pipeline::object_key::ObjectKey;
use runtime::objects::Body;
use serde_json::Value;
use sqlx::{Connection, PgConnection};

use crate::stage::{Entry, MIB, Stage, bytes, location, refusal, says, until};

mod high_water;

const BYTES: &str = "application/offset+octet-stream";

async fn creating(stage: &Stage, entry: &Entry, length: usize) -> u16 {
    stage.tus("POST", "/files", entry).header("upload-length", length).send().await.unwrap().status().as_u16()
}

async fn piece(stage: &Stage, entry: &Entry, bytes: &[u8]) -> String {
    let request = stage.tus("POST", "/files", entry).header("upload-concat", "partial");
    let request = request.header("upload-length", bytes.len()).header("content-type", BYTES);
    location(&request.body(bytes.to_vec()).send().await.unwrap())
}

#[tokio::test]
async fn of_requests_at_the_limit_exactly_one_passes() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    for _ in 0..31 {
        stage.create(&entry, 10).await;
    }
    // All of them reach the database before any is granted.
    let mut held = PgConnection::connect(&stage.database_url).await.unwrap();
    for statement in ["begin", "select 1 from submissions for update"] {
        sqlx::query(statement).execute(&mut held).await.unwrap();
    }
    let all = (0..4).map(|_| {
        let request = stage.tus("POST", "/files", &entry).header("upload-length", 10);
        tokio::spawn(async move { request.send().await.unwrap().status().as_u16() })
    });
    let all: Vec<_> = all.collect();
    until("all of them wait for the row", async || {
        let waiting = "select count(*)::text from pg_stat_activity where datname = current_database()
            and wait_event_type = 'Lock' and query like '%lock_for_uploads%'";
        stage.ask(waiting.into()).await == "4"
    })
    .await;
    sqlx::query("rollback").execute(&mut held).await.unwrap();
    let mut answers: Vec<_> = join_all(all).await.into_iter().map(Result::unwrap).collect();
    answers.sort_unstable();
    assert_eq!(answers, [201, 429, 429, 429]);
    assert_eq!(stage.ask("select count(*)::text from uploads".into()).await, "32");
}

#[tokio::test]
async fn finished_pieces_count_and_can_still_be_joined() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let film = bytes(32);
    let mut pieces = Vec::new();
    for byte in film.chunks(1) {
        pieces.push(piece(&stage, &entry, byte).await);
    }
    let more = || stage.tus("POST", "/files", &entry).header("upload-concat", "partial").header("upload-length", 1);
    assert_eq!(refusal(more()).await, says(429, "too_many_uploads"));
    let concat = format!("final;{}", pieces.join(" "));
    location(&stage.tus("POST", "/files", &entry).header("upload-concat", concat).send().await.unwrap());
    assert_eq!(stage.film(&entry).await, film);
}

#[tokio::test]
async fn the_declared_bytes_of_one_entry_are_bounded() {
    let stage = Stage::new().await;
    // Three times the contest's largest film of 1000 bytes.
    let entry = stage.enter_into("small", "digital").await;
    let paths = [stage.create(&entry, 1000).await, stage.create(&entry, 999).await, stage.create(&entry, 1000).await];
    let more = |length: usize| stage.tus("POST", "/files", &entry).header("upload-length", length);
    assert_eq!(refusal(more(2)).await, says(429, "upload_budget"));
    assert_eq!(more(1).send().await.unwrap().status(), 201, "to the last byte");
    assert_eq!(refusal(more(1)).await, says(429, "upload_budget"));
    stage.tus("DELETE", &paths[0], &entry).send().await.unwrap();
    until("what was given up is freed", async || creating(&stage, &entry, 1000).await == 201).await;

    // An undeclared length counts as the largest.
    let other = stage.enter_into("small", "digital").await;
    let undeclared = || stage.tus("POST", "/files", &other).header("upload-defer-length", 1);
    let path = location(&undeclared().send().await.unwrap());
    for _ in 0..2 {
        location(&undeclared().send().await.unwrap());
    }
    assert_eq!(refusal(undeclared()).await, says(429, "upload_budget"));
    // And as its real size once that is known.
    let told = stage.patch(&path, &other, 0, bytes(1)).header("upload-length", 10);
    assert_eq!(told.send().await.unwrap().status(), 204);
    assert_eq!(creating(&stage, &other, 990).await, 201);
    assert_eq!(creating(&stage, &other, 1).await, 429);
    let body: Value = undeclared().header("accept-language", "zh").send().await.unwrap().json().await.unwrap();
    assert_eq!(body["title"], "该作品未完成的上传总量过大，请先取消部分上传。");
}

#[tokio::test]
async fn what_is_given_up_counts_until_its_bytes_are_gone() {
    let mut stage = Stage::new().await;
    let entry = stage.enter().await;
    let mut paths = Vec::new();
    for _ in 0..32 {
        paths.push(stage.create(&entry, 10).await);
    }
    stage.stop_s3().await;
    for path in &paths {
        assert_eq!(stage.tus("DELETE", path, &entry).send().await.unwrap().status(), 204);
    }
    let more = || stage.tus("POST", "/files", &entry).header("upload-length", 10);
    assert_eq!(refusal(more()).await, says(429, "too_many_uploads"));
    stage.start_s3().await;
    stage.execute("update uploads set free_at = now() where free_at is not null".into()).await;
    until("they are freed", async || creating(&stage, &entry, 10).await == 201).await;
}

#[tokio::test]
async fn uploads_that_come_and_go_leave_few_rows_and_nothing_that_was_sent() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let metadata = format!("filename {},note {}", STANDARD.encode("我的片子.mp4"), STANDARD.encode("n".repeat(2900)));
    for _ in 0..70 {
        let post = stage.tus("POST", "/files", &entry).header("upload-length", 10);
        let path = location(&post.header("upload-metadata", &metadata).send().await.unwrap());
        assert_eq!(stage.tus("DELETE", &path, &entry).send().await.unwrap().status(), 204);
        until("it is freed", async || stage.ask("select count(*)::text from uploads where held".into()).await == "0")
            .await;
    }
    assert_eq!(stage.ask("select count(*)::text from uploads".into()).await, "33");
    let kept =
        "select max(length(metadata) + coalesce(length(filename), 0) + pg_column_size(uploads.*))::text from uploads";
    let kept: usize = stage.ask(kept.into()).await.parse().unwrap();
    assert!(kept < 300, "a row has {kept} bytes");
}

#[tokio::test]
async fn bodies_whose_digest_is_wrong_leave_no_part_that_no_row_names() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let film = bytes(18 * MIB);
    let path = stage.create(&entry, film.len()).await;
    let wrong = format!("sha1 {}", STANDARD.encode([7; 20]));
    for _ in 0..3 {
        let patch = stage.patch(&path, &entry, 0, film.clone()).header("upload-checksum", &wrong);
        assert_eq!(refusal(patch).await, says(460, "checksum_mismatch"));
    }
    let begun = stage.app.objects.list_multiparts("").await.unwrap();
    let named = stage.ask("select multipart_id from uploads".into()).await;
    assert_eq!(begun.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), [named.as_str()]);
    assert_eq!(stage.offset(&path, &entry).await, 0);
    // One try has two complete parts, of which the last may not have arrived when the digest was found to be wrong.
    let parts = stage.part_files();
    assert!(parts <= 2, "each try wrote over the last one's parts: {parts}");
    stage.send(&path, &entry, 0, &film).await;
    assert!(stage.film(&entry).await == film);
    assert_eq!(stage.app.objects.list_multiparts("").await.unwrap(), []);
    assert_eq!(stage.part_files(), 0);
}

/// The state left by a process that is killed after the object store has begun a multipart upload, and before it is
/// recorded.
async fn killed_in_between(stage: &Stage, path: &str) {
    let key = ObjectKey::Upload(path.strip_prefix("/files/").unwrap().parse().unwrap());
    let begun = stage.app.objects.create_multipart(&key).await.unwrap();
    stage.app.objects.put_part(&begun, 1, Body::Bytes(bytes(5 * MIB).into())).await.unwrap();
}

#[tokio::test]
async fn what_a_killed_process_began_goes_with_the_upload_however_it_ends() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let given_up = stage.create(&entry, 9 * MIB).await;
    killed_in_between(&stage, &given_up).await;
    stage.tus("DELETE", &given_up, &entry).send().await.unwrap();
    until("all is freed", async || stage.is_empty().await && stage.part_files() == 0).await;

    let film = bytes(9 * MIB);
    let path = stage.create(&entry, film.len()).await;
    killed_in_between(&stage, &path).await;
    stage.send(&path, &entry, 0, &film).await;
    assert!(stage.film(&entry).await == film);
    assert_eq!(stage.app.objects.list_multiparts("").await.unwrap(), []);
    assert_eq!(stage.part_files(), 0);
}

#[tokio::test]
async fn multiparts_of_a_late_writer_are_found_and_those_of_open_uploads_kept() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let over = stage.create(&entry, 9 * MIB).await;
    stage.tus("DELETE", &over, &entry).send().await.unwrap();
    until("it is freed", async || stage.ask("select count(*)::text from uploads where held".into()).await == "0").await;
    let open = stage.create(&entry, 20 * MIB).await;
    stage.send(&open, &entry, 0, &bytes(9 * MIB)).await;
    killed_in_between(&stage, &over).await;
    // The service has searched once at its start; this makes the last search an hour old.
    stage.execute("delete from ticks where name = 'upload_orphans'".into()).await;
    upload::sweep_once(&stage.app).await;
    let keys = async || {
        let begun = stage.app.objects.list_multiparts("").await.unwrap();
        begun.into_iter().map(|it| it.key).collect::<Vec<_>>()
    };
    let own = format!("uploads/{}/source", open.strip_prefix("/files/").unwrap());
    until("only the open one has any", async || keys().await == [own.as_str()]).await;
    assert_eq!(stage.offset(&open, &entry).await, 9 * MIB);
}
