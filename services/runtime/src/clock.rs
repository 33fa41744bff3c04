//! The only place that reads the wall clock of this process. Leases do not use it; they use the database's clock.
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};

/// Gives the time. Clones share one offset, so a test can move a whole process into next week.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_ns: Arc<AtomicI64>,
}

impl Clock {
    /// The time now, UTC.
    #[allow(clippy::disallowed_methods, reason = "everybody else asks this clock")]
    pub fn now(&self) -> DateTime<Utc> {
        DateTime::<Utc>::from(SystemTime::now()) + TimeDelta::nanoseconds(self.offset_ns.load(Ordering::Relaxed))
    }

    /// Moves this clock and its clones so that it is `now` at this moment. For tests.
    pub fn set(&self, now: DateTime<Utc>) {
        // To the nanosecond: a clock that is set to a deadline has reached it. Three hundred years ahead are far enough.
        let ahead = now.signed_duration_since(self.now()).num_nanoseconds().unwrap_or(i64::MAX);
        self.offset_ns.fetch_add(ahead, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_clock_moves_its_clones() {
        let clock = Clock::default();
        let clone = clock.clone();
        let target = clock.now() + TimeDelta::days(7);
        clock.set(target);
        assert!(clone.now() >= target, "it has come to that time");
        assert!(clone.now() - target < TimeDelta::seconds(5));
    }
}
