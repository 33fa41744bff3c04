//! From the gates to the partners: what a person decides happens, nothing happens before, and a partner gets exactly
//! the files that were made, byte for byte, with a list that proves it.
use std::collections::BTreeMap;
use std::time::Duration;

use pipeline::id::SubmissionId;
use pipeline::object_key::ObjectKey;
use runtime::objects::Objects;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::support::catalogue::{BAG, DROP, Gates, RUNGS};
use crate::support::wait::{holds_for, wait_until};
use crate::support::{Entrant, Setup, TestPipeline, clips, leftovers};

const SOON: Duration = Duration::from_secs(180);

/// Long enough for several hops between stages, each of which takes milliseconds unless something blocks it.
const A_WHILE: Duration = Duration::from_secs(2);

/// Both gates wait for a person.
const CLOSED: Gates = Gates { review: "manual", release: "manual" };

/// What `reelmill status ID --output json` says.
pub(crate) async fn status(pipeline: &TestPipeline, id: Uuid) -> Value {
    pipeline.command(&["status", &id.to_string(), "--output", "json"]).await.exits(0).json()
}

/// Waits until a delivery is in a state, according to `status`.
pub(crate) async fn delivery_is(pipeline: &TestPipeline, id: Uuid, partner: &str, state: &str) -> Value {
    wait_until(&format!("the delivery to {partner} is {state}"), SOON, async || {
        let status = status(pipeline, id).await;
        let deliveries = status["deliveries"].as_array().cloned().unwrap_or_default();
        deliveries.into_iter().find(|delivery| delivery["partner"] == partner && delivery["state"] == state)
    })
    .await
}

/// Every object under a prefix: its name without the prefix, and its bytes.
pub(crate) async fn folder(pipeline: &TestPipeline, bucket: &Objects, prefix: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for object in bucket.list(prefix).await.expect("list a folder") {
        let to = pipeline.dir().join("fetched");
        bucket.get_to_file(&object.key, &to).await.expect("fetch a file");
        let name = object.key.strip_prefix(prefix).expect("objects lie under their prefix").to_owned();
        files.insert(name, std::fs::read(&to).expect("read a file"));
    }
    files
}

/// `checksums.sha256` names every other file with its digest, and each has it; every rendition is the one in our bucket.
pub(crate) async fn check_package(pipeline: &TestPipeline, id: Uuid, files: &BTreeMap<String, Vec<u8>>) {
    let list = String::from_utf8(files["checksums.sha256"].clone()).expect("a list is text");
    let listed: BTreeMap<&str, &str> = list
        .lines()
        .map(|line| line.split_once("  ").expect("digest and name"))
        .map(|(digest, name)| (name, digest))
        .collect();
    for (name, digest) in &listed {
        assert_eq!(&hex::encode(Sha256::digest(&files[*name])), digest, "{name} is what the list says");
    }
    let unlisted: Vec<&String> = files.keys().filter(|name| !listed.contains_key(name.as_str())).collect();
    assert!(
        unlisted.iter().all(|name| ["checksums.sha256", ".done"].contains(&name.as_str())),
        "not listed: {unlisted:?}"
    );
    let renditions = pipeline.renditions(id).await;
    let names: Vec<&str> = renditions.iter().map(|(name, _)| name.as_str()).collect();
    let mut rungs = RUNGS;
    rungs.sort_unstable();
    assert_eq!(names, rungs);
    for (name, file) in renditions {
        let ours = std::fs::read(file).expect("read a rendition");
        assert!(files[&format!("{name}.mp4")] == ours, "the partner's {name} is ours, byte for byte");
        let cover = &files[&format!("{name}.jpg")];
        assert!(cover.starts_with(b"\xff\xd8\xff"), "the cover of {name} is a JPEG");
    }
    let metadata: Value = serde_json::from_slice(&files["metadata.json"]).expect("metadata is JSON");
    assert_eq!(metadata["submission"], id.to_string());
    check_covers(files, &metadata);
}

/// The folder has the partner's covers and no other partner's, in the shapes and sizes the partner requires, described
/// in the metadata.
fn check_covers(files: &BTreeMap<String, Vec<u8>>, metadata: &Value) {
    let there: Vec<&str> = files.keys().map(String::as_str).filter(|name| name.starts_with("cover-")).collect();
    // Of a film of 320×180; the first two are the drop's, the last is the bag's.
    let all = [("cover-16x9.jpg", (256, 144)), ("cover-3x4.jpg", (135, 180)), ("cover-4x3.jpg", (240, 180))];
    let wanted = if there.len() == 2 { &all[..2] } else { &all[2..] };
    assert_eq!(there, wanted.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (name, size) in wanted.iter().copied() {
        let bytes = &files[name];
        assert_eq!(jpeg_size(bytes), size, "{name}");
        assert!(bytes.len() <= 20_000, "{name} has {} bytes", bytes.len());
        let described = metadata["covers"].as_array().expect("covers").iter().find(|cover| cover["file"] == name);
        let described = described.unwrap_or_else(|| panic!("{name} is not described: {metadata}"));
        assert_eq!((&described["width"], &described["height"]), (&size.0.into(), &size.1.into()));
        assert_eq!(described["sha256"], hex::encode(Sha256::digest(bytes)));
    }
}

/// Width and height of a JPEG, from its frame header.
fn jpeg_size(bytes: &[u8]) -> (u32, u32) {
    let pair = |at: usize| u32::from(bytes[at]) << 8 | u32::from(bytes[at + 1]);
    let mut at = 2;
    while !matches!(bytes[at + 1], 0xc0..=0xc2) {
        assert_eq!(bytes[at], 0xff, "no marker at {at}");
        at += 2 + pair(at + 2) as usize;
    }
    (pair(at + 7), pair(at + 5))
}

fn drop_prefix(id: Uuid) -> String {
    ObjectKey::drop_prefix(SubmissionId(id), 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partners_bucket_gets_renditions_with_checksums_and_a_marker_last() {
    let pipeline = TestPipeline::new().await;
    let service = pipeline.serve("all", &[]).await;
    let id = pipeline.submit(&service, 2).await;
    delivery_is(&pipeline, id, DROP, "live").await;
    let files = folder(&pipeline, &pipeline.partner, &drop_prefix(id)).await;
    assert!(files.contains_key(".done"), "the marker is there: {:?}", files.keys());
    check_package(&pipeline, id, &files).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_by_hand_waits_with_its_bag_for_the_operators_report() {
    let pipeline = TestPipeline::new().await;
    let service = pipeline.serve("all", &[]).await;
    let id = pipeline.submit(&service, 2).await;
    delivery_is(&pipeline, id, BAG, "awaiting_operator").await;
    let prefix = ObjectKey::bag_prefix(SubmissionId(id), 1, &BAG.into());
    let files = folder(&pipeline, &pipeline.objects, &prefix).await;
    check_package(&pipeline, id, &files).await;
    fetches_the_bag(&pipeline, id, &files).await;

    let url = "https://partner.example/v/1";
    let id_text = id.to_string();
    pipeline.command(&["delivered", &id_text, "--partner", BAG, "--url", "javascript:alert(1)"]).await.exits(2);
    pipeline.command(&["delivered", &id_text, "--partner", BAG, "--url", url]).await.exits(0);
    let delivery = delivery_is(&pipeline, id, BAG, "live").await;
    assert_eq!(delivery["public_url"], url);
    pipeline.truth.reaches(id, "published", SOON).await;
    // A second report is refused, and changes nothing.
    pipeline.command(&["delivered", &id_text, "--partner", BAG, "--url", "https://other.example/"]).await.exits(2);
    assert_eq!(delivery_is(&pipeline, id, BAG, "live").await["public_url"], url);
}

/// What an operator does: fetches the bag, with the checklist, also a second time and after an interruption.
async fn fetches_the_bag(pipeline: &TestPipeline, id: Uuid, files: &BTreeMap<String, Vec<u8>>) {
    let (out, id_text) = (pipeline.dir().join("bag"), id.to_string());
    let arguments = ["bag", &id_text, "--partner", BAG, "--out", &out.display().to_string()].map(ToOwned::to_owned);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let printed = pipeline.command(&arguments).await.exits(0);
    assert!(
        printed.stdout.contains(&format!("reelmill delivered {id} --partner {BAG} --url URL")),
        "{}",
        printed.stdout
    );
    assert!(printed.stdout.contains("标题") && printed.stdout.contains("cover-4x3.jpg"), "{}", printed.stdout);
    let fetched = || -> BTreeMap<String, Vec<u8>> {
        let entries = std::fs::read_dir(&out).expect("the directory").map(|entry| entry.expect("an entry"));
        let name = |entry: &std::fs::DirEntry| entry.file_name().into_string().expect("a plain name");
        entries.map(|entry| (name(&entry), std::fs::read(entry.path()).expect("a file"))).collect()
    };
    assert_eq!(&fetched(), files);
    // An interrupted download: half of a file, under its temporary name.
    let name = files.keys().find(|name| name.ends_with(".mp4")).expect("a film");
    std::fs::remove_file(out.join(name)).expect("remove a file");
    std::fs::write(out.join(format!("{name}.part")), &files[name][..files[name].len() / 2]).expect("half of it");
    pipeline.command(&arguments).await.exits(0);
    assert_eq!(&fetched(), files);
    // An existing file of that name is not overwritten.
    std::fs::write(out.join(name), "mine").expect("another file");
    pipeline.command(&arguments).await.exits(2);
    assert_eq!(fetched()[name], b"mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_made_before_the_review_and_nothing_leaves_before_the_release() {
    let pipeline = TestPipeline::with(Setup { gates: CLOSED, ..Setup::default() }).await;
    let service = pipeline.serve("all", &[]).await;
    let id = pipeline.submit(&service, 2).await;
    let id_text = id.to_string();
    pipeline.truth.reaches(id, "awaiting_review", SOON).await;
    holds_for("the gate of review", A_WHILE, async || {
        pipeline.truth.state(id).await == "awaiting_review"
            && pipeline.truth.count("select count(*) from parts where stage = 'transcode'").await == 0
    })
    .await;
    pipeline.command(&["release", &id_text]).await.exits(2);
    pipeline.command(&["review", "accept", &id_text]).await.exits(0);
    pipeline.truth.reaches(id, "awaiting_release", SOON).await;
    holds_for("the gate of release", A_WHILE, async || {
        pipeline.truth.state(id).await == "awaiting_release" && leftovers::keys(&pipeline.partner).await.is_empty()
    })
    .await;
    pipeline.command(&["release", &id_text]).await.exits(0);
    delivery_is(&pipeline, id, DROP, "live").await;
    delivery_is(&pipeline, id, BAG, "awaiting_operator").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_reviewer_refuses_is_refused_for_good_in_his_words_which_the_entrant_reads() {
    let pipeline = TestPipeline::with(Setup { gates: CLOSED, ..Setup::default() }).await;
    let service = pipeline.serve("all", &[]).await;
    let address = service.api_address().expect("the address of the API");
    let entrant = Entrant::at(&address);
    let entered = entrant.enter(&Entrant::form("不合适")).await;
    entrant.upload(&entered, &clips::plain(pipeline.dir(), 2)).await;
    let id_text = entered.id.to_string();
    pipeline.truth.reaches(entered.id, "awaiting_review", SOON).await;
    pipeline.command(&["review", "reject", &id_text]).await.exits(2);
    pipeline.command(&["review", "reject", &id_text, "--reason", "与主题无关"]).await.exits(0);
    let status = status(&pipeline, entered.id).await;
    assert_eq!((&status["state"], &status["rejection"]["code"]), (&"rejected".into(), &"review_refused".into()));
    assert!(status["rejection"]["zh"].as_str().is_some_and(|text| text.contains("与主题无关")), "{status}");
    let answer = reqwest::Client::new()
        .get(format!("http://{address}/api/v1/submissions/{id_text}"))
        .bearer_auth(&entered.token)
        .send()
        .await
        .expect("ask for the entry");
    let answer = answer.text().await.expect("an answer");
    assert!(answer.contains("与主题无关"), "{answer}");
    pipeline.command(&["review", "accept", &id_text]).await.exits(2);
}
