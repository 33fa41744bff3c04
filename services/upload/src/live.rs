//! The open pages of entries, which are notified of changes: the broker's announcements, filtered for each entry.
//! Nothing is stored. A page that may have missed a change reloads everything, so a lost message costs time and never
//! leaves a page wrong.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pipeline::id::SubmissionId;
use runtime::broker::Followed;
use runtime::problem::{Code, Problem};
use runtime::wire::Announced;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

/// Streams of one entry at once; a page that is not visible closes its stream.
const OF_ONE_ENTRY: usize = 4;
/// Streams that one process serves: a quarter of its connections. A page without a stream is updated by a reload.
const AT_ONCE: usize = 512;
/// Changes kept for a slow reader. A reader that falls further behind reloads everything.
const BACKLOG: usize = 1_024;
/// How often the key of an open stream is checked; it is also checked before each change that is sent.
const CHECKED_EVERY: Duration = Duration::from_secs(60);

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An entry or one of its deliveries is in this state now; without a state only its progress changed.
    Of(SubmissionId, Option<String>),
    /// Changes of any entry may have been missed.
    Missed,
}

/// Sends changes to all open pages of this process. Clones share everything.
#[derive(Clone)]
pub struct Live {
    changes: broadcast::Sender<Change>,
    open: Arc<Mutex<HashMap<SubmissionId, usize>>>,
}

impl Default for Live {
    fn default() -> Self {
        Self { changes: broadcast::Sender::new(BACKLOG), open: Arc::default() }
    }
}

impl Live {
    /// Sends the broker's announcements, until `stop` or until the broker's channel closes.
    pub(crate) async fn hear(self, mut followed: mpsc::Receiver<Followed>, stop: CancellationToken) {
        loop {
            let followed = tokio::select! {
                followed = followed.recv() => followed,
                () = stop.cancelled() => return,
            };
            self.send(match followed {
                None => return,
                Some(Followed::Missed) => Change::Missed,
                Some(Followed::Changed(Announced::Work { submission, state, .. })) => Change::Of(submission, state),
                Some(Followed::Changed(Announced::Delivery { submission, state, .. })) => {
                    Change::Of(submission, Some(state))
                }
            });
        }
    }

    /// Sends a change to the pages of its entry.
    pub fn send(&self, change: Change) {
        // An error means that no page is open.
        let _ = self.changes.send(change);
    }

    /// Subscribes a page to an entry.
    ///
    /// # Errors
    /// `too_many_streams` beyond the limit of one entry, `overloaded` beyond that of the process.
    pub(crate) fn read(&self, entry: SubmissionId, stop: CancellationToken) -> Result<Reader, Problem> {
        // A panic while the lock is held leaves consistent counts.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.values().sum::<usize>() >= AT_ONCE {
            return Err(Code::Overloaded.into());
        }
        let own = open.entry(entry).or_default();
        if *own >= OF_ONE_ENTRY {
            return Err(Code::TooManyStreams.into());
        }
        *own += 1;
        let slot = Slot { open: self.open.clone(), entry };
        Ok(Reader { entry, changes: self.changes.subscribe(), checks: checks(), stop, _slot: slot })
    }
}

fn checks() -> Interval {
    let mut checks = interval_at(tokio::time::Instant::now() + CHECKED_EVERY, CHECKED_EVERY);
    checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    checks
}

/// One of the streams that an entry may have; drop frees it.
struct Slot {
    open: Arc<Mutex<HashMap<SubmissionId, usize>>>,
    entry: SubmissionId,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.entry) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.entry);
            }
        }
    }
}

/// One open page.
pub(crate) struct Reader {
    entry: SubmissionId,
    changes: broadcast::Receiver<Change>,
    checks: Interval,
    stop: CancellationToken,
    _slot: Slot,
}

/// The next step of a page's stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Send a change, if the key still opens the entry.
    Send(Change),
    /// Check the key.
    Check,
}

impl Reader {
    /// The next step; `None` once the process stops.
    pub(crate) async fn next(&mut self) -> Option<Next> {
        loop {
            let change = tokio::select! {
                change = self.changes.recv() => change,
                _ = self.checks.tick() => return Some(Next::Check),
                () = self.stop.cancelled() => return None,
            };
            match change {
                Ok(Change::Of(entry, _)) if entry != self.entry => {}
                Ok(change) => return Some(Next::Send(change)),
                Err(broadcast::error::RecvError::Lagged(_)) => return Some(Next::Send(Change::Missed)),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn entry(n: u128) -> SubmissionId {
        SubmissionId(Uuid::from_u128(n))
    }

    #[tokio::test]
    async fn a_page_hears_of_its_own_entry_only() {
        let (live, stop) = (Live::default(), CancellationToken::new());
        let mut reader = live.read(entry(1), stop.clone()).unwrap();
        let own = Change::Of(entry(1), Some("probe".into()));
        for change in [Change::Of(entry(2), None), own.clone(), Change::Missed] {
            live.send(change);
        }
        assert_eq!(reader.next().await, Some(Next::Send(own)));
        assert_eq!(reader.next().await, Some(Next::Send(Change::Missed)));
        stop.cancel();
        assert_eq!(reader.next().await, None);
    }

    #[tokio::test]
    async fn streams_are_bounded_for_one_entry_and_for_all() {
        let (live, stop) = (Live::default(), CancellationToken::new());
        let read = |n| live.read(entry(n), stop.clone()).map_err(|problem| problem.code);
        let own: Vec<_> = (0..OF_ONE_ENTRY).map(|_| read(0).unwrap()).collect();
        assert_eq!(read(0).err(), Some(Code::TooManyStreams));
        let all: Vec<_> = (OF_ONE_ENTRY..AT_ONCE).map(|n| read(n as u128).unwrap()).collect();
        assert_eq!(read(9_999).err(), Some(Code::Overloaded));
        drop((own, all));
        assert!(live.open.lock().unwrap().is_empty() && read(0).is_ok());
    }
}
