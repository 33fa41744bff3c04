//! Delivery into a partner's bucket with a notice: signed notices are sent until the partner confirms, and only then is
//! a work live there, or gone.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pipeline::id::SubmissionId;
use pipeline::object_key::ObjectKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::delivery::{delivery_is, folder, status};
use crate::support::catalogue::{BAG, DROP};
use crate::support::receiver::{Received, Receiver, Say};
use crate::support::wait::wait_until;
use crate::support::{ObjectStore, Setup, TestPipeline, leftovers, planted};

const SOON: Duration = Duration::from_secs(180);
/// Two secrets, as during a rotation.
const NEW: &str = "whsec_Y2FuYXJ5LW5vdGljZS1zZWNyZXQtdGhlLW5ldy1vbmU=";
const OLD: &str = "whsec_Y2FuYXJ5LW5vdGljZS1zZWNyZXQtdGhlLW9sZC1vbmU=";

async fn pipeline(store: Option<ObjectStore>, receiver: &Receiver) -> TestPipeline {
    let env = vec![
        ("ALLOW_PRIVATE_NETWORKS", "127.0.0.1/32".to_owned()),
        ("PARTNER_DROP_NOTICE_URL", receiver.url("/notices?token=canary-notice-token")),
        ("PARTNER_DROP_NOTICE_SECRET", format!("{NEW} {OLD}")),
        ("POLL_BASE_S", "0.3".to_owned()),
        ("RECONCILE_S", "0.3".to_owned()),
    ];
    let pipeline = TestPipeline::with(Setup { store, env, ..Setup::default() }).await;
    // This is the only partner: what a person would have to remove elsewhere would stay open.
    let contest = pipeline.dir().join("catalogue/contests/test.toml");
    let text = std::fs::read_to_string(&contest).expect("the contest's file");
    std::fs::write(contest, text.replace(&format!("[\"{DROP}\", \"{BAG}\"]"), &format!("[\"{DROP}\"]")))
        .expect("a contest");
    pipeline
}

/// The delivery's state as the API shows it.
async fn state(pipeline: &TestPipeline, id: uuid::Uuid) -> Value {
    let status = status(pipeline, id).await;
    let deliveries = status["deliveries"].as_array().cloned().unwrap_or_default();
    deliveries.into_iter().find(|it| it["partner"] == DROP).map(|it| it["state"].clone()).unwrap_or_default()
}

fn of_kind(receiver: &Receiver, kind: &str) -> Vec<Received> {
    receiver.received().into_iter().filter(|it| it.json()["type"] == kind).collect()
}

async fn the_partner_is_told_until_it_says_yes(store: Option<ObjectStore>) {
    let receiver = Receiver::start().await;
    receiver.always_say(Say::Status(500, Vec::new(), format!("no, {NEW} canary-notice-token")));
    let pipeline = pipeline(store, &receiver).await;
    let service = pipeline.serve("all", &[]).await;
    let id = pipeline.submit(&service, 2).await;
    let prefix = ObjectKey::drop_prefix(SubmissionId(id), 1);

    // The partner has every file, and still the work is not live before the partner confirms.
    let refused = receiver.receives(2, SOON).await;
    assert_eq!(state(&pipeline, id).await, "in_review");
    let files = folder(&pipeline, &pipeline.partner, &prefix).await;
    assert!(files.contains_key(".done"), "{:?}", files.keys());
    receiver.always_say(Say::status(204));
    delivery_is(&pipeline, id, DROP, "live").await;
    let sent = of_kind(&receiver, "drop.delivered");
    assert!(sent.len() > refused.len());
    for notice in &sent {
        assert!(notice.is_by(NEW) && notice.is_by(OLD), "{notice:?}");
        assert_eq!((&notice.id, &notice.body), (&sent[0].id, &sent[0].body), "the same however often it is sent");
        assert_eq!(notice.path, "/notices?token=canary-notice-token");
    }
    let data = sent[0].json()["data"].clone();
    assert_eq!((&data["submission"], &data["folder"]), (&json!(id), &json!(prefix)));
    let listed = data["files"].as_array().expect("the files are listed");
    assert_eq!(listed.len() + 1, files.len(), "all but the marker: {listed:?}");
    for file in listed {
        let bytes = &files[file["name"].as_str().expect("a name")];
        assert_eq!(file["sha256"], hex::encode(Sha256::digest(bytes)), "{file}");
    }

    // Recalled: the folder is removed at once, and the work counts as gone when the partner confirms it.
    receiver.always_say(Say::status(503));
    pipeline.command(&["recall", &id.to_string(), "--reason", "演练"]).await.exits(0);
    wait_until("a notice of the recall", SOON, async || (of_kind(&receiver, "drop.recalled").len() >= 2).then_some(()))
        .await;
    assert_eq!(state(&pipeline, id).await, "recalling");
    assert!(leftovers::keys(&pipeline.partner).await.is_empty(), "the folder is gone");
    receiver.always_say(Say::status(200));
    delivery_is(&pipeline, id, DROP, "recalled").await;
    let sent = of_kind(&receiver, "drop.recalled");
    assert!(sent.iter().all(|it| it.is_by(NEW) && it.id == sent[0].id && it.json()["data"]["folder"] == prefix));

    // Every call is kept as evidence, without our credentials.
    let evidence =
        pipeline.truth.texts("select row_to_json(e)::text from exchanges e where step like 'notice.%'").await;
    assert_eq!(evidence.len(), receiver.received().len());
    for line in evidence {
        assert!(
            !line.contains("canary-notice-token") && !line.contains(&NEW[6..]) && !line.contains(&OLD[6..]),
            "{line}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_embedded_server_the_partner_is_told_until_it_says_yes() {
    the_partner_is_told_until_it_says_yes(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_garage_the_partner_is_told_until_it_says_yes() {
    let Some(store) = crate::s3_servers::garage("a partner's notice") else { return };
    the_partner_is_told_until_it_says_yes(Some(store)).await;
}

/// Relays to `server` and counts the bytes sent to it.
async fn counting(server: &str) -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("the port");
    let (server, count) = (server.to_owned(), Arc::new(AtomicU64::new(0)));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (server, counted) = (server.clone(), counted.clone());
            tokio::spawn(async move {
                let Ok(server) = TcpStream::connect(server).await else { return };
                let ((mut from, mut back), (mut answers, mut to)) = (client.into_split(), server.into_split());
                let answering = tokio::spawn(async move { tokio::io::copy(&mut answers, &mut back).await });
                let mut buffer = vec![0; 65_536];
                while let Ok(read @ 1..) = from.read(&mut buffer).await {
                    if to.write_all(&buffer[..read]).await.is_err() {
                        break;
                    }
                    counted.fetch_add(read as u64, Ordering::SeqCst);
                }
                drop(to);
                let _ = answering.await;
            });
        }
    });
    (format!("http://{address}"), count)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_workers_large_file_goes_on_and_no_finished_part_is_sent_again() {
    const FILM: u64 = 200 << 20;
    /// The package's small files, the requests, and what was in flight when the worker died: half a part.
    const REST: u64 = 8 << 20;
    let pipeline = TestPipeline::with(Setup::default()).await;
    let endpoint = pipeline.store.partners.endpoint.clone().expect("an address");
    let (through, sent) = counting(endpoint.strip_prefix("http://").expect("http")).await;
    let env = [
        ("PARTNER_DROP_S3_ENDPOINT", through.as_str()),
        ("LEASE_S", "3"),
        ("RECONCILE_S", "0.3"),
        ("RETRY_BASE_S", "0.3"),
    ];
    let doomed = pipeline.serve_with("doomed", &["publish"], &env).await;
    let id = planted::film(&pipeline, "半路接着传", &[DROP], FILM).await;
    pipeline.command(&["release", &id.to_string()]).await.exits(0);
    let upload = wait_until("three parts are there", SOON, async || {
        let upload = pipeline.partner.list_multiparts("").await.ok()?.into_iter().next()?;
        (pipeline.partner.list_parts(&upload).await.ok()?.len() >= 3).then_some(upload)
    })
    .await;
    doomed.kill();
    let parts = pipeline.partner.list_parts(&upload).await.expect("the upload is still open");
    let finished: u64 = parts.iter().map(|part| part.bytes).sum();
    assert!((3 << 24..FILM).contains(&finished), "killed in the middle: {finished}");
    let before = sent.load(Ordering::SeqCst);

    pipeline.serve_with("heir", &["publish"], &env).await;
    delivery_is(&pipeline, id, DROP, "live").await;
    let again = sent.load(Ordering::SeqCst) - before;
    assert!(again <= FILM - finished + REST, "{again} bytes were sent for the {} that were missing", FILM - finished);
    let key = format!("{}{}.mp4", ObjectKey::drop_prefix(SubmissionId(id), 1), planted::RENDITION);
    let copy = pipeline.dir().join("copy");
    let (_, digest) = pipeline.partner.get_to_file(&key, &copy).await.expect("fetch the partner's film");
    let ours = Sha256::digest(std::fs::read(planted::film_path(&pipeline, id)).expect("our film"));
    assert_eq!(hex::encode(digest), hex::encode(ours));
    assert!(pipeline.partner.list_multiparts("").await.expect("list uploads").is_empty());
}
