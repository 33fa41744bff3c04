//! The progress of a contest towards its deadline, and what is to be expected until then.
use chrono::{DateTime, TimeDelta, Utc};
use pipeline::catalogue::Contest;
use pipeline::id::ContestId;
use pipeline::submission::Gate;
use runtime::problem::Problem;
use runtime::store::watching::listing::Count;
use serde::Serialize;

use crate::Desk;

/// How many days the forecast covers in the past.
const DAYS: i64 = 7;

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

/// Collects the figures of a contest.
pub(super) async fn outlook(desk: &Desk, contest: &Contest) -> Result<Outlook, Problem> {
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
