//! Compares two works: finds the time shift at which they agree best, and the ranges that agree at that shift.
use serde::{Deserialize, Serialize};

use super::print::Fingerprint;
use super::sample::{ITEM_US, REGIONS, STEP_MS, Sample};

/// 64-bit hashes that differ in at most this many bits show the same picture. Of unrelated hashes, four in a million
/// do.
const ALIKE_BITS: u32 = 14;
/// The same bound along a shift that many samples agree on, where chance matches are rarer.
const ALONG_BITS: u32 = 17;
/// Samples of one work that are searched for in the whole other one.
const ANCHORS: usize = 160;
/// Shifts that are followed: a work that was cut into another one agrees at more than one.
const SHIFTS: usize = 3;
/// Missing samples within a range: a caption or a flash over the picture.
const PICTURE_GAP: usize = 4;
/// Shortest range of the picture, in samples.
const PICTURE_RUN: usize = 4;
/// A range counts if its samples differ by at most this many bits on average; a long range may differ by more, since
/// chance matches do not last.
const SURE_BITS: u32 = 11;
const LASTING_BITS: u32 = 15;
const LASTING_RUN: usize = 20;
/// A picture counts as different if it differs from all earlier ones by more than this many bits.
const OTHER_BITS: u32 = 10;
/// This many different pictures must agree: two talks before the same wall agree in one or two.
const DIFFERENT_PICTURES: usize = 3;
/// Items of the sound that are judged together, two seconds.
const WINDOW: usize = 16;
/// Mean difference of such a window, in bits of 32, up to which it is the same sound. Unrelated ones differ by 16,
/// related instruments by 12; fpcalc's own matcher uses 10 as its limit.
const SOUND_BITS: u32 = 9;
/// Different items that a window needs to be significant: a held tone or silence has one.
const DIFFERENT_ITEMS: usize = 5;
/// Missing items within a range.
const SOUND_GAP: usize = 16;
/// Shortest range of the sound, in items.
const SOUND_RUN: usize = 24;
/// A value that occurs in a work more often than this does not vote for a shift.
const MOST_PLACES: usize = 24;

/// The pairs of regions that are compared; one pair holds for a whole work. One work's middle equals the whole of its
/// crop, in either direction; two crops share their middle.
const PAIRS: [(usize, usize); 13] =
    [(0, 0), (0, 1), (1, 0), (0, 2), (2, 0), (0, 3), (3, 0), (0, 4), (4, 0), (1, 2), (2, 1), (3, 1), (1, 3)];

/// How alike two works are. Empty for unrelated works.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Likeness {
    /// Similarity of the pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<Match>,
    /// Similarity of the sounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound: Option<Match>,
}

/// The ranges in which two works agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// The part of the shorter work that agrees, in percent.
    pub covered_percent: u32,
    /// The quality of the agreement there: 100 is bit for bit, 0 is chance.
    pub agreement_percent: u32,
    /// The ranges, in the order of the first work.
    pub ranges: Vec<MatchedRange>,
}

/// A range of time that two works share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchedRange {
    /// Its begin in the first work, ms from the start.
    pub start_ms: u64,
    /// Its end there.
    pub end_ms: u64,
    /// Its begin in the other work.
    pub other_start_ms: u64,
    /// Its end there.
    pub other_end_ms: u64,
}

/// Compares a work with another one.
pub fn compare(work: &Fingerprint, other: &Fingerprint) -> Likeness {
    Likeness { picture: picture(&work.picture, &other.picture), sound: sound(&work.sound, &other.sound) }
}

/// The agreement along one shift: positions of the first work with their distances.
struct Along {
    shift: isize,
    distances: Vec<(usize, u32)>,
}

fn picture(work: &[Sample], other: &[Sample]) -> Option<Match> {
    let telling = |samples: &[Sample]| samples.iter().filter(|sample| sample[0] != 0).count();
    let shorter = telling(work).min(telling(other));
    let mut found: Vec<Along> = Vec::new();
    for ((here, there), shift) in picture_shifts(work, other) {
        let along = Along {
            shift,
            distances: (0..work.len())
                .filter_map(|place| {
                    let near = (-1..=1).filter_map(|step| {
                        let at = usize::try_from(place as isize + shift + step).ok()?;
                        apart(work[place][here], other.get(at)?[there])
                    });
                    near.min().filter(|bits| *bits <= ALONG_BITS).map(|bits| (place, bits))
                })
                .collect(),
        };
        found.push(runs(along, PICTURE_GAP, is_picture));
    }
    let claimed = claim(found, PICTURE_GAP, is_picture);
    if different(claimed.iter().flat_map(|along| &along.distances).map(|(place, _)| work[*place][0]))
        < DIFFERENT_PICTURES
    {
        return None;
    }
    summary(&claimed, shorter, 64, STEP_MS * 1000, PICTURE_GAP)
}

/// Bits in which two hashes differ; `None` if one of them has nothing to recognise.
fn apart(a: u64, b: u64) -> Option<u32> {
    (a != 0 && b != 0).then(|| (a ^ b).count_ones())
}

/// The shifts that most anchors agree on, each with the pair of regions for which they do.
fn picture_shifts(work: &[Sample], other: &[Sample]) -> Vec<((usize, usize), isize)> {
    let telling: Vec<usize> = (0..work.len()).filter(|place| work[*place][0] != 0).collect();
    let stride = telling.len().div_ceil(ANCHORS).max(1);
    let anchors: Vec<usize> = telling.into_iter().step_by(stride).collect();
    let mut best = Vec::new();
    for pair in PAIRS {
        let mut votes = vec![0.0f32; work.len() + other.len() + 1];
        for anchor in &anchors {
            let alike =
                |sample: &Sample| apart(work[*anchor][pair.0], sample[pair.1]).is_some_and(|it| it <= ALIKE_BITS);
            let places: Vec<usize> = (0..other.len()).filter(|place| alike(&other[*place])).collect();
            // A picture that lasts long votes for many shifts, so its vote for each of them has less weight.
            let weight = 1.0 / (places.len().max(1) as f32).sqrt();
            places.iter().for_each(|place| votes[place + work.len() - anchor] += weight);
        }
        best.extend(peaks(&votes).into_iter().map(|(vote, at)| (vote, pair, at as isize - work.len() as isize)));
    }
    best.sort_by(|a, b| b.0.total_cmp(&a.0));
    best.into_iter().take(SHIFTS).map(|(_, pair, shift)| (pair, shift)).collect()
}

/// The positions with most votes, including their neighbours', at least a few positions apart.
fn peaks(votes: &[f32]) -> Vec<(f32, usize)> {
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

fn sound(work: &[u32], other: &[u32]) -> Option<Match> {
    let mut found: Vec<Along> = Vec::new();
    for shift in sound_shifts(work, other) {
        let begin = usize::try_from(-shift).unwrap_or(0);
        let end = usize::try_from(other.len() as isize - shift).unwrap_or(0).min(work.len());
        let mut distances = Vec::new();
        for window in (begin..end.saturating_sub(WINDOW - 1)).step_by(WINDOW / 4) {
            let there = (window as isize + shift) as usize;
            let (here, there) = (&work[window..window + WINDOW], &other[there..there + WINDOW]);
            let bits: u32 = here.iter().zip(there).map(|(a, b)| (a ^ b).count_ones()).sum();
            if bits <= SOUND_BITS * WINDOW as u32 && kinds(here) >= DIFFERENT_ITEMS && kinds(there) >= DIFFERENT_ITEMS {
                distances.extend((window..window + WINDOW).map(|place| (place, bits / WINDOW as u32)));
            }
        }
        distances.sort_unstable();
        distances.dedup_by_key(|(place, _)| *place);
        found.push(runs(Along { shift, distances }, SOUND_GAP, is_sound));
    }
    summary(&claim(found, SOUND_GAP, is_sound), work.len().min(other.len()), 32, ITEM_US, SOUND_GAP)
}

fn kinds(items: &[u32]) -> usize {
    let mut items = items.to_vec();
    items.sort_unstable();
    items.dedup();
    items.len()
}

/// Shifts at which most items agree in their upper half, which is the more robust one.
fn sound_shifts(work: &[u32], other: &[u32]) -> Vec<isize> {
    let mut places: Vec<(u32, usize)> = other.iter().enumerate().map(|(at, item)| (item >> 16, at)).collect();
    places.sort_unstable();
    let mut votes = vec![0.0f32; work.len() + other.len() + 1];
    for (at, item) in work.iter().enumerate() {
        let from = places.partition_point(|(half, _)| *half < item >> 16);
        let to = places.partition_point(|(half, _)| *half <= item >> 16);
        if to - from <= MOST_PLACES {
            places[from..to].iter().for_each(|(_, place)| votes[place + work.len() - at] += 1.0);
        }
    }
    peaks(&votes).into_iter().map(|(_, at)| at as isize - work.len() as isize).collect()
}

/// Consecutive positions along one shift.
type Run = [(usize, u32)];

fn is_picture(run: &Run) -> bool {
    let bits: u32 = run.iter().map(|(_, bits)| bits).sum();
    let within = |most: u32| bits <= most * run.len() as u32;
    run.len() >= PICTURE_RUN && within(SURE_BITS) || run.len() >= LASTING_RUN && within(LASTING_BITS)
}

fn is_sound(run: &Run) -> bool {
    run.len() >= SOUND_RUN
}

/// Keeps only coherent ranges: runs that count, with at most `gap` positions missing between neighbours.
fn runs(along: Along, gap: usize, counts: fn(&Run) -> bool) -> Along {
    let stretches = along.distances.chunk_by(|a, b| b.0 - a.0 <= gap + 1).filter(|run| counts(run));
    Along { shift: along.shift, distances: stretches.flatten().copied().collect() }
}

/// Assigns each position to the shift that explains most, so that nothing counts twice.
fn claim(mut found: Vec<Along>, gap: usize, counts: fn(&Run) -> bool) -> Vec<Along> {
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

/// How many of these pictures differ from each other; stops counting when it is enough.
fn different(hashes: impl Iterator<Item = u64>) -> usize {
    let mut kept: Vec<u64> = Vec::new();
    for hash in hashes {
        if kept.len() < DIFFERENT_PICTURES && kept.iter().all(|other| (hash ^ other).count_ones() > OTHER_BITS) {
            kept.push(hash);
        }
    }
    kept.len()
}

fn summary(found: &[Along], shorter: usize, width: u32, step_us: u64, gap: usize) -> Option<Match> {
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

/// `PAIRS` covers exactly the regions.
const _: () = assert!(REGIONS == 5);
