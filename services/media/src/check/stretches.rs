//! Black, still and silent stretches of a rendition beside those of its source.
use pipeline::media_info::Stretch;

/// Edges of such stretches move by up to this much, ms.
const EDGE_MS: u64 = 1_000;

/// Stretches of both, in the order of their beginnings.
pub(super) fn either(some: &[Stretch], others: &[Stretch]) -> Vec<Stretch> {
    let mut all = [some, others].concat();
    all.sort_by_key(|stretch| stretch.start_ms);
    all
}

/// How much of `made` lies outside of `given`, in the order of their beginnings, whose edges are `EDGE_MS` wide and which is moved by `offset_ms`.
pub(super) fn uncovered(made: &[Stretch], given: &[Stretch], offset_ms: i64) -> u64 {
    let mut new = 0;
    for stretch in made {
        let mut at = stretch.start_ms;
        for known in given {
            let start = known.start_ms.saturating_add_signed(offset_ms).saturating_sub(EDGE_MS);
            let end = known.end_ms.saturating_add_signed(offset_ms) + EDGE_MS;
            if end <= at || start >= stretch.end_ms {
                continue;
            }
            new += start.saturating_sub(at);
            at = at.max(end);
        }
        new += stretch.end_ms.saturating_sub(at);
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(start_ms: u64, end_ms: u64) -> Stretch {
        Stretch { start_ms, end_ms }
    }

    #[test]
    fn only_what_the_source_has_not_is_new() {
        let given = [stretch(10_000, 20_000)];
        assert_eq!(uncovered(&[stretch(9_500, 20_900)], &given, 0), 0);
        assert_eq!(uncovered(&[stretch(5_000, 25_000)], &given, 0), 4_000 + 4_000);
        assert_eq!(uncovered(&[stretch(30_000, 33_000)], &given, 0), 3_000);
        assert_eq!(uncovered(&[stretch(30_000, 33_000)], &given, 20_000), 0);
    }
}
