//! Puts decoded sound where the file's time stamps say: holes become silence, overlaps are cut, a clock that runs a little
//! faster or slower than it says is followed.
//!
//! A sound card's clock and a camera's differ; over minutes that parts the lips from the voice. Players follow the stamps, so
//! this does too. But stamps are also rounded (Matroska) and jitter (phones), and a sound that was cut and filled at each of
//! these would crackle. So the stamps are looked at as a whole when all sound is there: a median over some blocks takes the
//! jitter, what then jumps is a hole or an overlap, and what then drifts is followed by resampling.
use crate::read::stereo::{RATE, Stereo};
use crate::sound::varispeed::Varispeed;

/// Blocks on either side that have a say in where a block lies: about 0.15 s of AAC each way.
const NEIGHBOURS: usize = 7;
/// A change of the offset between two blocks by more than this is a hole or an overlap, in samples: 5 ms.
const STEP: i64 = 240;
/// An offset that stays within this is constant, in samples: 2 ms, the rounding of stamps with room.
const STEADY: i64 = 96;
/// Distance of the points between which a drift is taken for even, in samples: 1 s.
const KNOT: usize = RATE as usize;

/// Where a block of sound lies in what was decoded, and where it belongs, both in samples at `RATE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// In the decoded sound, which has no breaks.
    pub(crate) at: i64,
    /// On the picture's timeline.
    pub(crate) target: i64,
}

/// A stretch of blocks without a hole or an overlap between them.
struct Run {
    /// First sample of it in the decoded sound, and the first after it.
    from: usize,
    to: usize,
    /// Blocks of it: where, and by how much they are off.
    offsets: Vec<(i64, i64)>,
}

/// `sound` as it belongs on the picture's timeline, `wanted` samples long.
pub(crate) fn place(mut sound: Stereo, blocks: &[Block], wanted: usize) -> Stereo {
    let runs = runs(blocks, sound.len());
    if let [run] = &runs[..]
        && let Some(offset) = run.steady()
    {
        shift(&mut sound, offset, wanted);
        return sound;
    }
    let mut placed = vec![[0.0; 2]; wanted];
    for run in &runs {
        match run.steady() {
            Some(offset) => copy(&sound, run, offset, &mut placed),
            None => follow(&sound, run, &mut placed),
        }
    }
    placed
}

fn runs(blocks: &[Block], length: usize) -> Vec<Run> {
    let raw: Vec<i64> = blocks.iter().map(|block| block.target.saturating_sub(block.at)).collect();
    let place = |at: i64| usize::try_from(at).unwrap_or(0).min(length);
    let mut runs: Vec<Run> = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        let offset = median(&raw, index);
        let last = runs.last().and_then(|run| run.offsets.last()).map(|(_, offset)| *offset);
        if last.is_none_or(|last| offset.saturating_sub(last).abs() > STEP) {
            // What comes before the first stamp belongs to the first run.
            let from = if last.is_none() { 0 } else { place(block.at) };
            if let Some(run) = runs.last_mut() {
                run.to = from;
            }
            runs.push(Run { from, to: length, offsets: Vec::new() });
        }
        if let Some(run) = runs.last_mut() {
            run.offsets.push((block.at, offset));
        }
    }
    runs
}

/// The middle one of the offsets around `index`. A jump stays where it is; what strays alone is not followed.
fn median(offsets: &[i64], index: usize) -> i64 {
    let mut near = offsets[index.saturating_sub(NEIGHBOURS)..offsets.len().min(index + NEIGHBOURS + 1)].to_vec();
    near.sort_unstable();
    near[near.len() / 2]
}

impl Run {
    /// The offset of all of it, where it has only one.
    fn steady(&self) -> Option<i64> {
        let mut sorted: Vec<i64> = self.offsets.iter().map(|(_, offset)| *offset).collect();
        sorted.sort_unstable();
        let (first, last) = (sorted.first()?, sorted.last()?);
        (last.saturating_sub(*first) <= STEADY).then(|| sorted[sorted.len() / 2])
    }

    /// Offsets at about each second, each the mean of the blocks around it.
    fn knots(&self) -> Vec<(f64, f64)> {
        let mut knots = Vec::new();
        let mut rest = &self.offsets[..];
        while let Some((begin, _)) = rest.first() {
            let near = rest.iter().take_while(|(at, _)| at.saturating_sub(*begin) < KNOT as i64).count();
            let (here, after) = rest.split_at(near.max(1));
            // A short rest at the end would make a wild slope.
            let here = if after.len() * 2 < here.len() { std::mem::take(&mut rest) } else { here };
            rest = if rest.is_empty() { rest } else { after };
            let count = here.len() as f64;
            let mean = |value: fn(&(i64, i64)) -> i64| here.iter().map(|pair| value(pair) as f64).sum::<f64>() / count;
            knots.push((mean(|pair| pair.0), mean(|pair| pair.1)));
        }
        knots
    }
}

/// Moves all of `sound` by `offset` and makes it `wanted` long, without a second copy of it.
fn shift(sound: &mut Stereo, offset: i64, wanted: usize) {
    let by = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
    if offset < 0 {
        sound.drain(..by.min(sound.len()));
    } else {
        let silence = by.min(wanted);
        sound.truncate(wanted - silence);
        sound.splice(..0, std::iter::repeat_n([0.0; 2], silence));
    }
    sound.resize(wanted, [0.0; 2]);
}

fn copy(sound: &[[f32; 2]], run: &Run, offset: i64, placed: &mut [[f32; 2]]) {
    for (index, sample) in sound.iter().enumerate().take(run.to).skip(run.from) {
        let to = (index as i64).saturating_add(offset);
        if let Some(slot) = usize::try_from(to).ok().and_then(|to| placed.get_mut(to)) {
            *slot = *sample;
        }
    }
}

/// Plays the run a little faster or slower, so that each block comes at its time.
fn follow(sound: &[[f32; 2]], run: &Run, placed: &mut [[f32; 2]]) {
    let knots = run.knots();
    let varispeed = Varispeed::new();
    let mut segment = 0;
    let mut offset_at = |position: f64| -> f64 {
        while segment + 2 < knots.len() && position > knots[segment + 1].0 {
            segment += 1;
        }
        match (knots.get(segment), knots.get(segment + 1)) {
            (Some((at, offset)), Some((next, next_offset))) if next > at => {
                offset + (next_offset - offset) * (position - at) / (next - at)
            }
            (Some((_, offset)), _) => *offset,
            (None, _) => 0.0,
        }
    };
    let mut position = run.from as f64;
    let first = (position + offset_at(position)).ceil().max(0.0) as usize;
    for (to, slot) in placed.iter_mut().enumerate().skip(first) {
        // Offsets change by far less than a sample from one sample to the next: one step finds the place.
        position = to as f64 - offset_at(position);
        if position >= run.to as f64 {
            break;
        }
        *slot = varispeed.at(sound, position);
    }
}

#[cfg(test)]
mod tests;
