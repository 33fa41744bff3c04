//! Lengths of time in seconds.
use chrono::{DateTime, Utc};

/// The sum. It starts at 0.0, because the sum of no numbers is -0.0, which people would see.
pub(super) fn total(seconds: impl Iterator<Item = f64>) -> f64 {
    seconds.fold(0.0, |sum, it| sum + it)
}

/// Seconds between two times, at least 0: the clocks of two transactions may cross by a moment.
pub fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    ((to - from).num_microseconds().unwrap_or(i64::MAX) as f64 / 1e6).max(0.0)
}
