//! The wait between two sessions.
use std::time::Duration;

use rand::Rng;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::connection::Broker;

/// First and longest wait between two attempts to connect: short enough to consume again within 15 s of a restart.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(3));

/// The wait before the next attempt: it doubles up to a limit, with jitter, so that many processes do not reconnect at
/// the same moment.
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { next: BACKOFF.0 }
    }

    pub(super) fn reset(&mut self) {
        self.next = BACKOFF.0;
    }

    /// Reports a session that ended with `error`, and waits before the next one. Returns `false` once `stop` is
    /// cancelled.
    pub(super) async fn again(
        &mut self,
        broker: &Broker,
        what: &str,
        error: &anyhow::Error,
        stop: &CancellationToken,
    ) -> bool {
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
    pub(super) fn is_long(&self) -> bool {
        self.next == BACKOFF.1
    }

    async fn wait(&mut self) {
        let jitter = rand::rng().random_range(0.5..1.5);
        tokio::time::sleep(self.next.mul_f64(jitter)).await;
        self.next = (self.next * 2).min(BACKOFF.1);
    }
}
