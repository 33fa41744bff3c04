//! Samples of sound between its samples: a windowed sinc, for playing a little faster or slower than recorded.
use std::f64::consts::PI;

/// Samples that one in between is made of.
const TAPS: usize = 32;
/// Places between two samples for which the filter is known; what lies between these is mixed of two.
const PHASES: usize = 512;

/// The filter's table.
pub(crate) struct Varispeed {
    phases: Vec<[f32; TAPS]>,
}

impl Varispeed {
    pub(crate) fn new() -> Self {
        let phase = |number: usize| {
            let mut taps = [0.0f64; TAPS];
            for (index, tap) in taps.iter_mut().enumerate() {
                let distance = index as f64 - (TAPS / 2 - 1) as f64 - number as f64 / PHASES as f64;
                let sinc = if distance == 0.0 { 1.0 } else { (PI * distance).sin() / (PI * distance) };
                *tap = sinc * (PI * distance / TAPS as f64).cos().powi(2);
            }
            let sum: f64 = taps.iter().sum();
            taps.map(|tap| (tap / sum) as f32)
        };
        Self { phases: (0..=PHASES).map(phase).collect() }
    }

    /// The sound at `position`, in samples; silence outside of it.
    pub(crate) fn at(&self, sound: &[[f32; 2]], position: f64) -> [f32; 2] {
        let whole = position.floor();
        let fine = (position - whole) * PHASES as f64;
        let number = (fine as usize).min(PHASES - 1);
        let part = (fine - number as f64) as f32;
        let (here, next) = (&self.phases[number], &self.phases[number + 1]);
        let first = whole as i64 - (TAPS as i64 / 2 - 1);
        let mut mixed = [0.0; 2];
        for (offset, (a, b)) in here.iter().zip(next).enumerate() {
            let sample = usize::try_from(first + offset as i64).ok().and_then(|index| sound.get(index));
            let [left, right] = sample.copied().unwrap_or_default();
            let tap = a + (b - a) * part;
            mixed[0] += left * tap;
            mixed[1] += right * tap;
        }
        mixed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_the_same_between_its_samples() {
        // Up to 15 kHz the error stays below −66 dB.
        for hertz in [100.0, 1000.0, 8000.0, 15_000.0] {
            let wave = |at: f64| (at * hertz / 48_000.0 * 2.0 * PI).sin();
            let sound: Vec<[f32; 2]> = (0..2000).map(|n| [wave(f64::from(n)) as f32, 0.0]).collect();
            let varispeed = Varispeed::new();
            let error = (0..10_000)
                .map(|n| 500.0 + f64::from(n) * 0.0937)
                .map(|at| (f64::from(varispeed.at(&sound, at)[0]) - wave(at)).abs());
            let worst = error.fold(0.0, f64::max);
            assert!(worst < 5e-4, "{hertz} Hz: {worst}");
        }
    }
}
