//! A service of its own for each test, with its own servers, and shorthands for what clients do.
//!
//! | what | file |
//! |---|---|
//! | servers and services | here, `building` |
//! | requests of clients, and their answers | `client` |
//! | what clients do not see | `inside` |
//! | the routes of both services | `routes` |
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Parser;
use runtime::clock::Clock;
use runtime::config::Config;
use runtime::scratch::Scratch;
use runtime::store::work::stuck::{self, Stuck};
use sqlx::{Connection, PgConnection};
use upload::{App, Settings};
use uuid::Uuid;

mod building;
mod client;
mod inside;
mod routes;

use building::{S3, new_app, serve, serve_desk};
use inside::run;

pub(crate) use building::{SUGGESTED, desk_of};
pub(crate) use client::{Entry, bytes, form, location, number, refusal, says};
pub(crate) use routes::{Route, document_of, routes};

/// Time limit of every wait.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const MIB: usize = 1024 * 1024;

/// One service and its servers.
pub(crate) struct Stage {
    pub(crate) app: Arc<App>,
    pub(crate) url: String,
    /// The desk's address.
    pub(crate) desk_url: String,
    /// Notifies open pages of the desk of changes.
    pub(crate) live: desk::Live,
    pub(crate) client: reqwest::Client,
    pub(crate) database_url: String,
    admin_url: String,
    s3: S3,
    config: Config,
    scratch: Scratch,
    dir: tempfile::TempDir,
    /// Whether the test wrote rows of works and deliveries itself.
    planted: AtomicBool,
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    config: Config,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::configured(&[], change).await
    }

    /// One that sends mail to this server.
    pub(crate) async fn mailing(smtp_url: &str) -> Self {
        const URL: &str = "https://enter.example";
        let mail = ["--smtp-url", smtp_url, "--mail-from", "noreply@example.org", "--public-url", URL];
        Self::configured(&mail, |settings| settings.public_url = URL.into()).await
    }

    async fn configured(arguments: &[&str], change: impl FnOnce(&mut Settings)) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let admin_url = std::env::var("TEST_DATABASE_URL").expect("TEST_DATABASE_URL names a Postgres for tests");
        let name = format!("upload_{}", Uuid::new_v4().simple());
        // A copy of a migrated database costs less than 20 migrations.
        let template = std::env::var("TEST_DATABASE_TEMPLATE").map_or(String::new(), |it| format!(" template {it}"));
        run(&admin_url, format!("create database {name}{template}")).await;
        let database_url = format!("{}/{name}", admin_url.rsplit_once('/').unwrap().0);
        let neighbours = ["it", "--database-url", &database_url, "--amqp-url", "amqp://none"];
        let config = Line::parse_from(neighbours.iter().chain(arguments)).config;
        let dir = tempfile::tempdir().unwrap();
        let s3 = S3::start(dir.path().join("s3"), "127.0.0.1:0".parse().unwrap()).await;
        let scratch = Scratch::new(&dir.path().join("scratch")).unwrap();
        let mut settings = Settings::default();
        change(&mut settings);
        let app = new_app(&config, &s3, &scratch, settings, Clock::default());
        app.store.migrate().await.unwrap();
        app.objects.ensure_bucket().await.unwrap();
        let url = serve(&app).await;
        let live = desk::Live::default();
        let desk_url = serve_desk(&app, live.clone()).await;
        Self {
            app,
            url,
            desk_url,
            live,
            client: reqwest::Client::new(),
            database_url,
            admin_url,
            s3,
            config,
            scratch,
            dir,
            planted: AtomicBool::new(false),
        }
    }

    /// A second service on the same servers, as if on another machine; returns its address.
    pub(crate) async fn replica(&self) -> (Arc<App>, String) {
        let app = new_app(&self.config, &self.s3, &self.scratch, self.app.settings.clone(), self.app.clock.clone());
        let url = serve(&app).await;
        (app, url)
    }

    /// The address of the object store.
    pub(crate) fn s3_addr(&self) -> SocketAddr {
        self.s3.addr
    }

    /// Stops the object store.
    pub(crate) async fn stop_s3(&mut self) {
        self.s3.stop.cancel();
        (&mut self.s3.running).await.unwrap().unwrap();
    }

    /// Starts it again, with its data.
    pub(crate) async fn start_s3(&mut self) {
        self.s3 = S3::start(self.s3.root.clone(), self.s3.addr).await;
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.app.stop.cancel();
        self.s3.stop.cancel();
        let name = self.database_url.rsplit_once('/').unwrap().1.to_owned();
        let (admin_url, database_url) = (self.admin_url.clone(), self.database_url.clone());
        let checks = !std::thread::panicking() && !self.planted.load(Ordering::Relaxed);
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let stuck = if checks { what_is_stuck(&database_url).await } else { Vec::new() };
                run(&admin_url, format!("drop database {name} with (force)")).await;
                stuck
            })
        });
        let ended = dropping.join();
        if !std::thread::panicking() {
            let stuck = ended.unwrap();
            assert!(stuck.is_empty(), "left stuck: {stuck:#?}");
        }
    }
}

/// Deliveries that are wanted and have no open part, and parts that are open and not wanted.
async fn what_is_stuck(url: &str) -> Vec<Stuck> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let ids: Vec<Uuid> = sqlx::query_scalar("select id from submissions").fetch_all(&mut connection).await.unwrap();
    stuck::find(&mut connection, &ids).await.unwrap()
}

/// Polls until `done`; panics with `what` after [`PATIENCE`]. The only place in these tests that waits for a state.
pub(crate) async fn until(what: &str, done: impl AsyncFn() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !done().await {
        assert!(tokio::time::Instant::now() < deadline, "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
