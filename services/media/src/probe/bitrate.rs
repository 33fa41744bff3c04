//! Bytes over time: mean, and the fullest second.

/// Seconds that are told apart; a stamp beyond (28 hours) counts to the last.
const MAX_SECONDS: usize = 100_000;

/// Seconds that are told one by one; what lasts longer is no entry, and its list would be long.
const TOLD_SECONDS: usize = 3600;

/// Bytes of one stream by the second.
#[derive(Debug, Default)]
pub(super) struct Bitrate {
    total: u64,
    first_us: Option<i64>,
    seconds: Vec<u64>,
}

impl Bitrate {
    /// A packet of `bytes` stamped `at_us`.
    pub(super) fn add(&mut self, at_us: Option<i64>, bytes: usize) {
        self.total += bytes as u64;
        let Some(at_us) = at_us else { return };
        let first = *self.first_us.get_or_insert(at_us);
        let second = usize::try_from(at_us.saturating_sub(first) / 1_000_000).unwrap_or(0).min(MAX_SECONDS);
        if self.seconds.len() <= second {
            self.seconds.resize(second + 1, 0);
        }
        self.seconds[second] += bytes as u64;
    }

    /// Mean over `duration_ms`, kbit/s.
    pub(super) fn mean_kbps(&self, duration_ms: u64) -> u64 {
        self.total.saturating_mul(8) / duration_ms.max(1)
    }

    /// Of the fullest second, kbit/s.
    pub(super) fn peak_kbps(&self) -> u64 {
        self.seconds.iter().max().copied().unwrap_or(0).saturating_mul(8) / 1000
    }

    /// Bytes of each second; none where there are too many.
    pub(super) fn by_second(&self) -> Vec<u64> {
        if self.seconds.len() > TOLD_SECONDS { Vec::new() } else { self.seconds.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fullest_second_is_the_peak() {
        let mut rate = Bitrate::default();
        for (at, bytes) in [(0, 1000), (500_000, 1000), (1_000_000, 5000), (i64::MAX, 1)] {
            rate.add(Some(at), bytes);
        }
        assert_eq!(rate.peak_kbps(), 40);
        assert_eq!(rate.mean_kbps(2000), 28);
        assert!(rate.by_second().is_empty(), "28 hours are too many");
        let mut rate = Bitrate::default();
        for (at, bytes) in [(5_000_000, 10), (5_900_000, 1), (7_100_000, 3)] {
            rate.add(Some(at), bytes);
        }
        assert_eq!(rate.by_second(), [11, 0, 3]);
    }
}
