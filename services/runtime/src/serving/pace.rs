//! A least average rate with grace for pauses. It reads no clock: the caller says how long it waited and what came.
use std::time::Duration;

/// How long a peer may still be waited for. Waiting uses it up, bytes earn it back, and it never grows beyond the grace: so a peer
/// may pause that long at any time, and one that stays below the least rate comes to the end of it.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    least_per_s: u64,
    grace: Duration,
    left: Duration,
}

impl Pace {
    /// At least `least_per_s` bytes a second on average, with pauses up to `grace` altogether.
    pub fn new(least_per_s: u64, grace: Duration) -> Self {
        Self { least_per_s: least_per_s.max(1), grace, left: grace }
    }

    /// How long the next bytes may be waited for. Zero: the peer is too slow.
    pub fn left(&self) -> Duration {
        self.left
    }

    /// It was waited this long, and then `bytes` came.
    pub fn came(&mut self, waited: Duration, bytes: u64) {
        let earned = Duration::from_secs_f64(bytes as f64 / self.least_per_s as f64);
        self.left = (self.left.saturating_sub(waited) + earned).min(self.grace);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(60);

    /// Seconds until a peer that sends `bytes` every `every` seconds is too slow, of an hour.
    fn lasts(bytes: u64, every: u64) -> u64 {
        let mut pace = Pace::new(10 * 1024, GRACE);
        for n in 1..=3600 / every {
            pace.came(Duration::from_secs(every), bytes);
            // The next wait would be cut short.
            if pace.left() < Duration::from_secs(every) {
                return n * every;
            }
        }
        3600
    }

    #[test]
    fn a_peer_below_the_rate_is_found_out_and_one_above_it_never() {
        assert_eq!(lasts(1, 20), 60);
        assert_eq!(lasts(5 * 1024, 1), 119);
        assert_eq!(lasts(10 * 1024, 1), 3600);
        assert_eq!(lasts(1024 * 1024, 50), 3600, "a pause of 50 s between bursts");
    }

    #[test]
    fn what_came_fast_earns_no_more_than_the_grace() {
        let mut pace = Pace::new(10 * 1024, GRACE);
        pace.came(Duration::ZERO, 1 << 30);
        assert_eq!(pace.left(), GRACE);
        pace.came(GRACE, 0);
        assert!(pace.left().is_zero());
    }
}
