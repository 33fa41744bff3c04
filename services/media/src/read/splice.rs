//! Closes the jumps of a broadcast's clock: one offset for picture and sound together, so that they stay in sync after it. A hole in
//! one of them, while the other goes on, is no jump of the clock and stays.
use crate::av::{Medium, StreamFacts};
use crate::read::times::to_us;

/// A clock that jumps back by more than this, or forward by more than `GAP_US`, was reset.
const BACK_US: i64 = 1_000_000;
/// See `BACK_US`; ffmpeg's own threshold is 10 s as well.
const GAP_US: i64 = 10_000_000;
/// Picture and sound of one moment lie this near to each other in the file; what jumps by `GAP_US` is further away.
const TOGETHER_US: i64 = 5_000_000;

/// The offset to add to the time stamps of the next packets. It is computed from all packets, also from those that no reader uses.
#[derive(Default)]
pub(crate) struct Splice {
    offset_us: i64,
    /// For each stream: where its next packet belongs, on the timeline without jumps.
    next_us: Vec<Option<i64>>,
}

impl Splice {
    /// Moves a packet of a stream like `facts` onto the timeline without jumps.
    pub(crate) fn place(&mut self, facts: StreamFacts, packet: &mut ffmpeg_next::Packet) {
        if facts.medium == Medium::Other {
            return;
        }
        let Some(stamp) = packet.dts().or(packet.pts()) else { return };
        let base = facts.time_base;
        let offset_us = self.see(packet.stream(), to_us(stamp, base), to_us(packet.duration().max(0), base));
        let ticks = i128::from(offset_us) * i128::from(base.den) / (i128::from(base.num.max(1)) * 1_000_000);
        let ticks = i64::try_from(ticks).unwrap_or(0);
        packet.set_pts(packet.pts().map(|pts| pts.saturating_add(ticks)));
        packet.set_dts(packet.dts().map(|dts| dts.saturating_add(ticks)));
    }

    /// The offset for a packet of `stream` that is stamped `at_us`.
    fn see(&mut self, stream: usize, at_us: i64, duration_us: i64) -> i64 {
        if self.next_us.len() <= stream {
            self.next_us.resize(stream + 1, None);
        }
        if let Some(next_us) = self.next_us[stream] {
            let jump_us = at_us.saturating_add(self.offset_us).saturating_sub(next_us);
            // Packets of the other stream that still come from before the jump set the offset back, and the next one again.
            let jumped = jump_us < -BACK_US || jump_us > GAP_US && !self.another_is_at(stream, at_us);
            if jumped {
                self.offset_us = self.offset_us.saturating_sub(jump_us);
            }
        }
        self.next_us[stream] = Some(at_us.saturating_add(self.offset_us).saturating_add(duration_us));
        self.offset_us
    }

    /// Whether another stream than `stream` has come to `at_us` by the same clock.
    fn another_is_at(&self, stream: usize, at_us: i64) -> bool {
        let here_us = at_us.saturating_add(self.offset_us);
        let others = self.next_us.iter().enumerate().filter(|(other, _)| *other != stream);
        others
            .filter_map(|(_, next_us)| *next_us)
            .any(|next_us| next_us.saturating_sub(here_us).saturating_abs() <= TOGETHER_US)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picture_and_sound_get_the_same_offset_however_they_lie_around_the_jump() {
        // Picture (0) each 40 ms, sound (1) each 20 ms and 10 ms later; the clock jumps by 1000 s after a second. The last
        // sound before the jump is stored after the first picture that follows it.
        let mut splice = Splice::default();
        let s = |ms: i64| ms * 1000;
        for n in 0..25 {
            assert_eq!(splice.see(0, s(n * 40), s(40)), 0);
            (0..2).for_each(|half| assert_eq!(splice.see(1, s(n * 40 + 10 + half * 20), s(20)), 0));
        }
        assert_eq!(splice.see(0, s(1_000_000), s(40)), -s(999_000));
        assert_eq!(splice.see(1, s(1010), s(20)), 0);
        assert_eq!(splice.see(0, s(1_000_040), s(40)), -s(999_000));
        assert_eq!(splice.see(1, s(1_000_050), s(20)), -s(999_000));
        // Back again, to what was before.
        assert_eq!(splice.see(0, s(0), s(40)), s(1080));
        assert_eq!(splice.see(1, s(10), s(20)), s(1080));
    }

    #[test]
    fn a_hole_in_one_stream_stays_a_hole() {
        let mut splice = Splice::default();
        let s = |ms: i64| ms * 1000;
        for n in 0..30 {
            assert_eq!(splice.see(0, s(n * 1000), s(1000)), 0);
            // Sound is missing for 15 s.
            if !(6..21).contains(&n) {
                assert_eq!(splice.see(1, s(n * 1000 + 200), s(1000)), 0, "{n}");
            }
        }
        // A later jump of the clock is closed as usual.
        assert_eq!(splice.see(0, s(99_000), s(1000)), -s(69_000));
        assert_eq!(splice.see(1, s(99_200), s(1000)), -s(69_000));
    }

    #[test]
    fn extreme_stamps_do_not_overflow() {
        let mut splice = Splice::default();
        for at in [i64::MIN, i64::MAX, 0, i64::MAX, i64::MIN] {
            splice.see(3, at, i64::MAX);
        }
    }
}
