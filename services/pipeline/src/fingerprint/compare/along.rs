//! Agreement along shifts of time: which shifts, which ranges along each, and how much of the works that is.
use super::found::{Match, MatchedRange};

/// Shifts that are followed: a work that was cut into another one agrees at more than one.
pub(super) const SHIFTS: usize = 3;

/// The agreement along one shift: positions of the first work with their distances.
pub(super) struct Along {
    pub(super) shift: isize,
    pub(super) distances: Vec<(usize, u32)>,
}

/// Consecutive positions along one shift.
pub(super) type Run = [(usize, u32)];

/// Keeps only coherent ranges: runs that count, with at most `gap` positions missing between neighbours.
pub(super) fn runs(along: Along, gap: usize, counts: fn(&Run) -> bool) -> Along {
    let stretches = along.distances.chunk_by(|a, b| b.0 - a.0 <= gap + 1).filter(|run| counts(run));
    Along { shift: along.shift, distances: stretches.flatten().copied().collect() }
}

/// Assigns each position to the shift that explains most, so that nothing counts twice.
pub(super) fn claim(mut found: Vec<Along>, gap: usize, counts: fn(&Run) -> bool) -> Vec<Along> {
    found.sort_by_key(|along| std::cmp::Reverse(along.distances.len()));
    let mut taken = std::collections::BTreeSet::new();
    let mut claimed = Vec::new();
    for mut along in found {
        along.distances.retain(|(place, _)| !taken.contains(place));
        let along = runs(along, gap, counts);
        taken.extend(along.distances.iter().map(|(place, _)| *place));
        claimed.push(along);
    }
    claimed
}

/// The positions with most votes, including their neighbours', at least a few positions apart.
pub(super) fn peaks(votes: &[f32]) -> Vec<(f32, usize)> {
    let around = |at: usize| votes[at.saturating_sub(1)..(at + 2).min(votes.len())].iter().sum::<f32>();
    let mut all: Vec<(f32, usize)> =
        (0..votes.len()).filter(|at| votes[*at] > 0.0).map(|at| (around(at) + votes[at], at)).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut chosen: Vec<(f32, usize)> = Vec::new();
    for (vote, at) in all.into_iter().take(64) {
        if chosen.len() < SHIFTS && chosen.iter().all(|(_, other)| other.abs_diff(at) > 3) {
            chosen.push((vote, at));
        }
    }
    chosen
}

/// The agreement of `found` as shares and times. `width`: bits of one hash; `step_us`: time between two positions.
pub(super) fn summary(found: &[Along], shorter: usize, width: u32, step_us: u64, gap: usize) -> Option<Match> {
    let agreeing: usize = found.iter().map(|along| along.distances.len()).sum();
    if agreeing == 0 || shorter == 0 {
        return None;
    }
    let bits: u64 = found.iter().flat_map(|along| &along.distances).map(|(_, bits)| u64::from(*bits)).sum();
    // Half of all bits differ by chance.
    let chance = agreeing as u64 * u64::from(width) / 2;
    let ms = |places: usize| places as u64 * step_us / 1000;
    let mut ranges: Vec<MatchedRange> = Vec::new();
    for along in found {
        for run in along.distances.chunk_by(|a, b| b.0 - a.0 <= gap + 1) {
            let (first, after) = (run[0].0, run[run.len() - 1].0 + 1);
            let other = |place: usize| ms(usize::try_from(place as isize + along.shift).unwrap_or(0));
            let (start_ms, end_ms) = (ms(first), ms(after));
            ranges.push(MatchedRange { start_ms, end_ms, other_start_ms: other(first), other_end_ms: other(after) });
        }
    }
    ranges.sort_by_key(|range| range.start_ms);
    Some(Match {
        covered_percent: (agreeing * 100 / shorter).min(100) as u32,
        agreement_percent: (100 - (bits * 100 / chance.max(1)).min(100)) as u32,
        ranges,
    })
}
