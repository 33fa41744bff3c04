//! RabbitMQ: only this file and `broker/` use AMQP. It sends with confirms, receives hints, follows events, and
//! reconnects.
//!
//! lapin could recover connections by itself, but not the messages in flight on them. Here `Err`, the end of the
//! stream, a cancel by the server and a refused declaration are all handled alike: drop the session, back off, connect
//! and declare again. Readiness is false meanwhile. Nothing is lost, because every message carries only what is also in
//! the database.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context;
use lapin::message::Delivery;
use lapin::options::BasicAckOptions;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties};
use pipeline::stage::Stage;
use rand::Rng;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::config::Config;
use crate::metrics::Metrics;
use crate::telemetry::spans;
use crate::transport::{self, Line};
use crate::wire::WORK_EXCHANGE;

mod examine;
mod following;
mod receiving;
mod sending;
mod topology;

pub use examine::QueueState;
pub use following::Followed;
pub use sending::SendError;
pub(crate) use topology::MAX_HINTS;

/// The longest wait for any answer of the broker. A broker that is slower than this is treated as unreachable.
const PATIENCE: Duration = Duration::from_secs(5);
/// Both sides notice a dead peer after two of these.
const HEARTBEAT_S: u16 = 5;
/// First and longest wait between two attempts to connect: short enough to consume again within 15 s of a restart.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(3));

/// The connection to the broker. Clones share it.
#[derive(Clone)]
pub struct Broker {
    inner: Arc<Inner>,
}

struct Inner {
    uri: AMQPUri,
    prefix: String,
    metrics: Metrics,
    /// Consumers that are wanted, and those with an active session.
    wanted: AtomicUsize,
    standing: AtomicUsize,
    sender: Mutex<Option<sending::Session>>,
}

/// "There may be work." Held until the part is finished, so that the broker sends no more than there are slots.
pub struct Hint {
    delivery: Delivery,
}

impl Hint {
    /// Acknowledges the hint, whatever the result of the work. If the session has ended meanwhile this does nothing:
    /// the broker gives the message to another worker, which finds no work.
    pub async fn ack(self) {
        let acked = tokio::time::timeout(PATIENCE, self.delivery.ack(BasicAckOptions::default())).await;
        if let Ok(Err(error)) = acked {
            tracing::debug!("a message could not be acknowledged, its session has ended: {error}");
        }
    }

    /// The id that its sender gave it: that of the outbox row.
    pub fn message_id(&self) -> Option<String> {
        Some(self.delivery.properties.message_id().as_ref()?.as_str().to_owned())
    }

    /// W3C trace context of the span that created the work.
    pub fn traceparent(&self) -> Option<String> {
        let headers = self.delivery.properties.headers().as_ref()?;
        let value = headers.inner().get("traceparent")?.as_long_string()?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    }
}

/// Why a connection to the broker with these settings is allowed.
///
/// # Errors
/// An unreadable address, or [`transport::PlaintextRefused`].
pub fn line(config: &Config) -> anyhow::Result<Line> {
    address(config).map(|(_, line)| line)
}

/// The broker's address, if a connection to it is allowed.
fn address(config: &Config) -> anyhow::Result<(AMQPUri, Line)> {
    let uri: AMQPUri = config.amqp_url.parse().map_err(|error| anyhow::anyhow!("read AMQP_URL: {error}"))?;
    let tls = match uri.scheme {
        AMQPScheme::AMQP => false,
        AMQPScheme::AMQPS => true,
    };
    let line = transport::to_broker(&uri.authority.host, tls, &config.allow_plaintext)?;
    Ok((uri, line))
}

impl Broker {
    /// Parses the address; connects at first use.
    ///
    /// # Errors
    /// An unreadable address, or [`transport::PlaintextRefused`].
    pub fn new(config: &Config, metrics: Metrics) -> anyhow::Result<Self> {
        let (mut uri, _) = address(config)?;
        uri.query.heartbeat = Some(HEARTBEAT_S);
        uri.query.connection_timeout = Some(PATIENCE.as_millis() as u64);
        let inner = Inner {
            uri,
            prefix: config.amqp_prefix.clone(),
            metrics,
            wanted: AtomicUsize::new(0),
            standing: AtomicUsize::new(0),
            sender: Mutex::new(None),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Receives hints of `stage`, never more than `slots` unacknowledged ones, over as many sessions as needed, until
    /// `stop`.
    pub fn consume(&self, stage: Stage, slots: u16, stop: CancellationToken) -> mpsc::Receiver<Hint> {
        let (sender, receiver) = mpsc::channel(usize::from(slots));
        tokio::spawn(receiving::supervise(self.clone(), stage, slots, sender, stop));
        receiver
    }

    /// Whether every consumer is active and the broker answers, within [`PATIENCE`].
    pub async fn check(&self) -> anyhow::Result<()> {
        let (wanted, standing) = (self.inner.wanted.load(Ordering::SeqCst), self.inner.standing.load(Ordering::SeqCst));
        anyhow::ensure!(standing >= wanted, "{standing} of {wanted} consumers stand");
        self.probe().await.context("ask the broker")
    }

    async fn connect(&self, purpose: &str) -> anyhow::Result<Connection> {
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
    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.inner.prefix)
    }
}

/// The wait before the next attempt: it doubles up to a limit, with jitter, so that many processes do not reconnect at
/// the same moment.
struct Backoff {
    next: Duration,
}

impl Backoff {
    fn new() -> Self {
        Self { next: BACKOFF.0 }
    }

    fn reset(&mut self) {
        self.next = BACKOFF.0;
    }

    /// Reports a session that ended with `error`, and waits before the next one. Returns `false` once `stop` is
    /// cancelled.
    async fn again(&mut self, broker: &Broker, what: &str, error: &anyhow::Error, stop: &CancellationToken) -> bool {
        broker.inner.metrics.broker_reconnects.inc();
        // One warning for each outage: this is the first failure since a session was active. Later attempts fail while
        // the broker is unreachable.
        if self.next == BACKOFF.0 {
            warn!("the session for {what} ended, beginning another: {error:#}");
        } else {
            debug!("no session for {what} yet: {error:#}");
        }
        tokio::select! {
            () = self.wait() => true,
            () = stop.cancelled() => false,
        }
    }

    /// Whether attempts have failed for some seconds.
    fn is_long(&self) -> bool {
        self.next == BACKOFF.1
    }

    async fn wait(&mut self) {
        let jitter = rand::rng().random_range(0.5..1.5);
        tokio::time::sleep(self.next.mul_f64(jitter)).await;
        self.next = (self.next * 2).min(BACKOFF.1);
    }
}

/// Waits for an answer of the broker, with the usual deadline.
async fn within<T>(what: &str, answer: impl Future<Output = lapin::Result<T>>) -> anyhow::Result<T> {
    within_time(PATIENCE, what, answer).await
}

/// Like [`within`], with another deadline.
async fn within_time<T>(
    time: Duration,
    what: &str,
    answer: impl Future<Output = lapin::Result<T>>,
) -> anyhow::Result<T> {
    match tokio::time::timeout(time, answer).await {
        // As text: lapin's errors contain their cause, and a chain would print it twice.
        Ok(result) => result.map_err(|error| anyhow::anyhow!("{what}: {error}")),
        Err(_) => anyhow::bail!("{what}: no answer within {} s", time.as_secs()),
    }
}

/// Tries to close the connection properly, and ignores failures.
async fn close(connection: Connection) {
    let closing = connection.close(200, "done".into());
    if tokio::time::timeout(Duration::from_secs(1), closing).await.is_err() {
        warn!("the broker did not confirm the end of a connection");
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Settings {
        #[command(flatten)]
        config: Config,
    }

    #[test]
    fn the_line_is_that_of_the_host_and_the_scheme_that_are_connected_to() {
        let line = |amqp_url: &str| {
            let settings = ["test", "--database-url", "postgres:///d", "--amqp-url", amqp_url];
            line(&Settings::parse_from(settings).config)
                .map_err(|error| error.downcast_ref::<transport::PlaintextRefused>().map(|it| it.host.clone()))
        };
        assert_eq!(line("amqp://u:p@localhost/%2f"), Ok(Line::Local));
        assert_eq!(line("amqp://u:p@127.0.0.1:5673/%2f"), Ok(Line::Local));
        assert_eq!(line("amqps://u:p@mq.example/%2f"), Ok(Line::Verified));
        assert_eq!(line("amqp://localhost:p@mq.example/%2f"), Err(Some("mq.example".into())));
        assert_eq!(line("amqp://mq.example#@localhost/%2f"), Err(Some("mq.example".into())));
        assert_eq!(line("http://localhost"), Err(None));
    }
}
