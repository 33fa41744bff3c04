//! A minimum average rate that allows pauses. It reads no clock: the caller passes how long it waited and how much
//! arrived.
use std::time::Duration;

/// How much longer a peer may be waited for. Waiting uses it up and bytes add to it, never above the grace. So a peer
/// may pause that long at any time, and one that stays below the minimum rate uses it up.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    least_per_s: u64,
    grace: Duration,
    left: Duration,
}

impl Pace {
    /// At least `least_per_s` bytes a second on average, with pauses up to `grace` in total.
    pub fn new(least_per_s: u64, grace: Duration) -> Self {
        Self { least_per_s: least_per_s.max(1), grace, left: grace }
    }

    /// How long to wait for the next bytes. Zero means that the peer is too slow.
    pub fn left(&self) -> Duration {
        self.left
    }

    /// The wait took this long, and then `bytes` arrived.
    pub fn came(&mut self, waited: Duration, bytes: u64) {
        let earned = Duration::from_secs_f64(bytes as f64 / self.least_per_s as f64);
        self.left = (self.left.saturating_sub(waited) + earned).min(self.grace);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(60);

    /// Seconds, up to an hour, after which a peer that sends `bytes` every `every` seconds is too slow.
    fn lasts(bytes: u64, every: u64) -> u64 {
        let mut pace = Pace::new(10 * 1024, GRACE);
        for n in 1..=3600 / every {
            pace.came(Duration::from_secs(every), bytes);
            // The next wait would end too early.
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
