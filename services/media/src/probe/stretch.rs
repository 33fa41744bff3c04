//! Collects stretches of time during which something stays true.
use pipeline::media_info::Stretch;

use crate::read::times::whole_ms;

/// Most stretches: more than a person would read, while a hostile file could have millions.
const MAX_STRETCHES: usize = 1000;

/// Stretches of at least `min_us` during which the marked condition held.
#[derive(Debug)]
pub(super) struct Stretches {
    min_us: i64,
    since: Option<i64>,
    found: Vec<Stretch>,
}

impl Stretches {
    pub(super) fn new(min_us: i64) -> Self {
        Self { min_us, since: None, found: Vec::new() }
    }

    /// Marks that the condition holds from `at_us` on, or does not.
    pub(super) fn mark(&mut self, at_us: i64, is: bool) {
        match (self.since, is) {
            (None, true) => self.since = Some(at_us),
            (Some(since), false) => {
                self.keep(since, at_us);
                self.since = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }

    /// All that were found, the last one ending at `end_us`.
    pub(super) fn finish(mut self, end_us: i64) -> Vec<Stretch> {
        if let Some(since) = self.since {
            self.keep(since, end_us);
        }
        self.found
    }

    fn keep(&mut self, since: i64, until: i64) {
        if until.saturating_sub(since) >= self.min_us && self.found.len() < MAX_STRETCHES {
            self.found.push(Stretch { start_ms: whole_ms(since), end_ms: whole_ms(until) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_stretches_are_kept_and_the_last_ends_with_the_file() {
        let mut black = Stretches::new(2_000_000);
        for (at, is) in [(0, true), (1_000_000, false), (3_000_000, true), (6_000_000, false), (7_000_000, true)] {
            black.mark(at, is);
        }
        let found = black.finish(9_500_000);
        assert_eq!(found, [Stretch { start_ms: 3000, end_ms: 6000 }, Stretch { start_ms: 7000, end_ms: 9500 }]);
    }
}
