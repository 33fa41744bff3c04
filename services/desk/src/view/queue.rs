//! The screening queues of a reviewer: how many works wait in each, which is next, and which of their decisions are
//! held.
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use pipeline::queue::{QUEUES, Queue};
use runtime::problem::Problem;
use runtime::store::people::held::{Failure, Shown};
use runtime::store::people::reviews::Waiting;
use runtime::store::watching::listing::Count;
use uuid::Uuid;

use crate::Desk;
use crate::act::Caller;

/// The most works of a queue that are counted. A card shows the number of waiting works, and is opened every few
/// seconds.
const MOST: u32 = 1_000;
/// The most works of the other queues that a card counts.
const MOST_OF_OTHERS: u32 = 100;

/// A queue and how many works wait in it.
#[derive(Clone, Debug)]
pub struct Line {
    /// The queue.
    pub queue: &'static Queue,
    /// How many, up to the limit of counting. It includes works that other reviewers have open.
    pub count: Count,
}

/// A decision of the caller that is held, or could not be carried out.
#[derive(Clone, Debug)]
pub struct Decided {
    /// Its number.
    pub id: i64,
    /// The work.
    pub work: Uuid,
    /// The work's title.
    pub title: String,
    /// Whether the decision accepts the work.
    pub accepted: bool,
    /// The reason of a refusal.
    pub words: Option<String>,
    /// When it takes effect.
    pub due_at: DateTime<Utc>,
    /// Why it changed nothing, in Chinese and English.
    pub failure: Option<Failure>,
}

/// Every queue.
pub async fn queues(desk: &Desk, caller: &Caller) -> Result<Vec<Line>, Problem> {
    counted(desk, caller, |_| MOST).await
}

/// Every queue, as shown on a card of one of them.
pub async fn beside(desk: &Desk, caller: &Caller, here: &Queue) -> Result<Vec<Line>, Problem> {
    counted(desk, caller, |queue| if queue == here { MOST } else { MOST_OF_OTHERS }).await
}

async fn counted(desk: &Desk, caller: &Caller, most: impl Fn(&Queue) -> u32) -> Result<Vec<Line>, Problem> {
    let mut lines = Vec::new();
    for queue in &QUEUES {
        lines.push(Line { queue, count: desk.store.count_waiting(waiting(caller, queue)?, most(queue)).await? });
    }
    Ok(lines)
}

/// The work that the caller would be given after one of a queue's works. It claims nothing.
pub async fn following(
    desk: &Desk,
    caller: &Caller,
    queue: &'static Queue,
    after: SubmissionId,
) -> Result<Option<SubmissionId>, Problem> {
    Ok(desk.store.next_waiting(waiting(caller, queue)?, after).await?)
}

/// The caller's decisions that can be undone or that changed nothing, newest first.
pub async fn decisions(desk: &Desk, caller: &Caller) -> Result<Vec<Decided>, Problem> {
    Ok(desk.store.decisions_of(caller.person()?).await?.into_iter().map(Decided::from).collect())
}

fn waiting<'a>(caller: &'a Caller, queue: &'static Queue) -> Result<Waiting<'a>, Problem> {
    Ok(Waiting { queue, contests: &caller.sees, person: caller.person()? })
}

impl From<Shown> for Decided {
    fn from(row: Shown) -> Self {
        Self {
            id: row.id,
            work: row.submission,
            title: row.title,
            accepted: row.decision == "accept",
            words: row.words,
            due_at: row.due_at,
            failure: row.failure.map(|it| it.0),
        }
    }
}
