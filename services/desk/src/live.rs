//! What changed, said to the pages that are open: heard from the broker, filtered for each person. Keeps nothing. A page that may have
//! missed something looks at everything again, so a lost event costs time and is never wrong.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pipeline::id::{ContestId, PartnerId, PersonId, SubmissionId};
use pipeline::person::{Held, Person};
use runtime::broker::Followed;
use runtime::problem::{Code, Problem};
use runtime::store::Store;
use runtime::store::tokens::Role;
use runtime::wire::Announced;
use serde::Serialize;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;
use tracing::debug;
use uuid::Uuid;

/// Pages with updates that one person may have open; a page that is not visible closes its stream.
pub(crate) const OF_ONE_PERSON: usize = 4;
/// Those of everybody at one process: fewer than half of its connections.
pub(crate) const AT_ONCE: usize = 200;
/// Changes that a slow reader may be behind. One that is further back is asked to look at everything again.
const BEHIND: usize = 1_024;
/// A job changes without an announcement, so jobs are looked for this often while anyone reads.
const JOBS_EVERY: Duration = Duration::from_secs(5);
/// The session and the roles of a stream are checked this often.
const CHECKED_EVERY: Duration = Duration::from_secs(60);
/// Works whose contest is remembered: deliveries are announced without it.
const REMEMBERED: usize = 4_096;
/// Who reads works in any way. An admin who is nothing else does not.
const READERS: [Role; 4] = [Role::Screener, Role::Organiser, Role::Operator, Role::Auditor];

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// `work`, `delivery` or `job`.
    pub kind: &'static str,
    /// The work or the job; of a delivery, its work.
    pub id: Uuid,
    /// To whom, of a delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
    /// Its state now; absent where only its progress changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Who may hear of it: those who read this contest; `None`, those who read all of them.
    #[serde(skip)]
    pub contest: Option<ContestId>,
}

/// What a reader is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Something changed.
    Changed(Change),
    /// Something may have changed that was not heard.
    Missed,
}

#[derive(Clone)]
enum Heard {
    Told(Told),
    /// A session, a person or a role may have ended.
    Sessions,
}

/// Says to all readers of this process what changed. Clones are the same.
#[derive(Clone)]
pub struct Live {
    heard: broadcast::Sender<Heard>,
    readers: Arc<Mutex<HashMap<PersonId, usize>>>,
}

impl Default for Live {
    fn default() -> Self {
        Self { heard: broadcast::Sender::new(BEHIND), readers: Arc::default() }
    }
}

impl Live {
    /// Passes on what is heard, until `stop` or until nothing more comes.
    pub async fn hear(self, store: Store, mut followed: mpsc::Receiver<Followed>, stop: CancellationToken) {
        let mut contests = HashMap::new();
        let mut jobs = every(JOBS_EVERY);
        loop {
            let heard = tokio::select! {
                heard = followed.recv() => heard,
                _ = jobs.tick() => {
                    self.say_jobs(&store).await;
                    continue;
                }
                () = stop.cancelled() => return,
            };
            let Some(heard) = heard else { return };
            // Nothing is looked up for no reader.
            if self.heard.receiver_count() == 0 {
                continue;
            }
            match heard {
                Followed::Missed => self.tell(Told::Missed),
                Followed::Changed(announced) => {
                    if let Some(change) = change_of(&store, &mut contests, announced).await {
                        self.tell(Told::Changed(change));
                    }
                }
            }
        }
    }

    /// Tells every reader who may hear of it.
    pub fn tell(&self, told: Told) {
        // An error says that there is no reader.
        let _ = self.heard.send(Heard::Told(told));
    }

    /// Sessions, persons or roles may have ended: every stream checks its own now.
    pub fn check_sessions(&self) {
        let _ = self.heard.send(Heard::Sessions);
    }

    /// Begins to read for a person, by a session.
    ///
    /// # Errors
    /// [`Code::TooManyStreams`] beyond the bound of one person, [`Code::Overloaded`] beyond that of the process.
    pub fn read(&self, person: Arc<Person>, session: Uuid, stop: CancellationToken) -> Result<Reader, Problem> {
        let seat = self.take_seat(person.id)?;
        Ok(Reader { person, session, heard: self.heard.subscribe(), checks: every(CHECKED_EVERY), stop, _seat: seat })
    }

    async fn say_jobs(&self, store: &Store) {
        if self.heard.receiver_count() == 0 {
            return;
        }
        match store.jobs_stirring().await {
            Ok(jobs) => {
                for job in jobs {
                    let (id, state, contest) = (job.id, Some(job.state), job.contest);
                    self.tell(Told::Changed(Change { kind: "job", id, partner: None, state, contest }));
                }
            }
            Err(error) => debug!("cannot look for jobs that changed: {error:#}"),
        }
    }

    fn take_seat(&self, person: PersonId) -> Result<Seat, Problem> {
        // A panic while the lock is held leaves whole numbers behind.
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
    heard: broadcast::Receiver<Heard>,
    checks: Interval,
    stop: CancellationToken,
    _seat: Seat,
}

impl Reader {
    /// The next thing that this person may hear of; `None` once the session has ended or the process stops.
    pub async fn next(&mut self, store: &Store) -> Option<Told> {
        loop {
            let heard = tokio::select! {
                heard = self.heard.recv() => heard,
                _ = self.checks.tick() => Ok(Heard::Sessions),
                () = self.stop.cancelled() => return None,
            };
            match heard {
                Ok(Heard::Told(Told::Changed(change))) if !may_hear(&self.person, &change) => {}
                Ok(Heard::Told(told)) => return Some(told),
                Ok(Heard::Sessions) => self.person = self.checked(store).await?,
                Err(broadcast::error::RecvError::Lagged(_)) => return Some(Told::Missed),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// The person with the roles that they hold now, if the session holds. What cannot be checked is ended; the page asks again.
    async fn checked(&self, store: &Store) -> Option<Arc<Person>> {
        match store.session_holds(self.session).await {
            Ok(person) => person.map(Arc::new),
            Err(error) => {
                debug!("cannot check a session, ending its stream: {error:#}");
                None
            }
        }
    }
}

/// A clock that begins one period from now.
fn every(period: Duration) -> Interval {
    let mut interval = interval_at(tokio::time::Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Whether the person reads the contest, or all of them where it is not of one.
fn may_hear(person: &Person, change: &Change) -> bool {
    READERS.iter().any(|role| person.holds(&Held { role: *role, contest: change.contest.clone() }))
}

/// A change as readers hear of it. Nothing, where the work is not there any more or the database is away.
async fn change_of(
    store: &Store,
    contests: &mut HashMap<SubmissionId, ContestId>,
    announced: Announced,
) -> Option<Change> {
    match announced {
        Announced::Work { submission, contest, state } => {
            remember(contests, submission, contest.clone());
            Some(Change { kind: "work", id: submission.0, partner: None, state, contest: Some(contest) })
        }
        Announced::Delivery { submission, partner, state } => {
            let contest = match contests.get(&submission) {
                Some(contest) => contest.clone(),
                None => store.contest_of_work(submission).await.ok().flatten()?,
            };
            remember(contests, submission, contest.clone());
            let (partner, state) = (Some(partner), Some(state));
            Some(Change { kind: "delivery", id: submission.0, partner, state, contest: Some(contest) })
        }
    }
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

    use super::*;

    fn person(n: u128, roles: &[Held]) -> Arc<Person> {
        let (roles, created_at): (BTreeSet<_>, _) = (roles.iter().cloned().collect(), DateTime::UNIX_EPOCH);
        let id = PersonId(Uuid::from_u128(n));
        Arc::new(Person { id, name: "王芳".into(), login: None, roles, created_at, ended_at: None })
    }

    fn change(contest: Option<&str>) -> Change {
        let contest = contest.map(ContestId::new);
        Change { kind: "work", id: Uuid::nil(), partner: None, state: Some("probe".into()), contest }
    }

    #[test]
    fn a_person_hears_of_the_contests_that_they_read_and_of_no_other() {
        let everywhere = person(1, &[Held::everywhere(Role::Auditor)]);
        let bound = person(1, &[Held::within(Role::Screener, "demo"), Held::everywhere(Role::Admin)]);
        let hears = |person: &Person| [Some("demo"), Some("small"), None].map(|it| may_hear(person, &change(it)));
        assert_eq!(hears(&everywhere), [true, true, true]);
        assert_eq!(hears(&bound), [true, false, false]);
        let ended = Person { ended_at: Some(DateTime::UNIX_EPOCH), ..Person::clone(&everywhere) };
        assert_eq!(hears(&ended), [false, false, false]);
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
        let said = serde_json::to_value(change(Some("demo"))).unwrap();
        assert_eq!(said, serde_json::json!({ "kind": "work", "id": Uuid::nil(), "state": "probe" }));
    }
}
