//! Loudness over time: the short-term loudness each second, in a list of bounded length.
use ebur128::Error;
use pipeline::media_info::ShortTerm;

/// The list so far.
pub(super) struct Curve {
    step_s: u32,
    /// Moment of the next value, seconds after the sound begins.
    next_s: u32,
    lufs: Vec<f64>,
}

impl Default for Curve {
    fn default() -> Self {
        Self { step_s: 1, next_s: ShortTerm::WINDOW_S, lufs: Vec::new() }
    }
}

impl Curve {
    /// Adds the values that are due once the meter has measured the sound up to `end_us` after its beginning. `level` returns the loudness
    /// of the last three seconds. Time stamps may claim a gap of any length: since the step doubles, few values cover it.
    pub(super) fn follow(&mut self, end_us: i64, level: impl FnOnce() -> Result<f64, Error>) -> Result<(), Error> {
        let is_due = |at_s: u32| end_us >= i64::from(at_s) * 1_000_000;
        if !is_due(self.next_s) {
            return Ok(());
        }
        let lufs = level()?.max(ShortTerm::FLOOR_LUFS);
        let lufs = if lufs.is_finite() { (lufs * 10.0).round() / 10.0 } else { ShortTerm::FLOOR_LUFS };
        // Saturates after 136 years.
        while is_due(self.next_s) && self.next_s < u32::MAX {
            self.add(lufs);
        }
        Ok(())
    }

    fn add(&mut self, lufs: f64) {
        if self.lufs.len() == ShortTerm::MOST {
            let mut place = 0;
            self.lufs.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.step_s = self.step_s.saturating_mul(2);
            // As `MOST` is even, this value is due at the longer step too.
        }
        self.lufs.push(lufs);
        self.next_s = self.next_s.saturating_add(self.step_s);
    }

    pub(super) fn finish(self) -> ShortTerm {
        ShortTerm { step_s: self.step_s, lufs: self.lufs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A level that names its second.
    fn level(at_s: i64) -> f64 {
        -((at_s % 600) as f64) / 10.0
    }

    /// The curve of sound of such levels, heard in blocks of 20 ms.
    fn heard(seconds: i64) -> ShortTerm {
        let mut curve = Curve::default();
        for block in 1..=seconds * 50 {
            let at_us = block * 20_000;
            curve.follow(at_us, || Ok(level(at_us / 1_000_000))).unwrap();
        }
        curve.finish()
    }

    #[test]
    fn there_is_a_value_a_second_after_the_first_window() {
        assert_eq!(heard(2), ShortTerm { step_s: 1, lufs: vec![] });
        assert_eq!(heard(5), ShortTerm { step_s: 1, lufs: vec![-0.3, -0.4, -0.5] });
    }

    #[test]
    fn long_sound_has_no_more_values_and_each_at_its_moment() {
        for seconds in [482, 483, 484, 900, 2000] {
            let curve = heard(seconds);
            assert!(curve.lufs.len() <= ShortTerm::MOST && curve.lufs.len() >= ShortTerm::MOST / 4, "{seconds} s");
            assert!(curve.moments().all(|(at_s, lufs)| lufs == level(i64::from(at_s))), "{curve:?}");
            let (last, _) = curve.moments().last().unwrap();
            assert!(i64::from(last) <= seconds && i64::from(last + curve.step_s) > seconds, "{seconds} s: {last}");
        }
        assert_eq!((heard(482).step_s, heard(483).step_s, heard(2000).step_s), (1, 2, 8));
    }

    #[test]
    fn silence_lies_at_the_floor_and_a_hole_without_end_is_bounded() {
        let mut curve = Curve::default();
        curve.follow(3_000_000, || Ok(f64::NEG_INFINITY)).unwrap();
        curve.follow(i64::MAX, || Ok(-12.34)).unwrap();
        let curve = curve.finish();
        assert_eq!(&curve.lufs[..2], &[-70.0, -12.3]);
        assert!(curve.lufs.len() <= ShortTerm::MOST);
    }
}
