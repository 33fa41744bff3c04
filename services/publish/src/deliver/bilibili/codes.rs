//! What to do about each code of the platform [C]. Code 0 is success, whatever the HTTP status.
use std::time::Duration;

use chrono::{DateTime, FixedOffset, Utc};

/// What to do after a refusal. Each of these codes means that nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advice {
    /// Repeat after this time.
    Wait(Duration),
    /// The day's quota is used up.
    Tomorrow,
    /// Works with this title exist or were just submitted: perhaps ours.
    SameTitle,
    /// A temporary fault of theirs.
    Retry,
    /// The access token is no longer valid.
    Token,
    /// A person has to act on the platform's pages.
    Person,
    /// This work is refused permanently.
    Refused,
    /// There is no such archive.
    Gone,
    /// Not documented: it is unknown whether anything was done.
    Unknown,
}

/// Time after which most of their temporary refusals end.
pub(super) const RETRY: Duration = Duration::from_secs(10);

/// The table.
pub(super) fn advice(code: i64) -> Advice {
    match code {
        123_026 => Advice::Wait(Duration::from_secs(30)),
        123_028 => Advice::Wait(Duration::from_secs(10)),
        127_009 | 127_306 => Advice::Wait(Duration::from_secs(60)),
        123_015 => Advice::SameTitle,
        123_036 => Advice::Tomorrow,
        // A repeated nonce and an expired time stamp are fixed by the next try, which has new ones.
        4003 | 4004 | 4010 | 4011 | 122_009 | 122_010 | 123_002 | 123_023 | 123_039 | 123_044 => Advice::Retry,
        // Not logged in, as everywhere at this platform [A].
        -101 => Advice::Token,
        // The application or its signature is not accepted: a wrong key, which only a person can replace.
        4001 | 4002 | 123_042 | 123_050 | 123_051 => Advice::Person,
        123_013 | 123_014 | 123_024 | 123_030 | 123_038 | 123_052 => Advice::Refused,
        // Nothing found, as everywhere at this platform [A].
        -404 => Advice::Gone,
        _ => Advice::Unknown,
    }
}

/// Until a few minutes after the next midnight in Beijing, when quotas are reset.
pub(super) fn until_tomorrow(now: DateTime<Utc>) -> Duration {
    const DAY_S: i64 = 86_400;
    const MARGIN_S: i64 = 300;
    let beijing = FixedOffset::east_opt(8 * 3600).map_or(0, |offset| i64::from(offset.local_minus_utc()));
    let into_day = (now.timestamp() + beijing).rem_euclid(DAY_S);
    Duration::from_secs(u64::try_from(DAY_S - into_day + MARGIN_S).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_contract_has_its_advice() {
        for code in [123_026, 123_028, 127_009, 127_306] {
            assert!(matches!(advice(code), Advice::Wait(_)), "{code}");
        }
        for code in [4010, 4011, 122_009, 122_010, 123_002, 123_023, 123_039, 123_044] {
            assert_eq!(advice(code), Advice::Retry, "{code}");
        }
        for code in [123_042, 123_050, 123_051] {
            assert_eq!(advice(code), Advice::Person, "{code}");
        }
        for code in [123_013, 123_014, 123_024, 123_030, 123_038, 123_052] {
            assert_eq!(advice(code), Advice::Refused, "{code}");
        }
        assert_eq!(advice(123_026), Advice::Wait(Duration::from_secs(30)));
        assert_eq!(advice(123_028), Advice::Wait(Duration::from_secs(10)));
        assert_eq!((advice(123_015), advice(123_036)), (Advice::SameTitle, Advice::Tomorrow));
        assert_eq!(advice(999_999), Advice::Unknown);
    }

    #[test]
    fn tomorrow_begins_in_beijing() {
        let until = |text: &str| until_tomorrow(text.parse().unwrap()).as_secs();
        assert_eq!(until("2024-06-01T15:59:00Z"), 60 + 300);
        assert_eq!(until("2024-06-01T16:00:00Z"), 86_400 + 300);
        assert_eq!(until("2024-06-01T04:00:00Z"), 12 * 3600 + 300);
    }
}
