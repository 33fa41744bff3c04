//! What an operator sees of a process, and what it leaves in the object store.
use std::time::Duration;

use pipeline::id::UploadId;
use pipeline::object_key::ObjectKey;
use pipeline::submission::Event;
use runtime::embedded_s3;
use runtime::objects::Objects;
use runtime::outcome::Outcome;
use runtime::service::Services;
use runtime::store::submissions;
use runtime::store::submissions::history::Actor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::support::{Process, SOON, World, eventually, output, probing};

/// Status and body of a GET on the admin port.
pub(crate) async fn get(process: &Process, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(process.runtime.admin_addr).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

#[tokio::test]
async fn a_process_is_ready_when_its_neighbours_answer_and_its_consumers_stand() {
    let mut world = World::new().await;
    world.with_objects().await;
    let process = world.process(probing(async |job| Ok(Outcome::Done(output(&job))))).await;
    eventually("it is ready", async || get(&process, "/readyz").await.0 == 200).await;
    assert_eq!(get(&process, "/healthz").await.0, 200);
    process.stop().await;

    let mut config = world.config.clone();
    config.broker.amqp_url = "amqp://guest:guest@127.0.0.1:9/%2f".into();
    let lonely = world.process_with(config, probing(async |_| std::future::pending().await)).await;
    let (status, body) = get(&lonely, "/readyz").await;
    assert_eq!(status, 503);
    assert!(body.contains(r#""database":"ok""#) && body.contains("0 of 1 consumers are active"), "{body}");
    lonely.stop().await;
}

#[tokio::test]
async fn a_watcher_that_wants_every_connection_keeps_no_probe_from_asking() {
    let world = World::new().await;
    let process = world.process(probing(async |_| std::future::pending().await)).await;
    let admin = process.runtime.admin_addr;
    let connect = async || {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        socket.connect(admin).await.unwrap()
    };
    let mut greedy = Vec::new();
    for _ in 0..64 {
        greedy.push(connect().await);
    }
    let mut said = [0; 12];
    let heard = tokio::time::timeout(SOON, connect().await.read_exact(&mut said)).await;
    heard.expect("an answer, not silence").unwrap();
    assert_eq!(said, *b"HTTP/1.1 429");
    assert_eq!(get(&process, "/healthz").await, (200, "alive\n".to_owned()));
    assert_eq!(get(&process, "/metrics").await.0, 200);
    process.stop().await;
}

#[tokio::test]
async fn the_metrics_tell_parts_queues_and_lag() {
    let world = World::new().await;
    let process = world.process(probing(async |job| Ok(Outcome::Done(output(&job))))).await;
    let id = world.uploaded().await;
    world.reaches(id, "screen").await;
    world.store.sample(Duration::ZERO).await.unwrap();
    let text = get(&process, "/metrics").await.1;
    for line in [
        r#"reelmill_parts_total{outcome="done",reason="none",stage="probe"} 1"#,
        r#"reelmill_part_seconds_count{stage="probe"} 1"#,
        r#"reelmill_queue_parts{stage="screen",status="pending"} 1"#,
        r#"reelmill_queue_age_seconds{stage="screen"}"#,
        "reelmill_outbox_lag_seconds",
        r#"reelmill_transactions_total{name="finish_part",outcome="committed"} 1"#,
        "process_resident_memory_bytes",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    process.stop().await;
}

#[tokio::test]
async fn nothing_is_kept_of_what_an_entrant_took_back() {
    let mut world = World::new().await;
    let objects = world.with_objects().await;
    world.config.work.garbage_delay_s = 0.1;
    let id = world.uploaded().await;
    let upload = UploadId(id.0);
    let mut connection = world.store.pool().acquire().await.unwrap();
    submissions::set_mezzanine(&mut connection, id, upload, 1, &[0; 32], None).await.unwrap();
    let neighbour = ObjectKey::Upload(UploadId(uuid::Uuid::now_v7()));
    let theirs = [
        ObjectKey::Upload(upload),
        ObjectKey::Audio(id, 1, pipeline::id::Fence(1), "a1".into()),
        ObjectKey::Rendition(id, 1, "web-720".into(), pipeline::id::Fence(2)),
    ];
    for key in theirs.iter().chain([&neighbour]) {
        objects.put_bytes(key, "x").await.unwrap();
    }
    let process = world.process(Services::new()).await;
    process.runtime.store.apply(id, &Event::Withdrawn, Actor::Entrant).await.unwrap();
    for key in &theirs {
        eventually(&format!("{key} is gone"), async || objects.head(key).await.is_err()).await;
    }
    assert!(objects.head(&neighbour).await.is_ok());
    process.stop().await;
}

#[tokio::test]
async fn a_wrong_catalogue_stops_the_start_and_names_the_file() {
    let mut world = World::new().await;
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in pipeline::catalogue::Catalogue::builtin_files() {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    world.config.catalogue.catalogue_dir = Some(dir.path().to_owned());
    assert_eq!(world.config.catalogue.read().unwrap().contests.len(), 2);
    std::fs::write(dir.path().join("partners/bilibili.toml"), "name = 7").unwrap();
    let started = runtime::service::Runtime::start(world.config.clone()).await;
    let words = format!("{:#}", started.err().expect("no start"));
    assert!(words.contains("partners/bilibili.toml"), "{words}");
}

impl World {
    /// Starts a separate object store for this world.
    pub(crate) async fn with_objects(&mut self) -> Objects {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.config.s3.endpoint = Some(format!("http://{}", listener.local_addr().unwrap()));
        (self.config.s3.access_key, self.config.s3.secret_key) = ("key".into(), "secret".into());
        let serving =
            embedded_s3::serve(self.directory("objects"), listener, "key".into(), "secret".into(), Default::default());
        // Ends with the test's runtime.
        tokio::spawn(serving);
        let objects = Objects::new(&(&self.config.s3).into());
        objects.ensure_bucket().await.unwrap();
        objects
    }

    /// The Garage that `make test` starts if it is installed, with a bucket for this world; otherwise `None`, with a
    /// message.
    pub(crate) async fn with_garage(&mut self) -> Option<Objects> {
        let named = |name: &str| std::env::var(format!("TEST_GARAGE_S3_{name}")).ok();
        let Some(endpoint) = named("ENDPOINT") else {
            eprintln!("DID NOT RUN: no Garage here (`make garage` installs it; `make test` starts it where it is)");
            return None;
        };
        let s3 = &mut self.config.s3;
        s3.endpoint = Some(endpoint);
        s3.region = named("REGION").unwrap_or_else(|| "garage".into());
        (s3.access_key, s3.secret_key) = (named("ACCESS_KEY_ID").unwrap(), named("SECRET_ACCESS_KEY").unwrap());
        s3.bucket = format!("world-{}", uuid::Uuid::now_v7().simple());
        let objects = Objects::new(&(&self.config.s3).into());
        objects.ensure_bucket().await.unwrap();
        Some(objects)
    }
}
