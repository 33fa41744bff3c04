//! Updates for open pages: received from the broker and filtered for each person. Nothing is stored. A page that may
//! have missed an update loads everything again, so a lost update costs time but never leaves a page wrong.
//!
//! `announced` turns what the broker announces into a `change`; a `reader` is one open page; `streams` counts them.
use std::sync::Arc;
use std::time::Duration;

use pipeline::person::Person;
use runtime::broker::Followed;
use runtime::problem::Problem;
use runtime::store::Store;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use tracing::debug;
use uuid::Uuid;

use announced::Announcements;
use reader::{Reader, every};
use signal::Signal;
use streams::OpenStreams;

mod announced;
mod change;
mod reader;
mod signal;
mod streams;

pub use change::{Change, Update};

/// Updates that are kept for a slow reader. A reader that falls further behind gets [`Update::Missed`] instead.
const BACKLOG: usize = 1_024;
/// Changes of jobs are not announced, so jobs are queried this often while there is a reader.
const JOBS_EVERY: Duration = Duration::from_secs(5);

/// Sends updates to all readers of this process. Clones share everything.
#[derive(Clone)]
pub struct Live {
    signals: broadcast::Sender<Signal>,
    streams: OpenStreams,
}

impl Default for Live {
    fn default() -> Self {
        Self { signals: broadcast::Sender::new(BACKLOG), streams: OpenStreams::default() }
    }
}

impl Live {
    /// Sends what the broker announces, until `stop` or until the broker's channel closes.
    pub async fn hear(self, store: Store, mut followed: mpsc::Receiver<Followed>, stop: CancellationToken) {
        let mut announcements = Announcements::default();
        let mut jobs = every(JOBS_EVERY);
        loop {
            let followed = tokio::select! {
                followed = followed.recv() => followed,
                _ = jobs.tick() => {
                    self.send_jobs(&store).await;
                    continue;
                }
                () = stop.cancelled() => return,
            };
            let Some(followed) = followed else { return };
            // Without a reader, nothing is queried.
            if self.signals.receiver_count() == 0 {
                continue;
            }
            let announced = match followed {
                Followed::Missed => {
                    self.send(Update::Missed);
                    continue;
                }
                Followed::Changed(announced) => announced,
            };
            match announcements.change(&store, announced).await {
                Ok(change) => change.into_iter().for_each(|change| self.send(Update::Changed(change))),
                Err(error) => {
                    debug!("cannot look up a change, readers load everything again: {error:#}");
                    self.send(Update::Missed);
                }
            }
        }
    }

    /// Sends an update to every reader who may see it.
    pub fn send(&self, update: Update) {
        // An error says that there is no reader.
        let _ = self.signals.send(Signal::Update(update));
    }

    /// Sessions, persons or roles may have ended: every stream checks its own now.
    pub fn check_sessions(&self) {
        let _ = self.signals.send(Signal::Sessions);
    }

    /// Starts a reader for a person, under a session.
    ///
    /// # Errors
    /// `too_many_streams` beyond the limit of one person, `overloaded` beyond that of the process.
    pub fn read(&self, person: Arc<Person>, session: Uuid, stop: CancellationToken) -> Result<Reader, Problem> {
        let stream = self.streams.open(person.id)?;
        Ok(Reader::new(person, session, self.signals.subscribe(), stop, stream))
    }

    async fn send_jobs(&self, store: &Store) {
        if self.signals.receiver_count() == 0 {
            return;
        }
        match store.jobs_stirring().await {
            Ok(jobs) => {
                for job in jobs {
                    let change = Change {
                        kind: "job",
                        id: job.id,
                        partner: None,
                        state: Some(job.state),
                        contests: job.contests,
                    };
                    self.send(Update::Changed(change));
                }
            }
            Err(error) => debug!("cannot look for jobs that changed: {error:#}"),
        }
    }
}
