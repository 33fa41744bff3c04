//! The connection to the broker: what its users share.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};
use pipeline::stage::Stage;
use tokio::sync::Mutex;

use super::address::address;
use super::answers::{PATIENCE, within};
use crate::config::BrokerConfig;
use crate::metrics::Metrics;
use crate::telemetry::spans;
use crate::transport::Trusted;
use crate::wire::WORK_EXCHANGE;

/// Both sides notice a dead peer after two of these.
const HEARTBEAT_S: u16 = 5;

/// The connection to the broker. Clones share it.
#[derive(Clone)]
pub struct Broker {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) uri: AMQPUri,
    prefix: String,
    pub(super) metrics: Metrics,
    /// Consumers that are wanted, and those with an active session.
    pub(super) wanted: AtomicUsize,
    pub(super) active: AtomicUsize,
    pub(super) sender: Mutex<Option<Session>>,
}

/// A connection that only sends. A broker that is short of resources blocks connections that publish, and consumers
/// must not be blocked with them.
pub(super) struct Session {
    pub(super) channel: Channel,
    // Kept, because the channel ends with it.
    pub(super) connection: Connection,
}

impl Broker {
    /// Parses the address; connects at first use. `allowed` may be reached without TLS.
    ///
    /// # Errors
    /// An unreadable address, or [`PlaintextRefused`](crate::transport::PlaintextRefused).
    pub fn new(config: &BrokerConfig, allowed: &[Trusted], metrics: Metrics) -> anyhow::Result<Self> {
        let (mut uri, _) = address(config, allowed)?;
        uri.query.heartbeat = Some(HEARTBEAT_S);
        uri.query.connection_timeout = Some(PATIENCE.as_millis() as u64);
        let inner = Inner {
            uri,
            prefix: config.amqp_prefix.clone(),
            metrics,
            wanted: AtomicUsize::new(0),
            active: AtomicUsize::new(0),
            sender: Mutex::new(None),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Whether every consumer is active and the broker answers, within [`PATIENCE`].
    pub async fn check(&self) -> anyhow::Result<()> {
        let wanted = self.inner.wanted.load(Ordering::SeqCst);
        let active = self.inner.active.load(Ordering::SeqCst);
        anyhow::ensure!(active >= wanted, "only {active} of {wanted} consumers are active");
        self.probe().await.context("ask the broker")
    }

    pub(super) async fn connect(&self, purpose: &str) -> anyhow::Result<Connection> {
        let name = format!("reelmill {purpose}");
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let connecting = Connection::connect_uri(self.inner.uri.clone(), properties);
        within("connect to the broker", connecting).await
    }

    /// The source of a stage's hints, as traces name it.
    pub(crate) fn destination(&self, stage: Stage) -> String {
        spans::destination(&self.name(WORK_EXCHANGE), stage, &self.queue(stage))
    }

    /// A name on the broker.
    pub(super) fn name(&self, name: &str) -> String {
        format!("{}{name}", self.inner.prefix)
    }
}
