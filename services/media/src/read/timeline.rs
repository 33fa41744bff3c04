//! Turns time stamps as files have them into a timeline that only moves forward, the same way wherever frames are read. What jumps by
//! design, a broadcast's clock, was straightened before (`splice`).

/// Places frames on the timeline of one stream.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    last: Option<i64>,
    step: i64,
}

impl Default for Timeline {
    fn default() -> Self {
        Self { last: None, step: 1 }
    }
}

impl Timeline {
    /// Where a frame stamped `pts` belongs, in ticks; `None` if players would drop it, as it comes too late to be shown.
    pub(crate) fn place(&mut self, pts: Option<i64>, duration: i64) -> Option<i64> {
        let step = if duration > 0 { duration } else { self.step };
        let Some(last) = self.last else {
            let first = pts.unwrap_or(0);
            self.last = Some(first);
            self.step = step;
            return Some(first);
        };
        let at = pts.unwrap_or(last.saturating_add(step));
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

    fn places(stamps: &[i64]) -> Vec<Option<i64>> {
        let mut timeline = Timeline::default();
        stamps.iter().map(|pts| timeline.place(Some(*pts), 40)).collect()
    }

    #[test]
    fn a_late_frame_is_dropped() {
        assert_eq!(places(&[0, 40, 20, 80]), [Some(0), Some(40), None, Some(80)]);
    }

    #[test]
    fn a_still_is_kept() {
        assert_eq!(places(&[0, 90_000]), [Some(0), Some(90_000)]);
    }

    #[test]
    fn extreme_stamps_neither_panic_nor_run_backwards() {
        let placed = places(&[i64::MIN, i64::MAX, 0, i64::MIN]);
        assert_eq!(placed, [Some(i64::MIN), Some(i64::MAX), None, None]);
    }
}
