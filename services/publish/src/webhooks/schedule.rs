//! When a message is tried again: the specification's schedule, ten attempts over three days, with jitter, and never sooner than
//! the receiver asked.
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Seconds to wait after the first, second, … failed attempt, as the specification recommends.
const WAITS_S: [u64; 9] = [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
/// Up to this share of a wait is added, so that messages that failed together are not retried together.
const JITTER: f64 = 0.2;
/// The longest wait that a receiver may request.
const LONGEST: Duration = Duration::from_secs(24 * HOUR);

/// The wait after an attempt that failed; `earlier` attempts failed before it. `None` after the last. `jitter` is from 0 to 1.
pub(super) fn wait(earlier: u32, asked: Option<Duration>, jitter: f64) -> Option<Duration> {
    let wait_s = WAITS_S.get(usize::try_from(earlier).ok()?)?;
    let wait = Duration::from_secs(*wait_s).mul_f64(1.0 + JITTER * jitter.clamp(0.0, 1.0));
    Some(wait.max(asked.unwrap_or_default().min(LONGEST)))
}

/// The wait in `Retry-After`: seconds, or an instant.
pub(crate) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds).min(LONGEST));
    }
    let until = DateTime::parse_from_rfc2822(text).ok()?;
    // A past instant means now.
    Some((until.to_utc() - now).to_std().unwrap_or_default().min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_attempts_reach_over_three_days_and_then_no_more() {
        let waits: Vec<Duration> = (0..20).map_while(|earlier| wait(earlier, None, 0.0)).collect();
        assert_eq!(waits.len(), 9);
        assert_eq!(waits.iter().sum::<Duration>(), Duration::from_secs(75 * HOUR + 35 * MINUTE + 5));
        assert_eq!(wait(9, Some(Duration::from_secs(1)), 0.0), None);
    }

    #[test]
    fn jitter_adds_a_fifth_at_most_and_takes_nothing() {
        assert_eq!(wait(1, None, 0.0), Some(Duration::from_secs(300)));
        assert_eq!(wait(1, None, 1.0), Some(Duration::from_secs(360)));
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_but_not_for_less_and_not_for_ever() {
        assert_eq!(wait(0, Some(Duration::from_secs(90)), 1.0), Some(Duration::from_secs(90)));
        assert_eq!(wait(1, Some(Duration::from_secs(90)), 0.0), Some(Duration::from_secs(300)));
        assert_eq!(wait(0, Some(Duration::from_secs(u64::MAX)), 0.0), Some(LONGEST));
    }

    #[test]
    fn retry_after_is_read_in_both_its_forms() {
        let now = DateTime::from_timestamp(1_445_412_420, 0).unwrap();
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, reqwest::header::HeaderValue::from_static(text));
            retry_after(&headers, now)
        };
        assert_eq!(read("120"), Some(Duration::from_secs(120)));
        assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(read("Wed, 21 Oct 2015 07:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("99999999999"), Some(LONGEST));
        assert_eq!(read("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
