//! What screening found the same in two works.
use pipeline::fingerprint::{Match, MatchedRange};
use pipeline::id::SubmissionId;
use pipeline::screening::{Rule, Twin};
use runtime::store::submissions::SubmissionRow;
use serde::Serialize;

/// The most pairs of stills.
const STILLS: u64 = 6;

/// What is the same in both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Whether it is the same file, byte for byte.
    pub same_file: bool,
    /// In the picture.
    pub picture: Option<Alike>,
    /// In the sound.
    pub sound: Option<Alike>,
    /// How much later the same content is in the other work than in this one, in ms, along the longest stretch.
    pub shift_ms: i64,
    /// Moments of this work that a still shows, and the moments of the other one.
    pub moments: Vec<(u64, u64)>,
}

/// What is the same in the picture or in the sound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alike {
    /// How much of the shorter work is the same, in percent.
    pub covered_percent: u32,
    /// How well it agrees there: 100 means bit for bit.
    pub agreement_percent: u32,
    /// In the order of this work.
    pub stretches: Vec<Stretch>,
}

/// A stretch that both works have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// Where it starts in this work.
    pub start_ms: u64,
    /// Where it starts in the other one.
    pub other_start_ms: u64,
    /// How long it is.
    pub length_ms: u64,
    /// How much later it is in the other one.
    pub shift_ms: i64,
}

/// What screening found alike in two works. It is in the verdict of the work that was screened later.
pub fn found(work: &SubmissionRow, other: &SubmissionRow) -> Option<Found> {
    let of = |work: &SubmissionRow, other: SubmissionId| twin(work, other).cloned();
    let twin = of(work, other.id).or_else(|| of(other, work.id).map(turned))?;
    Some(Found::of(&twin))
}

fn twin(work: &SubmissionRow, other: SubmissionId) -> Option<&Twin> {
    let rules = work.verdict.iter().flat_map(|verdict| &verdict.rules);
    rules
        .filter(|rule| rule.rule == Rule::Duplicate)
        .flat_map(|rule| &rule.others)
        .find(|twin| twin.submission == other)
}

/// The same finding, seen from the other work.
fn turned(mut twin: Twin) -> Twin {
    for found in [&mut twin.likeness.picture, &mut twin.likeness.sound].into_iter().flatten() {
        for range in &mut found.ranges {
            let MatchedRange { start_ms, end_ms, other_start_ms, other_end_ms } = *range;
            *range = MatchedRange {
                start_ms: other_start_ms,
                end_ms: other_end_ms,
                other_start_ms: start_ms,
                other_end_ms: end_ms,
            };
        }
        found.ranges.sort_by_key(|range| range.start_ms);
    }
    twin
}

impl Found {
    fn of(twin: &Twin) -> Self {
        let (picture, sound) =
            (twin.likeness.picture.as_ref().map(Alike::of), twin.likeness.sound.as_ref().map(Alike::of));
        // Stills show the picture. For works that are the same only in sound, they show the picture at that time.
        let seen = [&picture, &sound].into_iter().flatten().map(|alike| &alike.stretches[..]);
        let seen = seen.into_iter().find(|stretches| !stretches.is_empty()).unwrap_or_default();
        let longest = seen.iter().max_by_key(|stretch| stretch.length_ms);
        let shift_ms = longest.map_or(0, |stretch| stretch.shift_ms);
        Self { same_file: twin.same_file, shift_ms, moments: moments(seen), picture, sound }
    }
}

impl Alike {
    fn of(found: &Match) -> Self {
        let shift = |from: u64, to: u64| i64::try_from(to).unwrap_or(i64::MAX).saturating_sub_unsigned(from);
        let stretch = |range: &MatchedRange| Stretch {
            start_ms: range.start_ms,
            other_start_ms: range.other_start_ms,
            length_ms: range.end_ms.saturating_sub(range.start_ms),
            shift_ms: shift(range.start_ms, range.other_start_ms),
        };
        Self {
            covered_percent: found.covered_percent,
            agreement_percent: found.agreement_percent,
            stretches: found.ranges.iter().map(stretch).collect(),
        }
    }
}

/// Moments spread evenly over the common stretches: in this work, and in the other one.
fn moments(stretches: &[Stretch]) -> Vec<(u64, u64)> {
    let all: u64 = stretches.iter().map(|stretch| stretch.length_ms).sum();
    let moment = |place: u64| {
        let mut left = all * (2 * place + 1) / (2 * STILLS);
        let stretch = stretches.iter().find(|stretch| {
            let within = left < stretch.length_ms;
            if !within {
                left -= stretch.length_ms;
            }
            within
        })?;
        Some((stretch.start_ms + left, stretch.other_start_ms + left))
    };
    (0..STILLS).filter_map(moment).collect()
}

#[cfg(test)]
mod tests {
    use pipeline::fingerprint::Likeness;
    use uuid::Uuid;

    use super::*;

    fn range(start_ms: u64, end_ms: u64, other_start_ms: u64) -> MatchedRange {
        MatchedRange { start_ms, end_ms, other_start_ms, other_end_ms: other_start_ms + end_ms - start_ms }
    }

    fn alike(picture: Vec<MatchedRange>) -> Twin {
        let found = Match { covered_percent: 60, agreement_percent: 90, ranges: picture };
        let likeness = Likeness { picture: Some(found), sound: None };
        Twin { submission: SubmissionId(Uuid::nil()), same_file: false, likeness }
    }

    #[test]
    fn the_shift_is_the_longest_stretchs_and_turns_with_the_sides() {
        let twin = alike(vec![range(2000, 6000, 0), range(10_000, 30_000, 9500)]);
        let found = Found::of(&twin);
        assert_eq!(found.shift_ms, -500);
        let stretches = &found.picture.as_ref().unwrap().stretches;
        assert_eq!((stretches[0].shift_ms, stretches[0].length_ms), (-2000, 4000));
        let back = Found::of(&turned(twin));
        assert_eq!(back.shift_ms, 500);
        assert_eq!(back.picture.unwrap().stretches[1].start_ms, 9500);
    }

    #[test]
    fn stills_are_spread_over_what_both_have_and_over_nothing_else() {
        let found = Found::of(&alike(vec![range(2000, 8000, 0), range(20_000, 26_000, 30_000)]));
        let expected = [(3000, 1000), (5000, 3000), (7000, 5000), (21_000, 31_000), (23_000, 33_000), (25_000, 35_000)];
        assert_eq!(found.moments, expected);
        assert_eq!(Found::of(&alike(vec![])).moments, []);
        assert_eq!(Found::of(&alike(vec![])).shift_ms, 0);
    }
}
