//! Compares the sounds of two works.
use super::along::{Along, Run, claim, peaks, runs, summary};
use super::found::Match;
use crate::fingerprint::sample::ITEM_US;

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

pub(super) fn compare(work: &[u32], other: &[u32]) -> Option<Match> {
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

fn is_sound(run: &Run) -> bool {
    run.len() >= SOUND_RUN
}
