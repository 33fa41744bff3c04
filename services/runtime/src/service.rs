//! A process: what its roles share, how they start, and how they stop.
//!
//! The first signal stops gently (SIGTERM, SIGINT): nothing new is claimed, running parts get `stop_grace_s` to finish
//! and are then handed back, and the outbox is sent, all within ten seconds. A second signal hands parts back
//! immediately.
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use pipeline::catalogue::Catalogue;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::broker::Broker;
use crate::child::ChildRunner;
use crate::clock::Clock;
use crate::config::Config;
use crate::doors::Doors;
use crate::health::Starting;
use crate::metrics::Metrics;
use crate::objects::Objects;
use crate::reconciler::Reconciler;
use crate::removal::Removal;
use crate::scratch::Scratch;
use crate::store::Store;
use crate::worker::{self, Handler};
use crate::{health, outbox};

mod waiting;

/// What every role of a process shares.
pub struct Runtime {
    /// The settings.
    pub config: Config,
    /// Postgres.
    pub store: Store,
    /// RabbitMQ.
    pub broker: Broker,
    /// S3.
    pub objects: Objects,
    /// Contests, partners, ladders.
    pub catalogue: Arc<Catalogue>,
    /// The time.
    pub clock: Clock,
    /// What Prometheus reads.
    pub metrics: Metrics,
    /// Logs and counts refused requests.
    pub doors: Doors,
    /// Sandboxed children.
    pub child: ChildRunner,
    /// Directories for running parts.
    pub scratch: Scratch,
    /// When to stop.
    pub shutdown: Shutdown,
    /// Where /metrics, /healthz and /readyz are.
    pub admin_addr: SocketAddr,
    /// The name of this process in claims, for people: host and process.
    pub holder: String,
    admin: Mutex<Option<TcpListener>>,
}

/// The two signals to stop.
#[derive(Clone, Debug)]
pub struct Shutdown {
    /// Take nothing new, and finish what can be finished soon.
    pub soft: CancellationToken,
    /// Drop everything.
    pub hard: CancellationToken,
    grace: Duration,
}

impl Shutdown {
    /// Resolves when running parts must be handed back.
    pub async fn out_of_grace(&self) {
        let patiently = async {
            self.soft.cancelled().await;
            tokio::time::sleep(self.grace).await;
        };
        tokio::select! {
            () = patiently => {}
            () = self.hard.cancelled() => {}
        }
    }
}

type Task = Box<dyn FnOnce(Arc<Runtime>) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>> + Send>;

/// What a process does: workers of stages, and tasks such as an HTTP server.
#[derive(Default)]
pub struct Services {
    tasks: Vec<(String, Task)>,
}

impl Services {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Serves a stage with `handler`.
    #[must_use]
    pub fn worker<H: Handler>(self, handler: H) -> Self {
        self.task(H::STAGE.name(), move |runtime| worker::serve(runtime, Arc::new(handler)))
    }

    /// Runs a task. It must end soon after `shutdown.soft`; if it ends before that, the process stops.
    #[must_use]
    pub fn task<F, R>(mut self, name: &str, task: F) -> Self
    where
        F: FnOnce(Arc<Runtime>) -> R + Send + 'static,
        R: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        self.tasks.push((name.to_owned(), Box::new(move |runtime| Box::pin(task(runtime)))));
        self
    }

    /// Both.
    #[must_use]
    pub fn and(mut self, other: Services) -> Self {
        self.tasks.extend(other.tasks);
        self
    }
}

/// Anything that has not ended this long after the soft signal is abandoned. The leases take care of it.
const STOP_DEADLINE: Duration = Duration::from_millis(9500);

impl Runtime {
    /// Reads the catalogue, binds the admin port, and waits for the database and its schema.
    pub async fn start(config: Config) -> anyhow::Result<Arc<Self>> {
        let catalogue = config.catalogue()?;
        let metrics = Metrics::new()?;
        let store = Store::new(&config, metrics.clone())?;
        let broker = Broker::new(&config, metrics.clone())?;
        let objects = Objects::watched(&(&config.s3).into(), &metrics);
        metrics.whole.tell_catalogue(&catalogue);
        let doors = Doors::new(config.forwarded_hops, config.pseudonyms(), &metrics);
        let child = ChildRunner::new(&config, metrics.clone())?;
        let scratch = Scratch::new(&config.scratch_dir)?;
        let admin = TcpListener::bind(config.admin_listen)
            .await
            .with_context(|| format!("listen on {} for metrics", config.admin_listen))?;
        let admin_addr = admin.local_addr()?;
        info!("metrics and health are served on {admin_addr}");
        let starting = Starting::begin(&admin, doors.without_proxies(), &metrics)?;
        waiting::for_the_database(&store, &config, &starting).await?;
        starting.end().await;
        let grace = Duration::from_secs_f64(config.stop_grace_s);
        let shutdown = Shutdown { soft: CancellationToken::new(), hard: CancellationToken::new(), grace };
        Ok(Arc::new(Self {
            config,
            store,
            broker,
            objects,
            catalogue,
            clock: Clock::default(),
            metrics,
            doors,
            child,
            scratch,
            shutdown,
            admin_addr,
            holder: holder(),
            admin: Mutex::new(Some(admin)),
        }))
    }

    /// Runs `services` until a signal, until `shutdown.soft` is cancelled, or until one of them fails.
    pub async fn run(self: Arc<Self>, services: Services) -> anyhow::Result<()> {
        let last = CancellationToken::new();
        let background = self.background(&last)?;
        let mut tasks = JoinSet::new();
        for (name, task) in services.tasks {
            let running = task(self.clone());
            let stopping = self.shutdown.soft.clone();
            tasks.spawn(async move {
                let ended = running.await.with_context(|| name.clone());
                if ended.is_ok() && !stopping.is_cancelled() {
                    anyhow::bail!("{name} ended by itself");
                }
                ended
            });
        }
        let outcome = tokio::select! {
            ended = first_failure(&mut tasks), if !tasks.is_empty() => ended,
            () = self.shutdown.soft.cancelled() => Ok(()),
        };
        self.shutdown.soft.cancel();
        info!("stopping: takes nothing new, finishes or hands back what runs");
        let stopped = tokio::time::timeout(STOP_DEADLINE, first_failure(&mut tasks)).await;
        if stopped.is_err() {
            warn!("something did not stop in time and is abandoned");
        }
        last.cancel();
        // Other processes should learn of the parts handed back now, not at the next tick.
        let farewell = outbox::drain(&self.store, &self.broker, &self.shutdown.hard);
        let _ = tokio::time::timeout(Duration::from_millis(500), farewell).await;
        drop(background);
        outcome
    }

    /// What runs in every service: relay, reconciler, removal, admin server, signals. It ends when the result is
    /// dropped.
    fn background(self: &Arc<Self>, last: &CancellationToken) -> anyhow::Result<JoinSet<()>> {
        let mut background = JoinSet::new();
        background.spawn(outbox::relay(self.store.clone(), self.broker.clone(), last.clone()));
        background.spawn(self.reconciler().run(self.shutdown.soft.clone()));
        background.spawn(self.removal().run(self.shutdown.soft.clone()));
        let admin = self.admin.lock().ok().and_then(|mut admin| admin.take()).context("a runtime runs once")?;
        background.spawn(health::serve(self.clone(), admin));
        background.spawn(signals(
            self.shutdown.clone(),
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        ));
        Ok(background)
    }

    pub(crate) fn reconciler(&self) -> Reconciler {
        Reconciler {
            store: self.store.clone(),
            broker: self.broker.clone(),
            metrics: self.metrics.clone(),
            every: self.config.reconcile_every(),
            bulk_in_flight: self.config.bulk_in_flight,
            bulk_age: Duration::from_secs_f64(self.config.bulk_age_s),
            clock: self.clock.clone(),
            looked_until: Mutex::default(),
        }
    }

    fn removal(&self) -> Removal {
        Removal {
            store: self.store.clone(),
            objects: self.objects.clone(),
            metrics: self.metrics.clone(),
            every: self.config.reconcile_every(),
            clock: self.clock.clone(),
            retention: self.catalogue.retention,
            scratch_dir: self.config.scratch_dir.clone(),
        }
    }
}

/// The first failure of any task, or `Ok` when all have ended well.
async fn first_failure(tasks: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    while let Some(ended) = tasks.join_next().await {
        ended.context("a service panicked")??;
    }
    Ok(())
}

async fn signals(
    shutdown: Shutdown,
    mut terminate: tokio::signal::unix::Signal,
    mut interrupt: tokio::signal::unix::Signal,
) {
    for token in [&shutdown.soft, &shutdown.hard] {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        token.cancel();
    }
}

fn holder() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_else(|_| "unknown".to_owned());
    format!("{}:{}", host.trim(), std::process::id())
}
