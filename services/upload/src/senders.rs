//! The clients that are sending bytes, and their average rates: when every slot is taken, the slowest is dropped. What
//! it sent is kept, and it may resume.
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A client that sends a megabit a second or more is never slow, however full the service is.
const SLOW_PER_S: f64 = 128.0 * 1024.0;

/// All senders. Clones share them.
#[derive(Clone, Default)]
pub struct Senders {
    all: Arc<Mutex<Vec<Arc<Sending>>>>,
}

/// One sender, until this is dropped.
pub(crate) struct Sender {
    sending: Arc<Sending>,
    all: Senders,
}

#[derive(Default)]
struct Sending {
    figures: Mutex<Figures>,
    dropped: CancellationToken,
}

#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    bytes: u64,
    /// How long we waited for it. The time that we take to store bytes is not the client's.
    waited: Duration,
    waiting_since: Option<Instant>,
}

impl Senders {
    /// Adds a sender.
    pub(crate) fn begin(&self) -> Sender {
        let sending = Arc::<Sending>::default();
        locked(&self.all).push(sending.clone());
        Sender { sending, all: self.clone() }
    }

    /// Drops the slowest of those that were waited for at least `grace`, if any is slow. Returns whether there was one.
    pub(crate) fn drop_slowest(&self, grace: Duration) -> bool {
        let now = Instant::now();
        let all = locked(&self.all);
        let slow = all.iter().filter(|it| !it.dropped.is_cancelled()).filter_map(|it| {
            let rate = locked(&it.figures).rate(now, grace)?;
            (rate < SLOW_PER_S).then_some((rate, it))
        });
        let slowest = slow.min_by(|(one, _), (other, _)| one.total_cmp(other));
        slowest.inspect(|(_, it)| it.dropped.cancel()).is_some()
    }
}

impl Figures {
    /// Bytes a second; `None` before it was waited for long enough to know.
    fn rate(&self, now: Instant, grace: Duration) -> Option<f64> {
        let waited = self.waited + self.waiting_since.map_or(Duration::ZERO, |since| now - since);
        (waited >= grace).then(|| self.bytes as f64 / waited.as_secs_f64().max(0.001))
    }
}

impl Sender {
    /// Waiting for the client begins.
    pub(crate) fn wait(&self) {
        locked(&self.sending.figures).waiting_since = Some(Instant::now());
    }

    /// Records that this many bytes arrived, or that the client ended. Returns how long the service waited for them.
    pub(crate) fn came(&self, bytes: u64) -> Duration {
        let mut figures = locked(&self.sending.figures);
        let waited = figures.waiting_since.take().map_or(Duration::ZERO, |since| since.elapsed());
        figures.waited += waited;
        figures.bytes += bytes;
        waited
    }

    /// Resolves when its slot is needed for a faster client.
    pub(crate) async fn dropped(&self) {
        self.sending.dropped.cancelled().await;
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        locked(&self.all.all).retain(|it| !Arc::ptr_eq(it, &self.sending));
    }
}

/// A panic while one of these locks is held leaves consistent figures.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(10);

    fn sent(senders: &Senders, bytes: u64, waited_s: u64) -> Sender {
        let sender = senders.begin();
        *locked(&sender.sending.figures) =
            Figures { bytes, waited: Duration::from_secs(waited_s), waiting_since: None };
        sender
    }

    #[test]
    fn the_slowest_goes_first_and_then_the_next() {
        let senders = Senders::default();
        let slow = sent(&senders, 50_000, 20);
        let slowest = sent(&senders, 20, 20);
        let fast = sent(&senders, 20 * 1024 * 1024, 20);
        let new = sent(&senders, 1, 9);
        let dropped = || [&slow, &slowest, &fast, &new].map(|it| it.sending.dropped.is_cancelled());
        assert!(senders.drop_slowest(GRACE));
        assert_eq!(dropped(), [false, true, false, false]);
        assert!(senders.drop_slowest(GRACE));
        assert_eq!(dropped(), [true, true, false, false]);
        assert!(!senders.drop_slowest(GRACE), "the others are fast, or too new to tell");
        assert_eq!(dropped(), [true, true, false, false]);
    }

    #[test]
    fn nothing_is_kept_of_those_who_are_done() {
        let senders = Senders::default();
        drop((sent(&senders, 1, 100), sent(&senders, 1, 100)));
        assert!(locked(&senders.all).is_empty());
    }
}
