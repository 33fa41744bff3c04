//! Compares the pictures of two works.
use super::along::{Along, Run, SHIFTS, claim, peaks, runs, summary};
use super::found::Match;
use crate::fingerprint::sample::{REGIONS, STEP_MS, Sample};

/// 64-bit hashes that differ in at most this many bits show the same picture. Of unrelated hashes, four in a million
/// do.
const ALIKE_BITS: u32 = 14;
/// The same bound along a shift that many samples agree on, where chance matches are rarer.
const ALONG_BITS: u32 = 17;
/// Samples of one work that are searched for in the whole other one.
const ANCHORS: usize = 160;
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

/// The pairs of regions that are compared; one pair holds for a whole work. One work's middle equals the whole of its
/// crop, in either direction; two crops share their middle.
const PAIRS: [(usize, usize); 13] =
    [(0, 0), (0, 1), (1, 0), (0, 2), (2, 0), (0, 3), (3, 0), (0, 4), (4, 0), (1, 2), (2, 1), (3, 1), (1, 3)];

pub(super) fn compare(work: &[Sample], other: &[Sample]) -> Option<Match> {
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

fn is_picture(run: &Run) -> bool {
    let bits: u32 = run.iter().map(|(_, bits)| bits).sum();
    let within = |most: u32| bits <= most * run.len() as u32;
    run.len() >= PICTURE_RUN && within(SURE_BITS) || run.len() >= LASTING_RUN && within(LASTING_BITS)
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

/// `PAIRS` covers exactly the regions.
const _: () = assert!(REGIONS == 5);
