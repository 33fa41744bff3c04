//! What the roles of a process share, and its two signals to stop. `service` starts and runs it.
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pipeline::catalogue::Catalogue;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::broker::Broker;
use crate::child::ChildRunner;
use crate::clock::Clock;
use crate::config::Config;
use crate::doors::Doors;
use crate::metrics::Metrics;
use crate::objects::Objects;
use crate::scratch::Scratch;
use crate::store::Store;

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
    /// The admin port, until it is served.
    pub(crate) admin: Mutex<Option<TcpListener>>,
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
    /// Not signalled yet. Running parts get `grace` after the first signal.
    pub(crate) fn after(grace: Duration) -> Self {
        Self { soft: CancellationToken::new(), hard: CancellationToken::new(), grace }
    }

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
