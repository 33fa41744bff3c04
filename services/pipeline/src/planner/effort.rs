//! How the effort of encoding a work is distributed over its length: a busy source is expensive to encode.
//!
//! In six segments of real clips, the time of each was proportional to its bytes (13 MB took 13 s, 43 MB 43 s), not to
//! its frames.
use crate::media_info::MediaInfo;
use crate::rendition::Picture;

/// Share of an encode's cost that is proportional to the source's bytes; the rest is proportional to frames, even still
/// ones.
const BUSY: f64 = 0.75;

/// The effort of one work over its length. Evenly distributed if its bytes are unknown.
pub(super) struct Effort {
    /// Bytes before each second of the source, and before its end.
    bytes: Vec<f64>,
    /// Length of the output in seconds.
    length_s: f64,
}

impl Effort {
    /// The effort of the output `picture`.
    pub(super) fn of(info: &MediaInfo, picture: &Picture) -> Self {
        let length_s = picture.frames as f64 / picture.frame_rate.value();
        Self::new(&info.video.bytes_by_second, length_s)
    }

    /// From the bytes of each second of a work of `length_s` seconds.
    pub(super) fn new(by_second: &[u64], length_s: f64) -> Self {
        let mut bytes = vec![0.0];
        let mut sum = 0.0;
        for second in by_second {
            sum += *second as f64;
            bytes.push(sum);
        }
        Self { bytes, length_s: length_s.max(1e-3) }
    }

    /// The share of the whole before this second, 0 to 1.
    pub(super) fn before(&self, second: f64) -> f64 {
        let by_length = (second / self.length_s).clamp(0.0, 1.0);
        match self.bytes_before(self.length_s) {
            all if all > 0.0 => BUSY * (self.bytes_before(second) / all).min(1.0) + (1.0 - BUSY) * by_length,
            _ => by_length,
        }
    }

    /// The second at which this share of the whole is reached.
    pub(super) fn second(&self, share: f64) -> f64 {
        let (mut from, mut to) = (0.0, self.length_s);
        // Bisection to within a thousandth of a frame, however long the work.
        for _ in 0..40 {
            let middle = f64::midpoint(from, to);
            if self.before(middle) < share { from = middle } else { to = middle }
        }
        to
    }

    fn bytes_before(&self, second: f64) -> f64 {
        let whole = second.max(0.0) as usize;
        let last = self.bytes.last().copied().unwrap_or(0.0);
        let at = |index: usize| self.bytes.get(index).copied().unwrap_or(last);
        at(whole) + (at(whole + 1) - at(whole)) * second.max(0.0).fract()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_busy_half_is_most_of_the_effort_and_silence_about_bytes_is_none() {
        let busy = Effort::new(&[3, 3, 1, 1], 4.0);
        assert!((busy.before(2.0) - (0.75 * 0.75 + 0.25 * 0.5)).abs() < 1e-9);
        assert!(busy.second(0.5) < 1.6, "{}", busy.second(0.5));
        let unknown = Effort::new(&[], 4.0);
        assert!((unknown.before(1.0) - 0.25).abs() < 1e-9 && (unknown.second(0.5) - 2.0).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn it_grows_from_nothing_to_the_whole_and_is_found_again(
            bytes in proptest::collection::vec(0..5_000_000u64, 0..600),
            length_s in 0.1..600.0f64,
            share in 0.0..1.0f64,
        ) {
            let effort = Effort::new(&bytes, length_s);
            prop_assert!(effort.before(0.0).abs() < 1e-9 && (effort.before(length_s) - 1.0).abs() < 1e-9);
            let second = effort.second(share);
            prop_assert!((0.0..=length_s).contains(&second));
            prop_assert!((effort.before(second) - share).abs() < 1e-6, "{} at {}", effort.before(second), second);
        }
    }
}
