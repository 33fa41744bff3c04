//! The hours in which works are published.
use std::time::Duration;

use chrono::{DateTime, Timelike, Utc};
use serde::{Deserialize, Serialize};

/// Hours of the day in which works are published, by the wall clock of Beijing (UTC+8, without summer time).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// First hour, 0 to 23.
    pub from_hour: u32,
    /// The hour at which it closes, 1 to 24; smaller than the first for a window over midnight.
    pub to_hour: u32,
}

impl Window {
    /// Time until it opens; `None` if it is open.
    pub fn opens_in(&self, now: DateTime<Utc>) -> Option<Duration> {
        const BEIJING_S: u32 = 8 * 3600;
        let second = (now.num_seconds_from_midnight() + BEIJING_S) % 86_400;
        let (from, to) = (self.from_hour * 3600, self.to_hour * 3600);
        let open = if from < to { (from..to).contains(&second) } else { second >= from || second < to };
        (!open).then(|| Duration::from_secs(((from + 86_400 - second) % 86_400).into()))
    }
}
