//! The parts of a stage: the object store, the public service and the desk beside it, with a catalogue of the tests'
//! own.
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use desk::Desk;
use pipeline::catalogue::Catalogue;
use pipeline::form::Choice;
use runtime::clock::Clock;
use runtime::config::Config;
use runtime::doors::{Doors, Pseudonyms};
use runtime::mail::Mailer;
use runtime::metrics::Metrics;
use runtime::objects::{Objects, S3Access};
use runtime::scratch::Scratch;
use runtime::seal::Keyring;
use runtime::store::{Policy, Store};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use upload::{App, Settings};
use uuid::Uuid;

/// The embedded object store.
pub(super) struct S3 {
    pub(super) root: PathBuf,
    pub(super) addr: SocketAddr,
    pub(super) stop: CancellationToken,
    pub(super) running: tokio::task::JoinHandle<anyhow::Result<()>>,
}

impl S3 {
    pub(super) async fn start(root: PathBuf, addr: SocketAddr) -> Self {
        let listener = TcpListener::bind(addr).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let serving = runtime::embedded_s3::serve(root.clone(), listener, "key".into(), "secret".into(), stop.clone());
        Self { root, addr, stop, running: tokio::spawn(serving) }
    }
}

pub(super) fn new_app(config: &Config, s3: &S3, scratch: &Scratch, settings: Settings, clock: Clock) -> Arc<App> {
    let access = S3Access {
        endpoint: Some(format!("http://{}", s3.addr)),
        region: "us-east-1".into(),
        bucket: "films".into(),
        access_key: "key".into(),
        secret_key: "secret".into(),
        path_style: true,
    };
    let metrics = Metrics::new().unwrap();
    Arc::new(App {
        doors: Doors::new(settings.forwarded_hops, Pseudonyms::random(), &metrics),
        store: Store::new(&config.database, &config.allow_plaintext, Policy::from(&config.work), metrics).unwrap(),
        objects: Objects::new(&access),
        catalogue: Arc::new(catalogue()),
        clock,
        keys: Keyring::parse("k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap(),
        scratch: scratch.dir(&Uuid::new_v4().to_string()).unwrap(),
        entries: upload::Limiter::default(),
        live: upload::Live::default(),
        mailer: Mailer::of(&config.mail, config.upload.public_url.as_deref(), &config.allow_plaintext).unwrap(),
        mail_waits: Notify::new(),
        links: upload::Limiter::default(),
        drafts: upload::Limiter::default(),
        senders: upload::Senders::default(),
        stock: upload::Stock::default(),
        settings,
        stop: CancellationToken::new(),
        tasks: TaskTracker::new(),
    })
}

/// A recommending unit that the contest `small` suggests.
pub(crate) const SUGGESTED: &str = "湖南省工业和信息化厅";

/// The built-in one, and a contest with a limit of 1000 bytes that suggests a recommending unit.
fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::builtin();
    let mut small = catalogue.contest(&"demo".into()).unwrap().clone();
    small.id = "small".into();
    small.max_upload_bytes = 1000;
    let unit = small.fields.iter_mut().find(|field| field.id == "recommending_unit").unwrap();
    unit.choices = vec![Choice { id: "hunan".into(), zh: SUGGESTED.into(), en: "Hunan".into() }];
    catalogue.contests.insert(small.id.clone(), small);
    catalogue
}

pub(super) async fn serve(app: &Arc<App>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(upload::serve_on(app.clone(), listener));
    url
}

/// The desk beside the public service, on the same servers. It stops with it.
pub(super) async fn serve_desk(app: &Arc<App>, live: desk::Live) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = desk::Service {
        desk: Arc::new(desk_of(app)),
        doors: app.doors.clone(),
        verifier: Arc::default(),
        live,
        broker: None,
        // The same limits, so that a test can try them at either service.
        settings: desk::Settings {
            forwarded_hops: app.settings.forwarded_hops,
            requests_at_once: app.settings.requests_at_once,
            deadline: app.settings.api_deadline,
            ..desk::Settings::default()
        },
        stop: app.stop.clone(),
    };
    tokio::spawn(desk::serve_on(service, listener));
    url
}

/// The state that acts and views of the desk need.
pub(crate) fn desk_of(app: &App) -> Desk {
    Desk {
        store: app.store.clone(),
        objects: app.objects.clone(),
        catalogue: app.catalogue.clone(),
        clock: app.clock.clone(),
        keys: Some(app.keys.clone()),
        site: runtime::store::people::sessions::Site::Console,
        url: String::new(),
        public_url: String::new(),
        allowed_networks: Vec::new(),
        pace: desk::act::sign_in::Pace::default(),
        addresses: |_, _, _| anyhow::bail!("no media here"),
    }
}
