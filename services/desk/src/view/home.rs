//! The first page: what waits for this person in the roles that they hold, how each contest progresses towards its
//! deadline, and what is wrong. Every number is limited and comes with the time since when the oldest item has waited.
use chrono::{DateTime, TimeDelta, Utc};
use pipeline::catalogue::Contest;
use pipeline::id::ContestId;
use pipeline::person::{Person, Role, Sees};
use pipeline::submission::Gate;
use runtime::problem::Problem;
use runtime::store::desk::Waiting;
use runtime::store::listing::Count;
use serde::Serialize;

use super::board;
use super::trouble::{self, Item};
use crate::Desk;
use crate::roles::READERS;

/// The most troubles on the first page; the list has all of them.
const MOST_TROUBLES: u32 = 20;
/// How many days the forecast covers in the past.
const DAYS: i64 = 7;

/// What a person sees first.
#[derive(Clone, Debug, Serialize)]
pub struct Home {
    /// What waits for them: by role, then by contest.
    pub waits: Vec<Waits>,
    /// The contests that they read, by id.
    pub contests: Vec<Outlook>,
    /// What is wrong, the most pressing first.
    pub trouble: Vec<Item>,
    /// Whether there are more.
    pub more_trouble: bool,
}

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

/// The progress of a contest.
#[derive(Clone, Debug, Serialize)]
pub struct Outlook {
    /// Its id.
    pub contest: ContestId,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// Whether works can be entered now.
    pub open: bool,
    /// The start of entries, if it is in the future.
    pub opens_at: Option<DateTime<Utc>>,
    /// The end of entries.
    pub deadline: Option<DateTime<Utc>>,
    /// When the accepted works must be online.
    pub publish_by: Option<DateTime<Utc>>,
    /// Days that the figures of the last week cover: fewer than 7 if the contest has just opened.
    pub days: f64,
    /// Works that were entered in these days.
    pub entered: Count,
    /// How many more will be entered until the deadline, at the daily rate of these days; absent if there is no future
    /// deadline, or no data to extrapolate from.
    pub expected: Option<u64>,
    /// Works that wait for a screener now; absent if no person screens.
    pub waiting: Option<Count>,
    /// Works that screeners decided about in these days.
    pub reviewed: Count,
    /// Days until all waiting works are decided at this rate, without those that arrive meanwhile; absent if none was
    /// decided.
    pub days_to_review: Option<f64>,
}

/// Collects everything for one person.
pub async fn home(desk: &Desk, person: &Person) -> Result<Home, Problem> {
    let mut waits = Vec::new();
    for (what, role) in WAITS {
        for contest in scopes(person, role) {
            waits.push(waiting(desk, what, contest).await?);
        }
    }
    waits.extend(credentials(desk, person).await?);
    waits.sort_by_key(|it| (it.count.value == 0, it.overdue == 0, it.oldest.or(it.due), it.what));
    let mut contests = Vec::new();
    let reads = person.sees_in(READERS);
    for contest in desk.catalogue.contests.values().filter(|contest| reads.includes(&contest.id)) {
        contests.push(outlook(desk, contest).await?);
    }
    let mut trouble = trouble::within(desk, &reads, MOST_TROUBLES + 1).await?;
    let more_trouble = trouble.len() > MOST_TROUBLES as usize;
    trouble.truncate(MOST_TROUBLES as usize);
    Ok(Home { waits, contests, trouble, more_trouble })
}

/// What waits for which role. An organiser orders recalls and an operator proves them; the deadline applies to both.
const WAITS: [(What, Role); 5] = [
    (What::Review, Role::Screener),
    (What::Release, Role::Organiser),
    (What::Recalls, Role::Operator),
    (What::ByHand, Role::Operator),
    (What::Parked, Role::Operator),
];

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

async fn outlook(desk: &Desk, contest: &Contest) -> Result<Outlook, Problem> {
    let now = desk.clock.now();
    let at = |instant: Option<DateTime<chrono::FixedOffset>>| instant.map(|it| it.to_utc());
    let days = days_of(at(contest.opens_at), now);
    let since = now - TimeDelta::days(DAYS);
    let entered = desk.store.entered_since(&contest.id, since).await?;
    let reviewed = desk.store.reviewed_since(&contest.id, since).await?;
    let waiting = match contest.gates.review {
        Gate::Manual => Some(desk.store.works_waiting("awaiting_review", Some(&contest.id)).await?.count),
        Gate::Automatic => None,
    };
    let deadline = at(contest.deadline);
    Ok(Outlook {
        contest: contest.id.clone(),
        zh: contest.name.zh.clone(),
        en: contest.name.en.clone(),
        open: contest.accepts(now),
        opens_at: at(contest.opens_at).filter(|opens| *opens > now),
        deadline,
        publish_by: at(contest.publish_by),
        days,
        entered,
        expected: deadline.and_then(|deadline| expected(entered, days, (deadline - now).as_seconds_f64() / 86_400.0)),
        waiting,
        reviewed,
        days_to_review: waiting.and_then(|waiting| days_to_review(waiting, reviewed, days)),
    })
}

/// The days that the figures cover: since the opening, if that was within the last week, but at least one.
fn days_of(opens_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> f64 {
    let open = opens_at.map_or(f64::INFINITY, |opens| (now - opens).as_seconds_f64() / 86_400.0);
    #[allow(clippy::cast_precision_loss, reason = "a week")]
    open.clamp(1.0, DAYS as f64)
}

/// How many more will come at the daily rate of these days. `None` if the count was cut off at its limit.
fn expected(entered: Count, days: f64, left: f64) -> Option<u64> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most ten thousand a day for years")]
    (left > 0.0 && entered.value > 0 && !entered.more).then(|| (f64::from(entered.value) / days * left).round() as u64)
}

fn days_to_review(waiting: Count, reviewed: Count, days: f64) -> Option<f64> {
    (waiting.value > 0 && reviewed.value > 0).then(|| f64::from(waiting.value) * days / f64::from(reviewed.value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn count(value: u32) -> Count {
        Count { value, more: false }
    }

    #[test]
    fn a_forecast_goes_by_the_days_that_the_contest_was_open() {
        let now: DateTime<Utc> = "2026-11-30T08:00:00Z".parse().unwrap();
        let opened = |days: i64| days_of(Some(now - TimeDelta::days(days)), now);
        assert_eq!([days_of(None, now), opened(30), opened(3), opened(0), opened(-2)], [7.0, 7.0, 3.0, 1.0, 1.0]);
        assert_eq!(expected(count(70), 7.0, 10.0), Some(100));
        assert_eq!(expected(count(6), 3.0, 0.5), Some(1));
    }

    #[test]
    fn nothing_is_forecast_from_nothing() {
        assert_eq!(expected(count(0), 7.0, 10.0), None);
        assert_eq!(expected(count(70), 7.0, -1.0), None);
        assert_eq!(expected(Count { value: 10_000, more: true }, 7.0, 10.0), None);
        assert_eq!(days_to_review(count(40), count(0), 7.0), None);
        assert_eq!(days_to_review(count(0), count(10), 7.0), None);
        assert_eq!(days_to_review(count(40), count(140), 7.0), Some(2.0));
    }
}
