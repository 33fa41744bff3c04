//! A look-ahead limiter of the true peak: turns down before a peak comes, never bends a wave.
//!
//! The peak between samples is found by four-fold oversampling, as ITU-R BS.1770-4 annex 2 measures it. Both channels
//! are turned down together, so that the stage does not move.
use std::collections::VecDeque;
use std::f64::consts::PI;

/// Samples over which the gain glides to where it must be: 5 ms at 48 kHz, too short to be heard as pumping.
const ATTACK: usize = 240;
/// Samples that have one ceiling: a frame of AAC.
pub(crate) const BLOCK: usize = 1024;
/// Taps of each of the four phases of the oversampling filter.
const TAPS: usize = 12;
/// The output's delay: the glide, and half the filter, with room.
const DELAY: usize = ATTACK + 16;
/// The span of the search for the smallest gain, longer than the glide by the filter on both sides.
const WINDOW: usize = ATTACK + 32;
/// Share of the way back to full gain in one sample: about 100 ms at 48 kHz.
const RELEASE: f32 = 1.0 / 4800.0;

/// A limiter for two channels at 48 kHz.
pub(crate) struct Limiter<'a> {
    ceilings: &'a [f32],
    peak: TruePeak,
    /// Candidates for the smallest gain in the window, increasing, with the sample at which each stood.
    smallest: VecDeque<(u64, f32)>,
    released: f32,
    glide: VecDeque<f32>,
    sum: f64,
    delayed: VecDeque<[f32; 2]>,
    at: u64,
}

impl<'a> Limiter<'a> {
    /// Holds the true peak at the ceiling of each block, full scale being 1; the last one's holds for everything after it.
    /// Without ceilings nothing is limited.
    pub(crate) fn new(ceilings: &'a [f32]) -> Self {
        Self {
            ceilings,
            peak: TruePeak::new(),
            smallest: VecDeque::new(),
            released: 1.0,
            glide: VecDeque::from(vec![1.0; ATTACK]),
            sum: ATTACK as f64,
            delayed: VecDeque::from(vec![[0.0; 2]; DELAY]),
            at: 0,
        }
    }

    /// Limits all of `samples` and gives as many back.
    pub(crate) fn run(mut self, samples: impl Iterator<Item = [f32; 2]> + 'a) -> impl Iterator<Item = [f32; 2]> + 'a {
        samples.chain(std::iter::repeat_n([0.0; 2], DELAY)).map(move |sample| self.push(sample)).skip(DELAY)
    }

    /// Takes one pair in and gives the pair of `DELAY` pairs ago out.
    fn push(&mut self, sample: [f32; 2]) -> [f32; 2] {
        let block = usize::try_from(self.at).unwrap_or(usize::MAX) / BLOCK;
        let ceiling = self.ceilings.get(block).or(self.ceilings.last()).copied().unwrap_or(f32::INFINITY);
        let peak = self.peak.push(sample, ceiling);
        let wanted = if peak > ceiling { ceiling / peak } else { 1.0 };
        let floor = self.smallest_of(wanted);
        self.released = floor.min(self.released + (1.0 - self.released) * RELEASE);
        self.sum += f64::from(self.released) - f64::from(self.glide.pop_front().unwrap_or(1.0));
        self.glide.push_back(self.released);
        let gain = (self.sum / ATTACK as f64) as f32;
        self.at += 1;
        self.delayed.push_back(sample);
        let [left, right] = self.delayed.pop_front().unwrap_or([0.0; 2]);
        [left * gain, right * gain]
    }

    fn smallest_of(&mut self, wanted: f32) -> f32 {
        while self.smallest.back().is_some_and(|(_, gain)| *gain >= wanted) {
            self.smallest.pop_back();
        }
        self.smallest.push_back((self.at, wanted));
        while self.smallest.front().is_some_and(|(at, _)| at + (WINDOW as u64) <= self.at) {
            self.smallest.pop_front();
        }
        self.smallest.front().map_or(wanted, |(_, gain)| *gain)
    }
}

/// The peak at and between the last samples of two channels.
struct TruePeak {
    filter: [[f32; TAPS]; 4],
    history: VecDeque<[f32; 2]>,
}

impl TruePeak {
    fn new() -> Self {
        Self { filter: oversampler(), history: VecDeque::from(vec![[0.0; 2]; TAPS]) }
    }

    /// The largest absolute value now that `sample` has come; between the samples only where it may be more than `least`.
    fn push(&mut self, sample: [f32; 2], least: f32) -> f32 {
        self.history.pop_front();
        self.history.push_back(sample);
        let mut peak = sample[0].abs().max(sample[1].abs());
        // Far below it no wave between the samples can reach it: the filter's gain is below 3.
        if self.history.iter().flatten().all(|sample| sample.abs() * 3.0 < least) {
            return peak;
        }
        for phase in &self.filter {
            let mut between = [0.0f32; 2];
            for (tap, pair) in phase.iter().zip(&self.history) {
                between[0] += tap * pair[0];
                between[1] += tap * pair[1];
            }
            peak = peak.max(between[0].abs()).max(between[1].abs());
        }
        peak
    }
}

/// The true peak of each block, full scale being 1, of sound that comes bit by bit.
pub(crate) struct Peaks {
    peak: TruePeak,
    least: f32,
    blocks: Vec<f32>,
    /// Samples of the last block.
    samples: usize,
}

impl Peaks {
    /// Below `least` a peak may be the samples' own.
    pub(crate) fn new(least: f32) -> Self {
        Self { peak: TruePeak::new(), least, blocks: Vec::new(), samples: BLOCK }
    }

    pub(crate) fn push(&mut self, sample: [f32; 2]) {
        if self.samples == BLOCK {
            self.blocks.push(0.0);
            self.samples = 0;
        }
        self.samples += 1;
        let peak = self.peak.push(sample, self.least);
        if let Some(block) = self.blocks.last_mut() {
            *block = block.max(peak);
        }
    }

    pub(crate) fn finish(self) -> Vec<f32> {
        self.blocks
    }
}

/// Four phases of a windowed sinc, each with a sum of 1.
fn oversampler() -> [[f32; TAPS]; 4] {
    let mut phases = [[0.0; TAPS]; 4];
    for (number, phase) in phases.iter_mut().enumerate() {
        let mut taps = [0.0f64; TAPS];
        for (index, tap) in taps.iter_mut().enumerate() {
            // Distance from the wanted point, which lies between the two middle samples.
            let distance = index as f64 - (TAPS as f64 / 2.0 - 1.0) - number as f64 / 4.0;
            let sinc = if distance == 0.0 { 1.0 } else { (PI * distance).sin() / (PI * distance) };
            let window = (PI * distance / TAPS as f64).cos().powi(2);
            *tap = sinc * window;
        }
        let sum: f64 = taps.iter().sum();
        for (tap, wanted) in phase.iter_mut().zip(taps) {
            *tap = (wanted / sum) as f32;
        }
    }
    phases
}

#[cfg(test)]
mod tests;
