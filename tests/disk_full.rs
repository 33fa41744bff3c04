//! Full disks: of the database, of the object store, and a worker's scratch. Clients get 503 and retry, work in
//! progress waits, nothing is parked, nothing acknowledged is lost, and everything continues once there is space.
use std::os::unix::fs::symlink;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use crate::support::catalogue::Gates;
use crate::support::entrant::Entered;
use crate::support::wait::{wait_until, wait_until_true};
use crate::support::{Entrant, ObjectStore, Place, Servers, Service, Setup, TestPipeline, Volume, clips};

const SOON: Duration = Duration::from_secs(180);
/// Failures of its own after which a part is parked.
const MAX_ATTEMPTS: f64 = 5.0;

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_without_any_room_tries_again_until_there_is_some_and_parks_nothing() {
    waits_for_room(|_| 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_fills_the_disk_is_tried_again_until_there_is_room_and_parks_nothing() {
    // The film fits, but no file made from it does.
    waits_for_room(|film| film + 16 * 1024).await;
}

/// Transcodes on a disk with only as much space as `room` returns, and then on one with enough.
async fn waits_for_room(room: impl Fn(u64) -> u64) {
    let dir = tempfile::tempdir().expect("a directory");
    let Some(volume) = Volume::mount_or_say_so(&dir.path().join("scratch"), 64, "a full scratch disk") else { return };
    let env = vec![("RETRY_BASE_S", "0.1".to_owned()), ("RECONCILE_S", "0.5".to_owned())];
    let pipeline = TestPipeline::with(Setup { env, ..Setup::default() }).await;
    let others = pipeline.serve("others", &["upload", "probe", "publish"]).await;
    let scratch = volume.path().to_str().expect("a plain path");
    let worker = pipeline.serve_with("worker", &["transcode"], &[("SCRATCH_DIR", scratch)]).await;
    let film = std::fs::metadata(clips::plain(pipeline.dir(), 3)).expect("the film").len();
    volume.fill_but(room(film));
    let work = pipeline.submit(&others, 3).await;
    let failed = "reelmill_parts_total{outcome=\"failed\",reason=\"disk\",stage=\"transcode\"}";
    wait_until_true("it has failed more often than anything may for reasons of its own", SOON, async || {
        worker.metric(failed).await > 2.0 * MAX_ATTEMPTS
    })
    .await;
    // What operators see: the metric of the alert ScratchAlmostFull, and the reason in the part's row.
    let free = worker.metric("reelmill_scratch_bytes{space=\"free\"}").await;
    assert!(free <= room(film) as f64 + 4096.0, "{free} bytes are free");
    let parts = pipeline.truth.parts(work).await;
    let parts: Vec<_> = parts.iter().filter(|part| part.stage == "transcode").collect();
    assert!(parts.iter().all(|part| part.status != "parked" && part.attempt == 0), "{parts:?}");
    let says_why = |words: &String| words.contains("No space left on device");
    assert!(parts.iter().filter_map(|part| part.last_error.as_ref()).any(says_why), "{parts:?}");
    volume.empty();
    pipeline.truth.reaches(work, "published", SOON).await;
    wait_until_true("nothing of it is left in scratch", SOON, async || files_of_parts(&volume) == 0).await;
}

fn files_of_parts(volume: &Volume) -> usize {
    let below = |path: &std::path::Path| -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(path).into_iter().flatten();
        entries.flatten().map(|entry| entry.path()).collect()
    };
    below(volume.path()).iter().map(|process| below(process).len()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_store_without_room_makes_entrants_and_parts_wait_and_loses_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let root = dir.path().join("s3");
    let Some(volume) = Volume::mount_or_say_so(&root, 64, "a full object store") else { return };
    let store = ObjectStore::apart(Place::here("s3"), &root, &dir.path().join("logs")).await;
    let env = vec![("RETRY_BASE_S", "0.1".to_owned()), ("RECONCILE_S", "0.5".to_owned())];
    let gates = Gates { review: "manual", release: "automatic" };
    let pipeline = TestPipeline::with(Setup { store: Some(store), gates, env, ..Setup::default() }).await;
    let service = pipeline.serve("all", &[]).await;
    let early = pipeline.submit(&service, 3).await;
    pipeline.truth.reaches(early, "awaiting_review", SOON).await;
    let film = std::fs::read(clips::plain(pipeline.dir(), 2)).expect("the film");
    let late = Upload::begin(&service, film.len()).await;

    volume.fill();
    let answer = late.send(0, &film).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("retry-after"), "{answer:?}");
    assert_eq!(answer.json::<Value>().await.expect("a problem")["code"], "unavailable");
    pipeline.command(&["review", "accept", &early.to_string()]).await.exits(0);
    let failed = "reelmill_parts_total{outcome=\"failed\",reason=\"object_store\",stage=\"transcode\"}";
    wait_until_true("parts cannot store what they made", SOON, async || service.metric(failed).await > 0.0).await;

    volume.empty();
    let offset = wait_until("the upload says where it is", SOON, async || late.offset().await).await;
    assert_eq!(late.send(offset, &film[offset..]).await.status(), StatusCode::NO_CONTENT);
    pipeline.truth.reaches(late.entered.id, "awaiting_review", SOON).await;
    pipeline.command(&["review", "accept", &late.entered.id.to_string()]).await.exits(0);
    for work in [early, late.entered.id] {
        pipeline.truth.reaches(work, "published", SOON).await;
    }
    assert_eq!(pipeline.truth.count("select count(*) from parts where attempt > 0").await, 0, "none was counted");
}

/// An upload whose answers are checked one by one.
struct Upload {
    http: reqwest::Client,
    entered: Entered,
    url: String,
}

impl Upload {
    async fn begin(service: &Service, bytes: usize) -> Self {
        let api = service.api_address().expect("it says where");
        let entered = Entrant::at(&api).enter(&Entrant::form("晚到的作品")).await;
        let http = reqwest::Client::new();
        let create = http.post(&entered.upload_url).bearer_auth(&entered.token).header("Tus-Resumable", "1.0.0");
        let created = create.header("Upload-Length", bytes).send().await.expect("create the upload");
        let place = created.headers()["location"].to_str().expect("its address").to_owned();
        let url = if place.starts_with('/') { format!("http://{api}{place}") } else { place };
        Self { http, entered, url }
    }

    async fn send(&self, offset: usize, bytes: &[u8]) -> reqwest::Response {
        let patch = self.http.patch(&self.url).bearer_auth(&self.entered.token).header("Tus-Resumable", "1.0.0");
        let patch = patch.header("Upload-Offset", offset).header("Content-Type", "application/offset+octet-stream");
        patch.body(bytes.to_vec()).send().await.expect("send bytes")
    }

    async fn offset(&self) -> Option<usize> {
        let head = self.http.head(&self.url).bearer_auth(&self.entered.token).header("Tus-Resumable", "1.0.0");
        head.send().await.ok()?.headers().get("upload-offset")?.to_str().ok()?.parse().ok()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_room_is_waited_for_and_keeps_every_entry_that_it_took() {
    let disk = Servers::directory_for_own();
    let data = disk.path().join("postgres");
    let Some(volume) = Volume::mount_or_say_so(&data, 512, "a full disk of the database") else { return };
    let servers = Servers::directory_for_own();
    symlink(&data, servers.path().join("postgres")).expect("where its script looks for it");
    let servers = Servers::own_in(servers, ["postgres", "rabbitmq"].map(Place::here), "");
    let env = vec![("ENTRIES_PER_MINUTE", "0".to_owned())];
    let pipeline = TestPipeline::with(Setup { servers: Some(servers), env, ..Setup::default() }).await;
    let service = pipeline.serve("all", &[]).await;
    let first = pipeline.submit(&service, 2).await;

    volume.fill();
    let api = service.api_address().expect("it says where");
    let (http, form) = (reqwest::Client::new(), Entrant::form("没有空间"));
    let mut taken = 1;
    let refused = wait_until("the database takes no more", SOON * 2, async || {
        // The database has some spare space of its own until then.
        let answer = http.post(format!("http://{api}/api/v1/submissions")).json(&form).send().await.expect("an answer");
        taken += i64::from(answer.status() == StatusCode::CREATED);
        (answer.status() != StatusCode::CREATED).then_some(answer)
    })
    .await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"), "{refused:?}");
    // The figure by which the database's error budget is computed.
    let failed = "reelmill_transactions_total{name=\"enter\",outcome=\"failed\"}";
    assert!(service.metric(failed).await > 0.0, "the failure must be counted");

    volume.empty();
    // If it stopped entirely, the supervisor restarts it.
    wait_until_true("the database is back", SOON, async || pipeline.servers.revive("postgres")).await;
    wait_until_true("the service is ready again", SOON, async || service.is_ready().await).await;
    pipeline.truth.reaches(first, "published", SOON * 2).await;
    assert_eq!(pipeline.truth.count("select count(*) from submissions").await, taken, "what was acknowledged is there");
    let next = pipeline.submit(&service, 2).await;
    pipeline.truth.reaches(next, "published", SOON).await;
}
