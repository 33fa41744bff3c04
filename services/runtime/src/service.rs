//! A process: what its roles share, how they start, and how they stop.
//!
//! The first signal stops gently (SIGTERM, SIGINT): nothing new is claimed, running parts get `stop_grace_s` to finish
//! and are then handed back, and the outbox is sent, all within ten seconds. A second signal hands parts back
//! immediately.
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::health::{self, Health};
use crate::outbox;
use crate::reconciler::Reconciler;
use crate::removal::Removal;
use crate::worker::{self, Handler};

mod start;
mod waiting;

pub use crate::process::{Runtime, Shutdown};

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
            warn!("a task of this process did not stop in time and is abandoned");
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
        background.spawn(health::serve(self.health(), admin));
        background.spawn(signals(
            self.shutdown.clone(),
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        ));
        Ok(background)
    }

    fn reconciler(&self) -> Reconciler {
        Reconciler {
            store: self.store.clone(),
            broker: self.broker.clone(),
            metrics: self.metrics.clone(),
            every: self.config.work.reconcile_every(),
            bulk_in_flight: self.config.work.bulk_in_flight,
            bulk_age: self.config.work.bulk_age(),
            clock: self.clock.clone(),
            looked_until: Mutex::default(),
        }
    }

    fn health(&self) -> Health {
        Health {
            store: self.store.clone(),
            broker: self.broker.clone(),
            objects: self.objects.clone(),
            metrics: self.metrics.clone(),
            doors: self.doors.without_proxies(),
            scratch_dir: self.config.work.scratch_dir.clone(),
            stopping: self.shutdown.soft.clone(),
        }
    }

    fn removal(&self) -> Removal {
        Removal {
            store: self.store.clone(),
            objects: self.objects.clone(),
            metrics: self.metrics.clone(),
            every: self.config.work.reconcile_every(),
            clock: self.clock.clone(),
            retention: self.catalogue.retention,
            scratch_dir: self.config.work.scratch_dir.clone(),
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
