//! Bytes over time: mean, and the fullest second.

/// Seconds that are told apart; a stamp beyond (28 hours) counts to the last.
const MAX_SECONDS: usize = 100_000;

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
    }
}
