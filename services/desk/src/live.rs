//! Updates for open pages: received from the broker and filtered for each person. Nothing is stored. A page that may
//! have missed an update loads everything again, so a lost update costs time but never leaves a page wrong.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pipeline::id::{ContestId, PartnerId, PersonId, SubmissionId};
use pipeline::person::{Person, Sees};
use runtime::broker::Followed;
use runtime::problem::{Code, Problem};
use runtime::store::Store;
use runtime::wire::Announced;
use serde::Serialize;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;
use tracing::debug;
use uuid::Uuid;

use crate::roles::READERS;

/// Streams that one person may have open; a page that is not visible closes its stream.
pub(crate) const OF_ONE_PERSON: usize = 4;
/// Streams that one process serves: fewer than half of its connections.
pub(crate) const AT_ONCE: usize = 200;
/// Updates that are kept for a slow reader. A reader that falls further behind gets [`Update::Missed`] instead.
const BACKLOG: usize = 1_024;
/// Changes of jobs are not announced, so jobs are queried this often while there is a reader.
const JOBS_EVERY: Duration = Duration::from_secs(5);
/// The session and the roles of a stream are checked this often, with its heartbeat. A stream ends if its session is no
/// longer valid, and uses the roles that the person holds now.
const CHECKED_EVERY: Duration = Duration::from_secs(15);
/// Before an update is sent, session and roles are checked again unless the last check is more recent than this. So a
/// change by another process takes effect within this time, and a stream queries the database at most once in this
/// time, however much is announced.
const HOLDS_FOR: Duration = Duration::from_secs(2);
/// Works whose contest is remembered: announcements of deliveries do not contain it.
const REMEMBERED: usize = 4_096;

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// `work`, `delivery` or `job`.
    pub kind: &'static str,
    /// The work or the job; of a delivery, its work.
    pub id: Uuid,
    /// The partner, of a delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
    /// Its state now; absent if only its progress changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Who may see it: people who read each of these contests; if it names none, people who read all.
    #[serde(skip)]
    pub contests: Vec<ContestId>,
}

impl Change {
    /// Whether this person may see it.
    fn is_for(&self, person: &Person) -> bool {
        let sees = person.sees_in(READERS);
        match sees {
            Sees::All => true,
            Sees::Only(_) => !self.contests.is_empty() && self.contests.iter().all(|contest| sees.includes(contest)),
        }
    }
}

/// What a reader receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// Something changed.
    Changed(Change),
    /// A change may have been missed.
    Missed,
}

impl Update {
    /// Whether this person may receive it.
    fn is_for(&self, person: &Person) -> bool {
        match self {
            Update::Changed(change) => change.is_for(person),
            Update::Missed => true,
        }
    }
}

/// What every reader of the process receives.
#[derive(Clone)]
enum Signal {
    Update(Update),
    /// A session, a person or a role may have ended.
    Sessions,
}

/// Sends updates to all readers of this process. Clones share everything.
#[derive(Clone)]
pub struct Live {
    signals: broadcast::Sender<Signal>,
    readers: Arc<Mutex<HashMap<PersonId, usize>>>,
}

impl Default for Live {
    fn default() -> Self {
        Self { signals: broadcast::Sender::new(BACKLOG), readers: Arc::default() }
    }
}

impl Live {
    /// Sends what the broker announces, until `stop` or until the broker's channel closes.
    pub async fn hear(self, store: Store, mut followed: mpsc::Receiver<Followed>, stop: CancellationToken) {
        let mut contests = HashMap::new();
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
            match change_of(&store, &mut contests, announced).await {
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
    /// [`Code::TooManyStreams`] beyond the limit of one person, [`Code::Overloaded`] beyond that of the process.
    pub fn read(&self, person: Arc<Person>, session: Uuid, stop: CancellationToken) -> Result<Reader, Problem> {
        let seat = self.take_seat(person.id)?;
        Ok(Reader {
            person,
            session,
            signals: self.signals.subscribe(),
            checks: every(CHECKED_EVERY),
            checked_at: Instant::now(),
            stop,
            _seat: seat,
        })
    }

    async fn send_jobs(&self, store: &Store) {
        if self.signals.receiver_count() == 0 {
            return;
        }
        match store.jobs_stirring().await {
            Ok(jobs) => {
                for job in jobs {
                    let (id, state, contests) = (job.id, Some(job.state), job.contests);
                    self.send(Update::Changed(Change { kind: "job", id, partner: None, state, contests }));
                }
            }
            Err(error) => debug!("cannot look for jobs that changed: {error:#}"),
        }
    }

    fn take_seat(&self, person: PersonId) -> Result<Seat, Problem> {
        // A panic while the lock is held leaves valid counts.
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.values().sum::<usize>() >= AT_ONCE {
            return Err(Code::Overloaded.into());
        }
        let own = readers.entry(person).or_default();
        if *own >= OF_ONE_PERSON {
            return Err(Code::TooManyStreams.into());
        }
        *own += 1;
        Ok(Seat { readers: self.readers.clone(), person })
    }
}

/// One of the streams that a person may have; dropping it frees it.
struct Seat {
    readers: Arc<Mutex<HashMap<PersonId, usize>>>,
    person: PersonId,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = readers.get_mut(&self.person) {
            *own -= 1;
            if *own == 0 {
                readers.remove(&self.person);
            }
        }
    }
}

/// One open page.
pub struct Reader {
    person: Arc<Person>,
    session: Uuid,
    signals: broadcast::Receiver<Signal>,
    checks: Interval,
    checked_at: Instant,
    stop: CancellationToken,
    _seat: Seat,
}

impl Reader {
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
fn every(period: Duration) -> Interval {
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// An announcement as readers receive it; `None` if the work no longer exists.
async fn change_of(
    store: &Store,
    contests: &mut HashMap<SubmissionId, ContestId>,
    announced: Announced,
) -> anyhow::Result<Option<Change>> {
    let (kind, submission, partner, state, contest) = match announced {
        Announced::Work { submission, contest, state } => ("work", submission, None, state, contest),
        Announced::Delivery { submission, partner, state } => {
            let known = match contests.get(&submission) {
                Some(contest) => Some(contest.clone()),
                None => store.contest_of_work(submission).await?,
            };
            let Some(contest) = known else { return Ok(None) };
            ("delivery", submission, Some(partner), Some(state), contest)
        }
    };
    remember(contests, submission, contest.clone());
    Ok(Some(Change { kind, id: submission.0, partner, state, contests: vec![contest] }))
}

fn remember(contests: &mut HashMap<SubmissionId, ContestId>, submission: SubmissionId, contest: ContestId) {
    if contests.len() >= REMEMBERED {
        contests.clear();
    }
    contests.insert(submission, contest);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::DateTime;
    use pipeline::person::{Held, Role};

    use super::*;

    fn person(n: u128, roles: &[Held]) -> Arc<Person> {
        let (roles, created_at): (BTreeSet<_>, _) = (roles.iter().cloned().collect(), DateTime::UNIX_EPOCH);
        let id = PersonId(Uuid::from_u128(n));
        Arc::new(Person { id, name: "王芳".into(), login: None, roles, created_at, ended_at: None })
    }

    fn change(contests: &[&str]) -> Change {
        let contests = contests.iter().map(|contest| ContestId::new(*contest)).collect();
        Change { kind: "work", id: Uuid::nil(), partner: None, state: Some("probe".into()), contests }
    }

    #[test]
    fn a_person_receives_changes_of_the_contests_that_they_read_and_of_no_other() {
        let everywhere = person(1, &[Held::everywhere(Role::Auditor)]);
        let bound = person(1, &[Held::within(Role::Screener, "demo"), Held::everywhere(Role::Admin)]);
        let both = person(1, &[Held::within(Role::Screener, "demo"), Held::within(Role::Auditor, "small")]);
        let receives = |person: &Person| {
            [&["demo"][..], &["small"], &["demo", "small"], &["demo", "small", "other"], &[]]
                .map(|it| change(it).is_for(person))
        };
        assert_eq!(receives(&everywhere), [true; 5]);
        assert_eq!(receives(&bound), [true, false, false, false, false]);
        assert_eq!(receives(&both), [true, true, true, false, false]);
        let ended = Person { ended_at: Some(DateTime::UNIX_EPOCH), ..Person::clone(&everywhere) };
        assert_eq!(receives(&ended), [false; 5]);
    }

    #[tokio::test]
    async fn streams_are_bounded_for_one_person_and_for_all() {
        let (live, stop) = (Live::default(), CancellationToken::new());
        let read = |n| live.read(person(n, &[]), Uuid::nil(), stop.clone()).map_err(|problem| problem.code);
        let own: Vec<_> = (0..OF_ONE_PERSON).map(|_| read(0).unwrap()).collect();
        assert_eq!(read(0).err(), Some(Code::TooManyStreams));
        let others = AT_ONCE - OF_ONE_PERSON;
        let all: Vec<_> = (0..others).map(|n| read(1 + n as u128 / OF_ONE_PERSON as u128).unwrap()).collect();
        assert_eq!(read(1_000).err(), Some(Code::Overloaded));
        drop((own, all));
        assert!(live.readers.lock().unwrap().is_empty());
        assert!(read(0).is_ok());
    }

    #[test]
    fn a_change_says_no_more_than_readers_need() {
        let said = serde_json::to_value(change(&["demo"])).unwrap();
        assert_eq!(said, serde_json::json!({ "kind": "work", "id": Uuid::nil(), "state": "probe" }));
    }
}
