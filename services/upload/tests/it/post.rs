use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::stage::{Stage, bytes, location, number, refusal, says, until};

const BYTES: &str = "application/offset+octet-stream";

#[tokio::test]
async fn an_upload_has_an_address_an_expiry_and_nothing_in_it() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let request = stage.tus("POST", "/files", &entry).header("upload-length", 10);
    let answer = request.header("upload-metadata", "filename ZmlsbS5tcDQ=").send().await.unwrap();
    assert!(answer.headers()["upload-expires"].to_str().unwrap().ends_with(" GMT"));
    let path = location(&answer);
    assert!(path.starts_with("/files/"));
    assert_eq!(stage.offset(&path, &entry).await, 0);
    assert!(stage.is_empty().await);
}

#[tokio::test]
async fn bytes_may_come_along() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let request = stage.tus("POST", "/files", &entry).header("upload-length", 10).header("content-type", BYTES);
    let answer = request.body(bytes(4)).send().await.unwrap();
    assert_eq!(number(&answer, "upload-offset"), 4);
    let path = location(&answer);
    assert_eq!(stage.send(&path, &entry, 4, &bytes(10)[4..]).await, 10);
    assert_eq!(stage.film(&entry).await, bytes(10));
}

#[tokio::test]
async fn all_of_a_small_film_may_come_along() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let request = stage.tus("POST", "/files", &entry).header("upload-length", 10).header("content-type", BYTES);
    let answer = request.body(bytes(10)).send().await.unwrap();
    assert_eq!(number(&answer, "upload-offset"), 10);
    assert_eq!(stage.film(&entry).await, bytes(10));
}

#[tokio::test]
async fn a_film_of_no_bytes_is_whole_at_once() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 0).await;
    assert_eq!(stage.offset(&path, &entry).await, 0);
    assert!(stage.film(&entry).await.is_empty());
}

#[tokio::test]
async fn a_declared_digest_reaches_the_submission() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let digest = hex::encode(Sha256::digest(bytes(10)));
    let request = stage.tus("POST", "/files", &entry).header("upload-length", 10).header("content-type", BYTES);
    let request = request.header("upload-metadata", format!("sha256 {}", STANDARD.encode(&digest)));
    request.body(bytes(10)).send().await.unwrap();
    stage.film(&entry).await;
    let kept = "select encode(declared_sha256, 'hex') || encode(mezzanine_sha256, 'hex') from submissions";
    assert_eq!(stage.ask(kept.into()).await, format!("{digest}{digest}"));
}

#[tokio::test]
async fn what_is_wrong_with_a_creation_makes_no_upload() {
    let stage = Stage::new().await;
    let (entry, small) = (stage.enter().await, stage.enter_into("small", "digital").await);
    let post = || stage.tus("POST", "/files", &entry);
    let header_wrong = says(400, "header_wrong");
    assert_eq!(refusal(post()).await, header_wrong);
    for length in ["-1", "ten", "1.5", "99999999999999999999"] {
        assert_eq!(refusal(post().header("upload-length", length)).await, header_wrong, "{length}");
    }
    assert_eq!(refusal(post().header("upload-length", 1).header("upload-defer-length", 1)).await, header_wrong);
    assert_eq!(refusal(post().header("upload-defer-length", 2)).await, header_wrong);
    assert_eq!(refusal(post().header("upload-length", 1).header("upload-metadata", "a !")).await, header_wrong);
    assert_eq!(refusal(post().header("upload-length", 8_589_934_593_u64)).await, says(413, "too_large"));
    let much = stage.tus("POST", "/files", &small).header("upload-length", 1001);
    assert_eq!(refusal(much).await, says(413, "too_large"));
    let with = |kind: &str, length: usize| post().header("upload-length", length).header("content-type", kind);
    assert_eq!(refusal(with("text/plain", 4).body("film")).await, says(415, "type_unsupported"));
    assert_eq!(refusal(with(BYTES, 3).body("film")).await, says(413, "length_exceeded"));
    let checked = with(BYTES, 4).header("upload-checksum", "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
    assert_eq!(refusal(checked.body("film")).await, says(460, "checksum_mismatch"));
    let anonymous = stage.client.post(format!("{}/files", stage.url)).header("tus-resumable", "1.0.0");
    assert_eq!(refusal(anonymous.header("upload-length", 1)).await, says(401, "token_missing"));
    assert_eq!(stage.ask("select count(*)::text from uploads where state = 'open'".into()).await, "0");
    assert!(stage.is_empty().await);
}

#[tokio::test]
async fn one_submission_has_a_bounded_number_of_unfinished_uploads() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let mut paths = Vec::new();
    for _ in 0..32 {
        paths.push(stage.create(&entry, 10).await);
    }
    let more = || stage.tus("POST", "/files", &entry).header("upload-length", 10);
    assert_eq!(refusal(more()).await, says(429, "too_many_uploads"));
    stage.tus("DELETE", &paths[0], &entry).send().await.unwrap();
    // It counts until its objects are deleted.
    until("there is room again", async || more().send().await.unwrap().status() == 201).await;
}

#[tokio::test]
async fn the_first_whole_film_wins_and_the_others_are_freed() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let (first, second) = (stage.create(&entry, 10).await, stage.create(&entry, 5).await);
    stage.send(&second, &entry, 0, &bytes(3)).await;
    stage.send(&first, &entry, 0, &bytes(10)).await;
    upload::sweep_once(&stage.app).await;
    assert_eq!(stage.film(&entry).await, bytes(10));
    assert_eq!(refusal(stage.patch(&second, &entry, 3, bytes(2))).await, says(410, "upload_gone"));
    let more = stage.tus("POST", "/files", &entry).header("upload-length", 1);
    assert_eq!(refusal(more).await, says(409, "submission_closed"));
}
