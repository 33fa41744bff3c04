//! Stretches in which nothing moves.
use pipeline::media_info::Stretch;

use super::luma::{Difference, Grid};
use super::stretch::Stretches;

/// Collects them.
#[derive(Debug)]
pub(super) struct Still {
    /// Whether the difference of two pictures does not count.
    is_still: fn(Difference) -> bool,
    /// The first picture of the still stretch, and since when it is shown. Comparing with it detects slow pans.
    reference: Grid,
    since_us: i64,
    found: Stretches,
}

impl Still {
    /// Stretches of at least `min_us`.
    pub(super) fn new(min_us: i64, is_still: fn(Difference) -> bool) -> Self {
        Self { is_still, reference: Grid::default(), since_us: 0, found: Stretches::new(min_us) }
    }

    /// The picture since which nothing moved.
    pub(super) fn reference(&self) -> &Grid {
        &self.reference
    }

    /// Sees the picture that comes at `at_us`, and how it differs from the reference.
    pub(super) fn see(&mut self, at_us: i64, picture: &Grid, difference: Option<Difference>) {
        if difference.is_some_and(self.is_still) {
            return;
        }
        // A single picture may have been shown for long.
        self.found.mark(self.since_us, true);
        self.found.mark(at_us, false);
        self.since_us = at_us;
        self.reference.clone_from(picture);
    }

    /// All that were found, the last one ending at `end_us`.
    pub(super) fn finish(mut self, end_us: i64) -> Vec<Stretch> {
        self.found.mark(self.since_us, true);
        self.found.finish(end_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_picture_that_stays_is_as_still_as_many_that_are_the_same() {
        let mut still = Still::new(5_000_000, Difference::is_still);
        let mut see = |at_us: i64, level: u8| {
            let picture = Grid::of(level);
            let difference = picture.difference(still.reference());
            still.see(at_us, &picture, difference);
        };
        for second in 0..5 {
            see(second * 1_000_000, 10 + second as u8 * 40);
        }
        // Shown for nine seconds; then the same picture for six; then the last one for five.
        see(5_000_000, 20);
        (14..20).for_each(|second| see(second * 1_000_000, 90));
        see(20_000_000, 200);
        let found = still.finish(25_000_000);
        let stretch = |start_ms, end_ms| Stretch { start_ms, end_ms };
        assert_eq!(found, [stretch(5000, 14_000), stretch(14_000, 20_000), stretch(20_000, 25_000)]);
    }
}
