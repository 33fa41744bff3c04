//! Limits the log lines about failures, so that guesses cannot fill the disk.
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines per minute. The counter counts all failures.
pub(super) const LINES: u32 = 300;
const MINUTE: Duration = Duration::from_secs(60);

/// How many lines were written within the current minute, and how many were suppressed since the last line.
#[derive(Default)]
pub(super) struct Lines(Mutex<(Option<Instant>, u32, u64)>);

impl Lines {
    /// Whether one more may be written at `now`; if so, how many were suppressed since the previous line.
    pub(super) fn may_write(&self, now: Instant) -> Option<u64> {
        // A panic while the lock is held leaves usable numbers.
        let (begun, written, unwritten) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if begun.is_none_or(|begun| now.duration_since(begun) >= MINUTE) {
            (*begun, *written) = (Some(now), 0);
        }
        if *written >= LINES {
            *unwritten += 1;
            return None;
        }
        *written += 1;
        Some(std::mem::take(unwritten))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_failures_logs_a_limited_number_of_lines_and_counts_the_rest() {
        let (lines, begun) = (Lines::default(), Instant::now());
        let written = (0..LINES + 50).filter(|_| lines.may_write(begun).is_some()).count();
        assert_eq!(written, LINES as usize);
        assert_eq!(lines.may_write(begun + MINUTE / 2), None);
        assert_eq!(lines.may_write(begun + MINUTE), Some(51));
        assert_eq!(lines.may_write(begun + MINUTE), Some(0));
    }
}
