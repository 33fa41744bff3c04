//! The same tests on two S3 servers: the embedded one, and Garage, an independent implementation that differs where the
//! standard leaves room. Without Garage on this machine its half prints a line and is skipped.
use std::time::Duration;

use pipeline::id::SubmissionId;
use pipeline::object_key::ObjectKey;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::delivery::{check_package, delivery_is, folder};
use crate::support::catalogue::DROP;
use crate::support::wait::wait_until_true;
use crate::support::{Entrant, ObjectStore, Setup, TestPipeline, clips, leftovers, tus_js};

const SOON: Duration = Duration::from_secs(180);

/// An entry goes all the way: uploaded in parts of 8 MiB by the official client, killed in between, made into
/// renditions, delivered to the partner's bucket; then everything that only the processing needed is swept.
async fn an_entry_goes_all_the_way_and_leaves_only_what_is_wanted(store: Option<ObjectStore>) {
    // Garbage is due at once, so that the test includes the sweep.
    let env = vec![("GARBAGE_DELAY_S", "0.1".to_owned()), ("RECONCILE_S", "0.5".to_owned())];
    let pipeline = TestPipeline::with(Setup { store, env, segment_s: 1, ..Setup::default() }).await;
    let service = pipeline.serve("all", &[]).await;
    let address = service.api_address().expect("the address of the API");
    let film = padded(&clips::plain(pipeline.dir(), 3));
    let entered = Entrant::at(&address).enter(&Entrant::form("两种存储")).await;
    let memory = pipeline.dir().join("remembered.json");
    let options = json!({ "urlStorage": memory, "chunkSize": 3_000_000, "dieAfterBytes": 10_000_000 });
    assert!(!tus_js::upload(&entered, &film, &options).await.done, "it was killed");
    let run = tus_js::upload(&entered, &film, &json!({ "urlStorage": memory })).await;
    assert!(run.done && run.first("resuming").is_some(), "{:?}", run.said);

    delivery_is(&pipeline, entered.id, DROP, "live").await;
    let query = sqlx::query_scalar("select mezzanine_sha256 from submissions where id = $1").bind(entered.id);
    let digest: Vec<u8> = query.fetch_one(pipeline.truth.pool()).await.expect("a digest");
    let wanted = Sha256::digest(std::fs::read(&film).expect("read the film"));
    assert_eq!(hex::encode(digest), hex::encode(wanted), "what arrived is what was sent");
    let prefix = ObjectKey::drop_prefix(SubmissionId(entered.id), 1);
    let files = folder(&pipeline, &pipeline.partner, &prefix).await;
    check_package(&pipeline, entered.id, &files).await;

    wait_until_true("what only the work needed is swept away", SOON, async || {
        let work = leftovers::keys(&pipeline.objects).await.into_iter().filter(|key| key.starts_with("work/")).count();
        let multiparts = pipeline.objects.list_multiparts("").await.expect("list uploads in parts").len();
        work + multiparts == 0
    })
    .await;
}

/// The film followed by 17 MiB in a box that every player skips: it is uploaded in three parts.
fn padded(film: &std::path::Path) -> std::path::PathBuf {
    let mut bytes = std::fs::read(film).expect("read a clip");
    let size = 17 * 1024 * 1024_u32;
    bytes.extend(size.to_be_bytes());
    bytes.extend(b"free");
    bytes.extend((8..size).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8));
    let file = film.with_file_name("padded.mp4");
    std::fs::write(&file, bytes).expect("write a clip");
    file
}

/// An upload is abandoned in the middle: its parts, its tail and the multipart upload itself are removed.
async fn an_upload_that_expires_leaves_nothing(store: Option<ObjectStore>) {
    let pipeline = TestPipeline::with(Setup { store, ..Setup::default() }).await;
    let service = pipeline.serve("upload", &["upload"]).await;
    let address = service.api_address().expect("the address of the API");
    let film = padded(&clips::plain(pipeline.dir(), 2));
    let entered = Entrant::at(&address).enter(&Entrant::form("半途")).await;
    let memory = pipeline.dir().join("remembered.json");
    let options = json!({ "urlStorage": memory, "chunkSize": 3_000_000, "dieAfterBytes": 10_000_000 });
    assert!(!tus_js::upload(&entered, &film, &options).await.done, "it was killed");
    wait_until_true("a part and a tail lie there", SOON, async || {
        let parts = pipeline.objects.list_multiparts("").await.expect("list uploads in parts").len();
        parts == 1 && !leftovers::keys(&pipeline.objects).await.is_empty()
    })
    .await;
    sqlx::query("update uploads set expires_at = now()").execute(pipeline.truth.pool()).await.expect("let it expire");
    wait_until_true("nothing is left", SOON, async || {
        let parts = pipeline.objects.list_multiparts("").await.expect("list uploads in parts").len();
        parts == 0 && leftovers::keys(&pipeline.objects).await.is_empty()
    })
    .await;
}

/// Garage, or a printed line that its test did not run.
pub(crate) fn garage(story: &str) -> Option<ObjectStore> {
    let store = ObjectStore::garage();
    if store.is_none() {
        eprintln!(
            "DID NOT RUN: {story}: no Garage here (`make garage` installs it; `make test` starts it where it is)"
        );
    }
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_embedded_server_an_entry_goes_all_the_way_and_leaves_only_what_is_wanted() {
    an_entry_goes_all_the_way_and_leaves_only_what_is_wanted(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_garage_an_entry_goes_all_the_way_and_leaves_only_what_is_wanted() {
    let Some(store) = garage("an entry goes all the way") else { return };
    an_entry_goes_all_the_way_and_leaves_only_what_is_wanted(Some(store)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_embedded_server_an_upload_that_expires_leaves_nothing() {
    an_upload_that_expires_leaves_nothing(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_garage_an_upload_that_expires_leaves_nothing() {
    let Some(store) = garage("an upload that expires") else { return };
    an_upload_that_expires_leaves_nothing(Some(store)).await;
}
