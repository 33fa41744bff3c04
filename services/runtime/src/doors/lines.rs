//! Limits the log lines about failures, so that guesses cannot fill the disk.
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines per minute. The counter counts all failures.
pub(super) const LINES: u32 = 300;
const MINUTE: Duration = Duration::from_secs(60);

/// Bounds the lines of a minute.
#[derive(Default)]
pub(super) struct Lines(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    /// When the current minute began.
    begun: Option<Instant>,
    /// Lines of this minute.
    written: u32,
    /// Suppressed since the last line.
    suppressed: u64,
}

impl Lines {
    /// Whether one more may be written at `now`; if so, how many were suppressed since the previous line.
    pub(super) fn may_write(&self, now: Instant) -> Option<u64> {
        // A panic while the lock is held leaves usable numbers.
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.begun.is_none_or(|begun| now.duration_since(begun) >= MINUTE) {
            counted.begun = Some(now);
            counted.written = 0;
        }
        if counted.written >= LINES {
            counted.suppressed += 1;
            return None;
        }
        counted.written += 1;
        Some(std::mem::take(&mut counted.suppressed))
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
