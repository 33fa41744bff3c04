//! Slows down sign-ins from one address, whatever the login names. Kept in memory: it bounds guessing across many names, while failures
//! under one name are counted in the database. An office often has one address, so an address has more failures free than a name.
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures from one address without a wait: four times those of a name.
const FREE: u32 = 20;
/// The wait after the last of them; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(900);
/// Failures count for this long after the last one.
const COUNTED: Duration = Duration::from_secs(3600);
/// The most addresses that are remembered. Beyond it, those that need not wait are forgotten.
const MOST: usize = 10_000;

/// Failures by address. Each process has its own.
#[derive(Default)]
pub struct Pace(Mutex<HashMap<String, Failures>>);

struct Failures {
    count: u32,
    last: Instant,
    wait_until: Option<Instant>,
}

impl Pace {
    /// Counts an attempt as a failure until [`Pace::was_right`]. `Some`: it must not be checked, and the time to wait.
    pub(super) fn begin(&self, address: Option<&str>, now: Instant) -> Option<Duration> {
        let address = address?;
        // A panic while the lock is held leaves usable counts.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST && !all.contains_key(address) {
            all.retain(|_, it| it.wait_until.is_some_and(|until| until > now));
            if all.len() >= MOST {
                all.clear();
            }
        }
        let entry = all.entry(address.to_owned());
        let failures = entry.or_insert(Failures { count: 0, last: now, wait_until: None });
        if let Some(wait) =
            failures.wait_until.and_then(|until| until.checked_duration_since(now)).filter(|it| !it.is_zero())
        {
            return Some(wait);
        }
        if now.duration_since(failures.last) > COUNTED {
            failures.count = 0;
        }
        failures.count += 1;
        failures.last = now;
        failures.wait_until = failures.count.checked_sub(FREE).map(|beyond| now + wait_after(beyond));
        None
    }

    /// The attempt was correct: it is not counted, and causes no wait.
    pub(super) fn was_right(&self, address: Option<&str>) {
        let Some(address) = address else { return };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failures) = all.get_mut(address) {
            failures.count = failures.count.saturating_sub(1);
            failures.wait_until = None;
        }
    }
}

fn wait_after(beyond: u32) -> Duration {
    // 30 s doubled five times is beyond the longest wait.
    FIRST_WAIT.saturating_mul(1 << beyond.min(10)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_twenty_failures_an_address_waits_ever_longer_up_to_fifteen_minutes() {
        let (pace, mut now) = (Pace::default(), Instant::now());
        for _ in 0..FREE {
            assert_eq!(pace.begin(Some("a"), now), None);
        }
        for seconds in [30, 60, 120, 240, 480, 900, 900] {
            assert_eq!(pace.begin(Some("a"), now), Some(Duration::from_secs(seconds)));
            assert_eq!(pace.begin(Some("b"), now), None, "another address does not wait");
            pace.was_right(Some("b"));
            now += Duration::from_secs(seconds);
            assert_eq!(pace.begin(Some("a"), now), None, "{seconds}");
        }
    }

    #[test]
    fn a_right_attempt_is_not_counted_and_old_failures_are_forgotten() {
        let (pace, now) = (Pace::default(), Instant::now());
        for _ in 0..10 * FREE {
            assert_eq!(pace.begin(Some("a"), now), None);
            pace.was_right(Some("a"));
        }
        for _ in 0..FREE - 1 {
            assert_eq!(pace.begin(Some("a"), now), None);
        }
        let later = now + COUNTED + Duration::from_secs(1);
        for _ in 0..FREE {
            assert_eq!(pace.begin(Some("a"), later), None);
        }
        assert!(pace.begin(Some("a"), later).is_some());
        assert_eq!(pace.begin(None, now), None, "a client without an address is bounded by its name only");
    }

    #[test]
    fn however_many_addresses_try_memory_is_bounded() {
        let (pace, now) = (Pace::default(), Instant::now());
        for n in 0..3 * MOST {
            pace.begin(Some(&n.to_string()), now);
        }
        assert!(pace.0.lock().unwrap().len() <= MOST);
    }
}
