//! Uploads by the official JavaScript client, over unreliable lines and changing services: whatever happens, the object
//! is the file, byte for byte, and nothing else remains.
use std::path::{Path, PathBuf};
use std::time::Duration;

use pipeline::id::UploadId;
use pipeline::object_key::ObjectKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::support::crossing::Crossing;
use crate::support::entrant::Entered;
use crate::support::wait::wait_until_true;
use crate::support::{Entrant, Service, TestPipeline, leftovers, tus_js};
use upload::{Random, Upload, seed};

mod upload;

/// Two whole parts of 8 MiB and a piece of a third.
const FILM_BYTES: usize = 20 * 1024 * 1024 + 12_345;

const SOON: Duration = Duration::from_secs(180);

/// Bytes that do not repeat, so that equal pieces cannot be equal by chance; the same at each run.
fn film(dir: &Path) -> PathBuf {
    let mut random = Random(0x5eed_0f11_0f00_d5a1);
    let bytes: Vec<u8> = std::iter::repeat_with(|| random.next().to_le_bytes()).flatten().take(FILM_BYTES).collect();
    let file = dir.join("film.mp4");
    std::fs::write(&file, bytes).expect("write a film");
    file
}

/// A pipeline with a service that only takes uploads, and an entry that waits for its film.
async fn entered(pipeline: &TestPipeline) -> (std::sync::Arc<Service>, String, Entered) {
    let service = pipeline.serve("upload", &["upload"]).await;
    let address = service.api_address().expect("the address of the API");
    let entered = Entrant::at(&address).enter(&Entrant::form("上传")).await;
    (service, address, entered)
}

/// The same entry, addressed through a proxy.
fn through(entered: &Entered, crossing: &Crossing) -> Entered {
    Entered { upload_url: format!("http://{}/files", crossing.address()), ..entered.clone() }
}

/// The object, the submission and the API have the same digest, which is the file's.
async fn check_arrived(pipeline: &TestPipeline, address: &str, entered: &Entered, file: &Path) {
    let wanted = hex::encode(Sha256::digest(std::fs::read(file).expect("read the film")));
    pipeline.truth.reaches(entered.id, "probe", SOON).await;
    let row: (Uuid, i64, Vec<u8>) =
        sqlx::query_as("select mezzanine_upload, mezzanine_bytes, mezzanine_sha256 from submissions where id = $1")
            .bind(entered.id)
            .fetch_one(pipeline.truth.pool())
            .await
            .expect("what the submission has");
    assert_eq!(row.1, FILM_BYTES as i64);
    assert_eq!(hex::encode(row.2), wanted, "the digest that the submission has");
    let back = pipeline.dir().join("back");
    let key = ObjectKey::Upload(UploadId(row.0));
    let (_, digest) = pipeline.objects.get_to_file(&key, &back).await.expect("fetch the object");
    assert_eq!(hex::encode(digest), wanted, "the digest of the object");
    let status = reqwest::Client::new()
        .get(format!("http://{address}/api/v1/submissions/{}", entered.id))
        .bearer_auth(&entered.token)
        .send()
        .await
        .expect("ask for the entry");
    let status: Value = serde_json::from_str(&status.text().await.expect("an answer")).expect("JSON");
    assert_eq!(status["upload"]["sha256"], wanted, "the digest that the entrant sees: {status}");
    let prefix = ObjectKey::upload_prefix(UploadId(row.0));
    wait_until_true("only the film is left of its upload", SOON, async || {
        let parts = pipeline.objects.list_multiparts("uploads/").await.expect("list uploads in parts");
        let left = pipeline.objects.list(&prefix).await.expect("list the upload's objects");
        parts.is_empty() && left.len() == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_cut_at_random_offsets_resumes_to_the_very_bytes() {
    let pipeline = TestPipeline::new().await;
    let (_service, address, entered) = entered(&pipeline).await;
    let mut random = Random(seed());
    let mut cuts: Vec<u64> = (0..6).map(|_| random.next() % (FILM_BYTES as u64 - 4096) + 4096).collect();
    cuts.sort_unstable();
    let crossing = Crossing::to(std::slice::from_ref(&address), &cuts).await;
    let film = film(pipeline.dir());
    let run = tus_js::upload(&through(&entered, &crossing), &film, &json!({})).await;
    assert!(run.done, "cut at {cuts:?}: {:?}", run.said);
    assert_eq!(crossing.cuts_left(), 0, "every cut of {cuts:?} was made");
    assert!(run.count("retry") >= 6, "the client noticed each cut of {cuts:?}: {:?}", run.said);
    check_arrived(&pipeline, &address, &entered, &film).await;
}

/// Runs curl with these arguments; the headers of the answer, in small letters.
async fn curl(arguments: &[&str]) -> String {
    let run =
        tokio::process::Command::new("curl").args(["-fsS", "-D", "-", "-o", "/dev/null"]).args(arguments).output();
    let output = run.await.expect("curl is not installed (deploy/local/install.sh)");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).to_lowercase()
}

/// The value of a header.
fn header<'a>(headers: &'a str, name: &str) -> &'a str {
    let line = headers.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {name} in {headers}")).trim()
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_uploads_a_film_in_two_pieces() {
    let pipeline = TestPipeline::new().await;
    let (_service, address, entered) = entered(&pipeline).await;
    let film = film(pipeline.dir());
    let bytes = std::fs::read(&film).expect("the film");
    let (key, tus) = (format!("Authorization: Bearer {}", entered.token), "Tus-Resumable: 1.0.0");
    let common = ["-H", key.as_str(), "-H", tus];
    let send = async |more: &[&str]| curl(&[&common[..], more].concat()).await;
    let length = format!("Upload-Length: {FILM_BYTES}");
    let begun = send(&["-X", "POST", "-H", &length, &entered.upload_url]).await;
    let place = format!("http://{address}{}", header(&begun, "location"));
    let middle = 9_000_001;
    for (from, piece) in [(0, &bytes[..middle]), (middle, &bytes[middle..])] {
        let head = send(&["-I", &place]).await;
        assert_eq!(header(&head, "upload-offset"), from.to_string());
        let file = pipeline.dir().join("piece");
        std::fs::write(&file, piece).expect("write a piece");
        let (offset, data) = (format!("Upload-Offset: {from}"), format!("@{}", file.display()));
        let kind = "Content-Type: application/offset+octet-stream";
        send(&["-X", "PATCH", "-H", &offset, "-H", kind, "--data-binary", &data, &place]).await;
    }
    check_arrived(&pipeline, &address, &entered, &film).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_killed_resumes_in_a_new_process_where_the_service_says() {
    let pipeline = TestPipeline::new().await;
    let (_service, address, entered) = entered(&pipeline).await;
    let film = film(pipeline.dir());
    let memory = pipeline.dir().join("remembered.json");
    let mut random = Random(seed());
    for _ in 0..2 {
        let after = random.next() % (FILM_BYTES as u64 / 3) + FILM_BYTES as u64 / 3;
        let options = json!({ "urlStorage": memory, "chunkSize": 3_000_000, "dieAfterBytes": after });
        let run = tus_js::upload(&entered, &film, &options).await;
        assert!(!run.done, "it was killed at {after}");
    }
    let run = tus_js::upload(&entered, &film, &json!({ "urlStorage": memory })).await;
    assert!(run.done && run.first("resuming").is_some(), "it resumed: {:?}", run.said);
    check_arrived(&pipeline, &address, &entered, &film).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_serve_one_upload_in_turn_over_a_line_that_breaks() {
    let pipeline = TestPipeline::new().await;
    let (_service, address, entered) = entered(&pipeline).await;
    let other = pipeline.serve("upload-2", &["upload"]).await;
    let replicas = [address.clone(), other.api_address().expect("the other replica's address")];
    let mut random = Random(seed());
    let cuts = [random.next() % 5_000_000 + 1_000_000, random.next() % 5_000_000 + 12_000_000];
    let crossing = Crossing::to(&replicas, &cuts).await;
    let film = film(pipeline.dir());
    let run = tus_js::upload(&through(&entered, &crossing), &film, &json!({ "chunkSize": 2_500_000 })).await;
    assert!(run.done, "cut at {cuts:?}: {:?}", run.said);
    let served = crossing.served();
    assert!(served.iter().all(|served| *served >= 4), "both served: {served:?}");
    check_arrived(&pipeline, &address, &entered, &film).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_that_are_sent_side_by_side_become_one_film() {
    let pipeline = TestPipeline::new().await;
    let (_service, address, entered) = entered(&pipeline).await;
    let film = film(pipeline.dir());
    let run = tus_js::upload(&entered, &film, &json!({ "parallelUploads": 3 })).await;
    assert!(run.done, "{:?}", run.said);
    check_arrived(&pipeline, &address, &entered, &film).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_whose_length_is_told_last_arrives() {
    let pipeline = TestPipeline::new().await;
    let (_service, address, entered) = entered(&pipeline).await;
    let film = film(pipeline.dir());
    let options = json!({ "deferLength": true, "chunkSize": 6_000_000 });
    let run = tus_js::upload(&entered, &film, &options).await;
    assert!(run.done, "{:?}", run.said);
    check_arrived(&pipeline, &address, &entered, &film).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_whose_first_bytes_come_with_the_creation_arrives() {
    let pipeline = TestPipeline::new().await;
    let (_service, address, entered) = entered(&pipeline).await;
    let film = film(pipeline.dir());
    let run = tus_js::upload(&entered, &film, &json!({ "dataDuringCreation": true, "chunkSize": 9_000_000 })).await;
    assert!(run.done && run.count("retry") == 0, "{:?}", run.said);
    check_arrived(&pipeline, &address, &entered, &film).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_object_store_is_away_uploads_are_put_off_and_resume_when_it_is_back() {
    let pipeline = TestPipeline::new().await;
    let (_service, address, entered) = entered(&pipeline).await;
    let film = film(pipeline.dir());
    let upload = Upload::create(&entered, FILM_BYTES).await;
    let bytes = std::fs::read(&film).expect("read the film");
    let first = upload.patch(0, bytes[..9_000_000].to_vec()).await;
    assert_eq!(first.status(), 204);

    pipeline.store.stop().await;
    let refused = upload.patch(9_000_000, bytes[9_000_000..].to_vec()).await;
    assert_eq!(refused.status(), 503, "without a store nothing is taken");
    let after: u64 = refused.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=120).contains(&after), "a client learns when to retry: {after} s");
    let type_of_answer = refused.headers()["content-type"].to_str().expect("text").to_owned();
    assert_eq!(type_of_answer, "application/problem+json");
    assert_eq!(upload.offset().await, 9_000_000, "the acknowledged offset holds");

    pipeline.store.start().await;
    let run = tus_js::upload(&entered, &film, &json!({ "uploadUrl": upload.address })).await;
    assert!(run.done, "{:?}", run.said);
    check_arrived(&pipeline, &address, &entered, &film).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_writers_at_one_offset_one_wins_and_the_film_is_the_winners() {
    let pipeline = TestPipeline::new().await;
    let (_service, address, entered) = entered(&pipeline).await;
    let other = pipeline.serve("upload-2", &["upload"]).await;
    let other = other.api_address().expect("the other replica's address");
    let length = 3_000_000;
    let one = Upload::create(&entered, length).await;
    let two = Upload { address: one.address.replace(&address, &other), ..one.clone() };
    assert_ne!(one.address, two.address);
    let (first, second) = tokio::join!(one.patch(0, vec![b'1'; length]), two.patch(0, vec![b'2'; length]));
    let mut answers = [first.status().as_u16(), second.status().as_u16()];
    let winner = if answers[0] == 204 { b'1' } else { b'2' };
    answers.sort_unstable();
    assert!(answers == [204, 409] || answers == [204, 423], "one is taken and one is refused: {answers:?}");
    pipeline.truth.reaches(entered.id, "probe", SOON).await;
    let wanted = hex::encode(Sha256::digest(vec![winner; length]));
    let query = sqlx::query_scalar("select mezzanine_sha256 from submissions where id = $1");
    let digest: Vec<u8> = query.bind(entered.id).fetch_one(pipeline.truth.pool()).await.expect("a digest");
    assert_eq!(hex::encode(digest), wanted, "no byte of the loser is in it");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_expires_leaves_nothing_and_takes_nothing_more() {
    let pipeline = TestPipeline::new().await;
    let (_service, _, entered) = entered(&pipeline).await;
    let upload = Upload::create(&entered, FILM_BYTES).await;
    // A whole part of 8 MiB, and a tail.
    assert_eq!(upload.patch(0, vec![7; 9_000_000]).await.status(), 204);
    assert!(!leftovers::keys(&pipeline.objects).await.is_empty(), "the tail lies in the store");
    assert_eq!(pipeline.objects.list_multiparts("").await.expect("list").len(), 1, "and a part of the film");

    sqlx::query("update uploads set expires_at = now()").execute(pipeline.truth.pool()).await.expect("let it expire");
    wait_until_true("nothing is left of the upload", SOON, async || {
        let objects = leftovers::keys(&pipeline.objects).await;
        let multiparts = pipeline.objects.list_multiparts("").await.expect("list uploads in parts");
        let rows = pipeline.truth.count("select count(*) from upload_parts").await;
        objects.is_empty() && multiparts.is_empty() && rows == 0
    })
    .await;
    assert_eq!(upload.head().await.status(), 410);
    assert_eq!(upload.patch(9_000_000, vec![7; 1000]).await.status(), 410);
    assert!(leftovers::keys(&pipeline.objects).await.is_empty(), "what came too late was not stored");
}
