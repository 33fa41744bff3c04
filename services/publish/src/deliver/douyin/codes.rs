//! What to do about each of Douyin's codes. Tags as in the partner's catalogue file; a code that is not listed needs a
//! person.
use std::time::Duration;

use chrono::{DateTime, FixedOffset, NaiveTime, TimeDelta, Utc};

/// What to do about a refused call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Advice {
    /// A fault of theirs; the call may or may not have taken effect.
    Again,
    /// Called too often: certainly nothing happened, wait this long.
    SlowDown(Duration),
    /// The day's or the application's quota is used up: certainly nothing happened, wait for the next day.
    Tomorrow,
    /// The access token is no longer valid: get another and call again.
    Token,
    /// A name that we sent is unknown or wrong: an expired upload, a used video.
    Parameter,
    /// The work itself is not accepted.
    Refused,
    /// Only a person can fix it: authorisation, capabilities, a closed account, or an undocumented code.
    Person,
}

/// How long to wait if we call too often; no figure is documented [A].
const QUIET: Duration = Duration::from_secs(60);

/// The advice for a code other than 0.
pub(super) fn advice(code: i64) -> Advice {
    match code {
        28001005 | 28001006 => Advice::Again,   // [O] internal error, network error
        28001052 => Advice::SlowDown(QUIET),    // [O] too many calls
        2114007 | 28003017 => Advice::Tomorrow, // [2] 75 creates a day and user; quota used up
        28001003 | 28001008 => Advice::Token,   // [2] token invalid, token expired
        28001007 => Advice::Parameter,          // [2] a parameter is wrong
        2114006 => Advice::Refused,             // [2] longer than 15 minutes
        28001056 | 28001018 | 2190005 => Advice::Person, // [O] switched off; [2] capability not granted, must be in parts
        _ => Advice::Person,
    }
}

/// The next day at the platform, a quarter of an hour past midnight in Beijing so that its counters have been reset.
pub(super) fn until_tomorrow(now: DateTime<Utc>) -> Duration {
    // 8 h east is within chrono's ±24 h.
    let Some(beijing) = FixedOffset::east_opt(8 * 3600) else { return Duration::from_secs(6 * 3600) };
    let here = now.with_timezone(&beijing).naive_local();
    let next = (here.date() + TimeDelta::days(1)).and_time(NaiveTime::MIN) + TimeDelta::minutes(15);
    (next - here).to_std().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undocumented_code_is_for_a_person() {
        assert_eq!(advice(28001018), Advice::Person);
        assert_eq!(advice(987_654_321), Advice::Person);
        assert_eq!(advice(-1), Advice::Person);
    }

    #[test]
    fn a_failure_of_theirs_is_never_taken_for_a_no() {
        for code in [28001005, 28001006] {
            assert_eq!(advice(code), Advice::Again);
        }
        assert_eq!(advice(2114006), Advice::Refused);
    }

    #[test]
    fn tomorrow_begins_in_beijing() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        // 23:30 in Beijing.
        assert_eq!(until_tomorrow(at("2026-05-01T15:30:00Z")), Duration::from_secs(45 * 60));
        // Midnight has passed there, not here.
        assert_eq!(until_tomorrow(at("2026-05-01T16:00:00Z")), Duration::from_secs(24 * 3600 + 15 * 60));
    }
}
