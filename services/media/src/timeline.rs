//! Turns time stamps as files have them into a timeline that only moves forward, the same way wherever frames are read.

/// A broadcast stream that jumps back by more than this, or forward by more than `GAP_S`, has begun anew.
const BACK_S: i64 = 1;
/// See `BACK_S`; ffmpeg's own threshold is 10 s as well.
const GAP_S: i64 = 10;

/// Places frames on the timeline of one stream.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    ticks_per_second: i64,
    /// Stamps may jump and wrap by design.
    discontinuous: bool,
    last: Option<i64>,
    step: i64,
    offset: i64,
}

impl Timeline {
    /// A timeline in ticks of `num / den` seconds.
    pub(crate) fn new(num: i32, den: i32, discontinuous: bool) -> Self {
        let ticks_per_second = (i64::from(den) / i64::from(num.max(1))).max(1);
        Self { ticks_per_second, discontinuous, last: None, step: 1, offset: 0 }
    }

    /// Where a frame stamped `pts` belongs, in ticks; `None` if players would drop it, as it comes too late to be shown.
    pub(crate) fn place(&mut self, pts: Option<i64>, duration: i64) -> Option<i64> {
        let step = if duration > 0 { duration } else { self.step };
        let Some(last) = self.last else {
            let first = pts.unwrap_or(0);
            self.last = Some(first);
            self.step = step;
            return Some(first);
        };
        let mut at = pts.map_or(last.saturating_add(step), |pts| pts.saturating_add(self.offset));
        let jump = at.saturating_sub(last);
        if self.discontinuous && (jump < -BACK_S * self.ticks_per_second || jump > GAP_S * self.ticks_per_second) {
            self.offset = self.offset.saturating_add(last.saturating_add(step).saturating_sub(at));
            at = last.saturating_add(step);
        }
        if at <= last {
            return None;
        }
        self.step = at.saturating_sub(last);
        self.last = Some(at);
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(discontinuous: bool, stamps: &[i64]) -> Vec<Option<i64>> {
        let mut timeline = Timeline::new(1, 1000, discontinuous);
        stamps.iter().map(|pts| timeline.place(Some(*pts), 40)).collect()
    }

    #[test]
    fn a_late_frame_is_dropped() {
        assert_eq!(places(false, &[0, 40, 20, 80]), [Some(0), Some(40), None, Some(80)]);
    }

    #[test]
    fn a_broadcast_jump_is_closed_and_a_still_in_a_file_is_kept() {
        assert_eq!(places(true, &[0, 40, 90_000, 90_040]), [Some(0), Some(40), Some(80), Some(120)]);
        assert_eq!(places(true, &[90_000, 90_040, 0, 40]), [Some(90_000), Some(90_040), Some(90_080), Some(90_120)]);
        assert_eq!(places(false, &[0, 90_000]), [Some(0), Some(90_000)]);
    }

    #[test]
    fn extreme_stamps_neither_panic_nor_run_backwards() {
        let placed = places(false, &[i64::MIN, i64::MAX, 0, i64::MIN]);
        assert_eq!(placed, [Some(i64::MIN), Some(i64::MAX), None, None]);
    }
}
