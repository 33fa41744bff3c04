//! The only place that reads the wall clock of this process. Leases do not use it; they use the database's clock.
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};

/// Gives the time. Clones share one offset, so a test can move a whole process into next week.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The time now, UTC.
    #[allow(clippy::disallowed_methods, reason = "everybody else asks this clock")]
    pub fn now(&self) -> DateTime<Utc> {
        DateTime::<Utc>::from(SystemTime::now()) + TimeDelta::milliseconds(self.offset_ms.load(Ordering::Relaxed))
    }

    /// Moves this clock and its clones so that it is `now` at this moment. For tests.
    pub fn set(&self, now: DateTime<Utc>) {
        let ahead = now.signed_duration_since(self.now()).num_milliseconds();
        self.offset_ms.fetch_add(ahead, Ordering::Relaxed);
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
        assert!((clone.now() - target).abs() < TimeDelta::seconds(5));
    }
}
