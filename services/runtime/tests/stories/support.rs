//! A world for one test: database, queues, scratch directory, and processes as values.
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use pipeline::id::SubmissionId;
use pipeline::receipt::Receipt;
use pipeline::stage::Stage;
use pipeline::submission::{Event, Gate, Gates, Submission};
use runtime::broker::Broker;
use runtime::config::Config;
use runtime::metrics::Metrics;
use runtime::service::{Runtime, Services};
use runtime::store::submissions::history::Actor;
use runtime::store::submissions::{self, NewSubmission};
use runtime::store::watching::watch;
use runtime::store::work::parts::PartRow;
use runtime::store::work::stuck;
use runtime::store::{Policy, Store};
use serde_json::json;
use sqlx::{Connection, Executor, PgConnection};
use uuid::Uuid;

pub(crate) use crate::stubs::{hand_over, output, probed, screened};
pub(crate) use handlers::{Doing, all_but_publish, probing, refusal, whole_line};
pub(crate) use process::Process;
pub(crate) use wait::{SOON, eventually, found};

mod handlers;
mod process;
mod wait;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    config: Config,
}

/// A database and a set of queues for this test alone, which are removed at the end.
pub(crate) struct World {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) broker: Broker,
    name: String,
    server: String,
    scratch: tempfile::TempDir,
    /// Whether the test itself inserted inconsistent rows.
    planted: AtomicBool,
    /// Whether the test damaged rows that were then repaired.
    repaired: AtomicBool,
}

fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!(
            "{variable} is not set: run `make test`, or `deploy/local/neighbours.sh start DIR` and set TEST_DATABASE_URL and \
             TEST_AMQP_URL to the addresses that it prints"
        )
    })
}

impl World {
    /// Short times: ticks of 0.2 s, leases of 2 s, first back-off of 0.1 s.
    pub(crate) async fn new() -> Self {
        // To copy a migrated database costs less than 20 migrations.
        let template = std::env::var("TEST_DATABASE_TEMPLATE").map_or(String::new(), |it| format!(" template {it}"));
        let world = Self::copied(&template).await;
        world.store.migrate().await.unwrap();
        world
    }

    /// Like [`World::new`], with nothing in the database.
    pub(crate) async fn empty() -> Self {
        Self::copied("").await
    }

    async fn copied(template: &str) -> Self {
        let name = format!("reelmill_test_{}", Uuid::now_v7().simple());
        let server = server("TEST_DATABASE_URL");
        let mut connection = PgConnection::connect(&server).await.expect("TEST_DATABASE_URL");
        connection.execute(sqlx::AssertSqlSafe(format!("create database {name}{template}"))).await.unwrap();
        let database = server.rsplit_once('/').unwrap().0;
        let scratch = tempfile::tempdir().unwrap();
        let parts = scratch.path().join("parts");
        let arguments = Arguments::parse_from([
            "test",
            &format!("--database-url={database}/{name}"),
            &format!("--amqp-url={}", self::server("TEST_AMQP_URL")),
            &format!("--amqp-prefix={name}."),
            &format!("--scratch-dir={}", parts.display()),
            "--listen=127.0.0.1:0",
            "--admin-listen=127.0.0.1:0",
            "--s3-endpoint=http://127.0.0.1:9",
            "--reconcile-s=0.2",
            "--lease-s=2",
            "--retry-base-s=0.1",
            "--stop-grace-s=0.5",
            // Works of these tests are entered into it.
            "--demo-contest",
        ]);
        let (config, metrics) = (arguments.config, Metrics::new().unwrap());
        let (allowed, policy) = (&config.allow_plaintext, Policy::from(&config.work));
        let store = Store::new(&config.database, allowed, policy, metrics.clone()).unwrap();
        let broker = Broker::new(&config.broker, allowed, metrics).unwrap();
        let (planted, repaired) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { config, store, broker, name, server, scratch, planted, repaired }
    }

    /// Declares that the test inserts inconsistent rows, so the check for stuck work at its end is skipped.
    pub(crate) fn rows_are_planted(&self) {
        self.planted.store(true, Ordering::Relaxed);
    }

    /// Declares that the test damages rows and expects their repair.
    pub(crate) fn repairs_are_expected(&self) {
        self.repaired.store(true, Ordering::Relaxed);
    }

    /// A submission whose bytes have arrived: one probe part is pending.
    pub(crate) async fn uploaded(&self) -> SubmissionId {
        let id = self.entered(Gate::Automatic).await;
        assert!(self.store.apply(id, &Event::Uploaded, Actor::Entrant).await.unwrap().changed);
        id
    }

    pub(crate) async fn entered(&self, gate: Gate) -> SubmissionId {
        let id = SubmissionId(Uuid::now_v7());
        let new = &NewSubmission {
            id,
            receipt: Receipt::new("T", id.0.as_u64_pair().1),
            contest: "demo".into(),
            machine: Submission::new(Gates { review: gate, release: gate }),
            title: "钢铁是怎样炼成的".into(),
            theme: "高端升级".into(),
            synopsis: "一分钟".into(),
            recommending_unit: "协会".into(),
            declarations: json!({}),
            token_sha256: vec![0; 32],
        };
        self.store.transaction("enter", |tx, _| Box::pin(submissions::create(tx, new))).await.unwrap();
        id
    }

    /// A directory that is removed with this world.
    pub(crate) fn directory(&self, name: &str) -> std::path::PathBuf {
        self.scratch.path().join(name)
    }

    /// Starts a process.
    pub(crate) async fn process(&self, services: Services) -> Process {
        self.process_with(self.config.clone(), services).await
    }

    pub(crate) async fn process_with(&self, config: Config, services: Services) -> Process {
        let runtime = Runtime::start(config).await.unwrap();
        let running = tokio::spawn(runtime.clone().run(services));
        Process::new(runtime, running)
    }

    pub(crate) async fn part(&self, id: SubmissionId, stage: Stage) -> PartRow {
        let parts = self.store.parts(id).await.unwrap();
        parts.into_iter().rfind(|part| part.stage == stage.name()).expect("a part of this stage")
    }

    pub(crate) async fn state(&self, id: SubmissionId) -> String {
        self.store.submission(id).await.unwrap().unwrap().machine.state.name().to_owned()
    }

    pub(crate) async fn reaches(&self, id: SubmissionId, state: &str) {
        eventually(&format!("{id} is {state}"), async || self.state(id).await == state).await;
    }

    /// Everything that a part's outcome may affect, as text.
    pub(crate) async fn snapshot(&self, id: SubmissionId) -> String {
        let submission = self.store.submission(id).await.unwrap().unwrap();
        let parts = self.store.parts(id).await.unwrap();
        let history = self.store.history(id).await.unwrap();
        let backlog = self.store.backlog().await.unwrap().messages;
        format!("{:?} {:?} {parts:?} {history:?} {backlog}", submission.machine, submission.media_info)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let (name, server, broker) = (self.name.clone(), self.server.clone(), self.broker.clone());
        let database = format!("{}/{name}", server.rsplit_once('/').map_or("", |(base, _)| base));
        let checks = !std::thread::panicking() && !self.planted.load(Ordering::Relaxed);
        let repaired = self.repaired.load(Ordering::Relaxed);
        // Drop cannot wait, and the test's runtime is ending: clean up on a thread with its own runtime.
        let cleaning = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let _ = broker.delete_all().await;
                let stuck = if checks { still_stuck(&database, repaired).await } else { Vec::new() };
                if let Ok(mut connection) = PgConnection::connect(&server).await {
                    let drop = sqlx::AssertSqlSafe(format!("drop database if exists {name} with (force)"));
                    let _ = connection.execute(drop).await;
                }
                stuck
            })
        });
        let stuck = cleaning.join().unwrap_or_else(|_| vec!["its end could not be looked at".to_owned()]);
        assert!(stuck.is_empty(), "left stuck behind, or repaired: {stuck:#?}");
    }
}

/// What is stuck at a test's end, and what was stuck and has been repaired.
async fn still_stuck(database: &str, repaired: bool) -> Vec<String> {
    let mut connection = PgConnection::connect(database).await.unwrap();
    let ids: Vec<Uuid> = sqlx::query_scalar("select id from submissions").fetch_all(&mut connection).await.unwrap();
    let stuck = stuck::find(&mut connection, &ids).await.unwrap();
    let unstuck = "select detail::text from history where what = 'unstuck'";
    let mut found: Vec<String> = sqlx::query_scalar(unstuck).fetch_all(&mut connection).await.unwrap();
    found.retain(|_| !repaired);
    found.extend(stuck.iter().map(|stuck| format!("{stuck:?}")));
    found.extend(watch::miscounted(&mut connection).await.unwrap());
    found
}
