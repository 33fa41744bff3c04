//! What waits for a person, counted for each role and contest that they hold it in.
use chrono::{DateTime, Utc};
use pipeline::id::ContestId;
use pipeline::person::{Person, Role, Sees};
use runtime::problem::Problem;
use runtime::store::watching::desk::Waiting;
use runtime::store::watching::listing::Count;
use serde::Serialize;

use crate::Desk;
use crate::view::board;

/// One number: what waits, and for whom.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Waits {
    /// What.
    pub what: What,
    /// The contest for which it is counted; all of them if absent.
    pub contest: Option<ContestId>,
    /// How many.
    pub count: Count,
    /// Since when the oldest has waited.
    pub oldest: Option<DateTime<Utc>>,
    /// When the first one is due.
    pub due: Option<DateTime<Utc>>,
    /// How many are overdue.
    pub overdue: u32,
}

/// What may wait for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Works that are being recalled from a partner, without proof yet.
    Recalls,
    /// Works for a screener.
    Review,
    /// Works for an organiser.
    Release,
    /// Works with a delivery that a person makes, confirms or removes at the partner.
    ByHand,
    /// Works with parts that failed too often.
    Parked,
    /// Accounts whose credentials a partner refuses.
    Credentials,
}

/// What waits for which role. An organiser orders recalls and an operator proves them; the deadline applies to both.
const WAITS: [(What, Role); 5] = [
    (What::Review, Role::Screener),
    (What::Release, Role::Organiser),
    (What::Recalls, Role::Operator),
    (What::ByHand, Role::Operator),
    (What::Parked, Role::Operator),
];

/// Everything that may wait for this person, the most pressing first.
pub(super) async fn waits(desk: &Desk, person: &Person) -> Result<Vec<Waits>, Problem> {
    let mut waits = Vec::new();
    for (what, role) in WAITS {
        for contest in scopes(person, role) {
            waits.push(waiting(desk, what, contest).await?);
        }
    }
    waits.extend(credentials(desk, person).await?);
    waits.sort_by_key(|it| (it.count.value == 0, it.overdue == 0, it.oldest.or(it.due), it.what));
    Ok(waits)
}

/// Where a person holds a role: in all contests, or in each of some.
fn scopes(person: &Person, role: Role) -> Vec<Option<ContestId>> {
    match person.sees(role) {
        Sees::All => vec![None],
        Sees::Only(contests) => contests.into_iter().map(Some).collect(),
    }
}

async fn waiting(desk: &Desk, what: What, contest: Option<ContestId>) -> Result<Waits, Problem> {
    let (store, within) = (&desk.store, contest.as_ref());
    let waiting = match what {
        What::Review => store.works_waiting("awaiting_review", within).await?,
        What::Release => store.works_waiting("awaiting_release", within).await?,
        What::ByHand => {
            let oldest = store.delivery_waiting_longest(within).await?;
            Waiting { count: board::waiting(desk, within, false).await?, oldest }
        }
        What::Parked | What::Credentials => store.works_parked(within).await?,
        What::Recalls => {
            let recalls = store.recalls_waiting(within).await?;
            let count = board::waiting(desk, within, true).await?;
            let (due, overdue) = (recalls.due, recalls.overdue);
            return Ok(Waits { what, contest, count, oldest: None, due, overdue });
        }
    };
    let Waiting { count, oldest } = waiting;
    Ok(Waits { what, contest, count, oldest, due: None, overdue: 0 })
}

/// Accounts serve all contests, so an operator of any contest sees refused credentials.
async fn credentials(desk: &Desk, person: &Person) -> Result<Option<Waits>, Problem> {
    if !person.roles.iter().any(|held| held.role == Role::Operator) {
        return Ok(None);
    }
    let accounts = desk.store.accounts().await?;
    let refused: Vec<_> = accounts.iter().filter(|row| row.health == "refused").collect();
    let count = Count { value: u32::try_from(refused.len()).unwrap_or(u32::MAX), more: false };
    let oldest = refused.iter().filter_map(|row| row.health_at).min();
    Ok(Some(Waits { what: What::Credentials, contest: None, count, oldest, due: None, overdue: 0 }))
}
