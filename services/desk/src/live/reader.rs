//! One open page, which receives the updates that its person may see while its session is valid.
use std::sync::Arc;
use std::time::Duration;

use pipeline::person::Person;
use runtime::store::Store;
use tokio::sync::broadcast;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;
use tracing::debug;
use uuid::Uuid;

use super::change::Update;
use super::signal::Signal;
use super::streams::OpenStream;

/// The session and the roles of a stream are checked this often, with its heartbeat. A stream ends if its session is no
/// longer valid, and uses the roles that the person holds now.
const CHECKED_EVERY: Duration = Duration::from_secs(15);
/// Before an update is sent, session and roles are checked again unless the last check is more recent than this. So a
/// change by another process takes effect within this time, and a stream queries the database at most once in this
/// time, however much is announced.
const HOLDS_FOR: Duration = Duration::from_secs(2);

/// One open page.
pub struct Reader {
    person: Arc<Person>,
    session: Uuid,
    signals: broadcast::Receiver<Signal>,
    checks: Interval,
    checked_at: Instant,
    stop: CancellationToken,
    _stream: OpenStream,
}

impl Reader {
    /// A page that was opened now.
    pub(super) fn new(
        person: Arc<Person>,
        session: Uuid,
        signals: broadcast::Receiver<Signal>,
        stop: CancellationToken,
        stream: OpenStream,
    ) -> Self {
        let checks = every(CHECKED_EVERY);
        Self { person, session, signals, checks, checked_at: Instant::now(), stop, _stream: stream }
    }

    /// The next update that this person may see; `None` once the session has ended or the process stops.
    pub async fn next(&mut self, store: &Store) -> Option<Update> {
        loop {
            let signal = tokio::select! {
                signal = self.signals.recv() => signal,
                _ = self.checks.tick() => Ok(Signal::Sessions),
                () = self.stop.cancelled() => return None,
            };
            match signal {
                Ok(Signal::Update(update)) if !update.is_for(&self.person) => {}
                Ok(Signal::Update(update)) => {
                    if self.checked_at.elapsed() >= HOLDS_FOR {
                        self.check(store).await?;
                    }
                    if update.is_for(&self.person) {
                        return Some(update);
                    }
                }
                Ok(Signal::Sessions) => self.check(store).await?,
                Err(broadcast::error::RecvError::Lagged(_)) => return Some(Update::Missed),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// Takes over the roles that the person holds now; `None` if the session is no longer valid. A stream whose session
    /// cannot be checked ends, and the page connects again.
    async fn check(&mut self, store: &Store) -> Option<()> {
        self.checked_at = Instant::now();
        match store.session_holds(self.session).await {
            Ok(person) => self.person = Arc::new(person?),
            Err(error) => {
                debug!("cannot check a session, ending its stream: {error:#}");
                return None;
            }
        }
        Some(())
    }
}

/// A clock whose first tick is one period from now.
pub(super) fn every(period: Duration) -> Interval {
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
