//! A look-ahead limiter of the true peak: turns down before a peak comes, never bends a wave.
//!
//! The peak between samples is found by four-fold oversampling, as ITU-R BS.1770-4 annex 2 measures it. Both channels
//! are turned down together, so that the stage does not move.
use std::collections::VecDeque;
use std::f64::consts::PI;

/// Samples over which the gain glides to where it must be: 5 ms at 48 kHz, too short to be heard as pumping.
const ATTACK: usize = 240;
/// Taps of each of the four phases of the oversampling filter.
const TAPS: usize = 12;
/// The output's delay: the glide, and half the filter, with room.
const DELAY: usize = ATTACK + 16;
/// The span of the search for the smallest gain, longer than the glide by the filter on both sides.
const WINDOW: usize = ATTACK + 32;
/// Share of the way back to full gain in one sample: about 100 ms at 48 kHz.
const RELEASE: f32 = 1.0 / 4800.0;

/// A limiter for two channels at 48 kHz.
pub(crate) struct Limiter {
    ceiling: f32,
    filter: [[f32; TAPS]; 4],
    history: VecDeque<[f32; 2]>,
    /// Candidates for the smallest gain in the window, increasing, with the sample at which each stood.
    smallest: VecDeque<(u64, f32)>,
    released: f32,
    glide: VecDeque<f32>,
    sum: f64,
    delayed: VecDeque<[f32; 2]>,
    at: u64,
}

impl Limiter {
    /// Holds the true peak at `ceiling_dbtp`.
    pub(crate) fn new(ceiling_dbtp: f64) -> Self {
        Self {
            ceiling: 10f64.powf(ceiling_dbtp / 20.0) as f32,
            filter: oversampler(),
            history: VecDeque::from(vec![[0.0; 2]; TAPS]),
            smallest: VecDeque::new(),
            released: 1.0,
            glide: VecDeque::from(vec![1.0; ATTACK]),
            sum: ATTACK as f64,
            delayed: VecDeque::from(vec![[0.0; 2]; DELAY]),
            at: 0,
        }
    }

    /// Limits all of `samples` and gives as many back.
    pub(crate) fn run(mut self, samples: impl Iterator<Item = [f32; 2]>) -> impl Iterator<Item = [f32; 2]> {
        samples.chain(std::iter::repeat_n([0.0; 2], DELAY)).map(move |sample| self.push(sample)).skip(DELAY)
    }

    /// Takes one pair in and gives the pair of `DELAY` pairs ago out.
    fn push(&mut self, sample: [f32; 2]) -> [f32; 2] {
        self.history.pop_front();
        self.history.push_back(sample);
        let peak = self.peak();
        let wanted = if peak > self.ceiling { self.ceiling / peak } else { 1.0 };
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

    /// The largest absolute value at and between the last samples.
    fn peak(&self) -> f32 {
        let mut peak = self.history.back().map_or(0.0, |pair| pair[0].abs().max(pair[1].abs()));
        // Far below the ceiling no wave between the samples can reach it: the filter's gain is below 3.
        if self.history.iter().flatten().all(|sample| sample.abs() * 3.0 < self.ceiling) {
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
mod tests {
    use ebur128::{EbuR128, Mode};

    use super::*;

    fn true_peak(samples: &[[f32; 2]]) -> f64 {
        let mut meter = EbuR128::new(2, 48_000, Mode::TRUE_PEAK).unwrap();
        meter.add_frames_f32(samples.as_flattened()).unwrap();
        20.0 * meter.true_peak(0).unwrap().max(meter.true_peak(1).unwrap()).log10()
    }

    /// A quarter of the sample rate at 45°: the samples reach 0.71 of what lies between them.
    fn tone(amplitude: f32, length: usize) -> Vec<[f32; 2]> {
        let wave = |n: usize| amplitude * ((n as f32 * 0.5 + 0.25) * std::f32::consts::PI).sin();
        (0..length).map(|n| [wave(n), wave(n) * 0.5]).collect()
    }

    #[test]
    fn no_peak_between_samples_passes_the_ceiling() {
        let loud: Vec<_> =
            [tone(0.2, 4800), tone(3.0, 4800), tone(0.1, 9600), tone(1.5, 300), tone(0.3, 4800)].concat();
        assert!(true_peak(&loud) > 8.0);
        let limited: Vec<_> = Limiter::new(-2.0).run(loud.iter().copied()).collect();
        assert_eq!(limited.len(), loud.len());
        assert!(true_peak(&limited) <= -1.9, "{}", true_peak(&limited));
    }

    #[test]
    fn what_is_below_the_ceiling_passes_unchanged_and_in_time() {
        let quiet = tone(0.5, 5000);
        let limited: Vec<_> = Limiter::new(-2.0).run(quiet.iter().copied()).collect();
        let worst = quiet.iter().zip(&limited).map(|(a, b)| (a[0] - b[0]).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-4, "{worst}");
    }
}
