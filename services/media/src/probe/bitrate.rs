//! Bytes over time: mean, by the second, and the fullest second.

/// Seconds with a counter of their own (28 hours); later packets count to the last.
const MAX_SECONDS: usize = 100_000;

/// Longest stream whose seconds are reported one by one, in seconds; the list of a longer one would be too long.
const LISTED_SECONDS: usize = 3600;

/// Steps in which the fullest second is looked for.
const STEPS: u64 = 100;
const STEP_US: u64 = 1_000_000 / STEPS;

/// Bytes of one stream over time.
#[derive(Debug, Default)]
pub(super) struct Bitrate {
    total: u64,
    first_us: Option<i64>,
    seconds: Vec<u64>,
    last_second: LastSecond,
    /// Bytes of the fullest second so far, wherever it begins.
    fullest: u64,
}

/// Bytes of the second that ends with the newest packet, by the hundredth.
#[derive(Debug)]
struct LastSecond {
    newest: u64,
    steps: [u64; STEPS as usize],
    sum: u64,
}

impl Default for LastSecond {
    fn default() -> Self {
        Self { newest: 0, steps: [0; STEPS as usize], sum: 0 }
    }
}

impl Bitrate {
    /// A packet of `bytes` stamped `at_us`.
    pub(super) fn add(&mut self, at_us: Option<i64>, bytes: usize) {
        let bytes = bytes as u64;
        self.total += bytes;
        let Some(at_us) = at_us else { return };
        let first = *self.first_us.get_or_insert(at_us);
        let after_us = u64::try_from(at_us.saturating_sub(first)).unwrap_or(0);
        let second = usize::try_from(after_us / 1_000_000).unwrap_or(MAX_SECONDS).min(MAX_SECONDS);
        if self.seconds.len() <= second {
            self.seconds.resize(second + 1, 0);
        }
        self.seconds[second] += bytes;
        self.fullest = self.fullest.max(self.last_second.add(after_us / STEP_US, bytes));
    }

    /// Mean over `duration_ms`, kbit/s.
    pub(super) fn mean_kbps(&self, duration_ms: u64) -> u64 {
        self.total.saturating_mul(8) / duration_ms.max(1)
    }

    /// Of the fullest second, wherever it begins, kbit/s.
    pub(super) fn peak_kbps(&self) -> u64 {
        self.fullest.saturating_mul(8) / 1000
    }

    /// Bytes of each second; none where there are too many.
    pub(super) fn by_second(&self) -> Vec<u64> {
        if self.seconds.len() > LISTED_SECONDS { Vec::new() } else { self.seconds.clone() }
    }
}

impl LastSecond {
    /// Bytes in the second that ends with this packet. One out of order counts as if it came with the newest.
    fn add(&mut self, step: u64, bytes: u64) -> u64 {
        let step = step.max(self.newest);
        for passed in (self.newest + 1..=step).take(STEPS as usize) {
            let place = &mut self.steps[(passed % STEPS) as usize];
            self.sum -= *place;
            *place = 0;
        }
        self.newest = step;
        self.steps[(step % STEPS) as usize] += bytes;
        self.sum += bytes;
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(packets: &[(i64, usize)]) -> Bitrate {
        let mut rate = Bitrate::default();
        packets.iter().for_each(|(at, bytes)| rate.add(Some(*at), *bytes));
        rate
    }

    #[test]
    fn the_fullest_second_is_the_peak() {
        let rate = of(&[(0, 1000), (500_000, 1000), (1_000_000, 5000), (i64::MAX, 1)]);
        assert_eq!(rate.peak_kbps(), 48, "a second beginning with the second packet");
        assert_eq!(rate.mean_kbps(2000), 28);
        assert!(rate.by_second().is_empty(), "28 hours are too many");
        let rate = of(&[(5_000_000, 10), (5_900_000, 1), (7_100_000, 3)]);
        assert_eq!(rate.by_second(), [11, 0, 3]);
    }

    #[test]
    fn a_second_may_begin_anywhere_and_is_no_longer_than_one() {
        // 25 packets a second of 1,000 bytes, and twice as much for one second from 0.52 s on.
        let steady =
            |from: i64, to: i64| (0..100).map(move |n| (n * 40_000, if n >= from && n < to { 2000 } else { 1000 }));
        assert_eq!(of(&steady(0, 0).collect::<Vec<_>>()).peak_kbps(), 200);
        assert_eq!(of(&steady(13, 38).collect::<Vec<_>>()).peak_kbps(), 400);
        // Stamps that fall back belong to no time of their own.
        assert_eq!(of(&[(0, 1), (9_000_000, 1000), (1_000_000, 1000)]).peak_kbps(), 16);
        assert_eq!(of(&[(0, 1000), (i64::MIN, 1000), (i64::MAX, 500)]).peak_kbps(), 16);
    }
}
