//! Where a file is damaged: collects the moments of errors while decoding as stretches of time, for people who look at them.
use pipeline::media_info::{MediaInfo, Stretch};

/// Errors at most this far apart are one stretch, µs: a person who looks at the first one sees the next.
const APART_US: i64 = 1_000_000;
/// How long one error is marked, µs. What it did to the picture is rarely seen for less.
const LASTS_US: i64 = 100_000;

/// The stretches so far: µs on the file's timeline, each from its first error to its last.
#[derive(Debug, Default)]
pub(crate) struct Damage {
    found: Vec<(i64, i64)>,
}

impl Damage {
    /// An error at this moment. One more stretch than [`MediaInfo::MOST_DAMAGE`] becomes a part of the last.
    pub(crate) fn add(&mut self, at_us: i64) {
        let near =
            |(from, to): &(i64, i64)| (from.saturating_sub(APART_US)..=to.saturating_add(APART_US)).contains(&at_us);
        // Errors of picture and sound come nearly in order, so it is one of the last.
        let place = self.found.iter().rposition(near);
        let place = place.or_else(|| (self.found.len() >= MediaInfo::MOST_DAMAGE).then(|| self.found.len() - 1));
        match place.and_then(|place| self.found.get_mut(place)) {
            Some((from, to)) => (*from, *to) = ((*from).min(at_us), (*to).max(at_us)),
            None => self.found.push((at_us, at_us)),
        }
    }

    /// The stretches in order, on the clock of a picture that begins at `begin_us` and is over, with its sound, `length_us` later.
    /// An error beyond an end lies at it.
    pub(crate) fn finish(mut self, begin_us: i64, length_us: i64) -> Vec<Stretch> {
        self.found.sort_unstable();
        let latest_us = length_us.saturating_sub(LASTS_US).max(0);
        let mut placed: Vec<(i64, i64)> = Vec::new();
        for (from, to) in self.found {
            let place = |at_us: i64| at_us.saturating_sub(begin_us).clamp(0, latest_us);
            let (from, to) = (place(from), place(to));
            match placed.last_mut() {
                Some((_, last)) if from <= last.saturating_add(APART_US) => *last = (*last).max(to),
                Some(_) | None => placed.push((from, to)),
            }
        }
        let ms = |us: i64| us.unsigned_abs() / 1000;
        let end = |to: i64| ms(to.saturating_add(LASTS_US).min(length_us));
        placed.iter().map(|(from, to)| Stretch { start_ms: ms(*from), end_ms: end(*to) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000;

    fn found(errors: impl IntoIterator<Item = i64>) -> Vec<(u64, u64)> {
        let mut damage = Damage::default();
        errors.into_iter().for_each(|at| damage.add(at));
        damage.finish(2 * S, 60 * S).iter().map(|it| (it.start_ms, it.end_ms)).collect()
    }

    #[test]
    fn errors_close_together_are_one_stretch_after_the_first_picture() {
        // Picture and sound are not quite in order.
        let errors = [12 * S, 12 * S + 500_000, 11 * S + 800_000, 40 * S];
        assert_eq!(found(errors), [(9_800, 10_600), (38_000, 38_100)]);
        assert_eq!(found([]), []);
    }

    #[test]
    fn what_lies_beyond_an_end_lies_at_it() {
        assert_eq!(found([i64::MIN, 70 * S, i64::MAX]), [(0, 100), (59_900, 60_000)]);
    }

    #[test]
    fn there_are_never_more_stretches_than_may_be_and_none_is_left_out() {
        let mut damage = Damage::default();
        (0..1000).for_each(|n| damage.add(n * 3 * S));
        let found = damage.finish(0, 3000 * S);
        assert_eq!(found.len(), MediaInfo::MOST_DAMAGE);
        assert_eq!(found.last().map(|it| it.end_ms), Some(2_997_100));
    }
}
