//! Where the timeline is cut: at multiples of the GOP, in pieces as equal as that allows, covering every frame once.
use crate::media_info::Ratio;
use crate::rendition::Segment;

/// Cuts `frames` output frames into segments of about `segment_s` seconds; 0 makes one of the whole.
pub(super) fn cut(frames: u64, gop_frames: u32, rate: Ratio, segment_s: u32) -> Vec<Segment> {
    let gop = u64::from(gop_frames.max(1));
    let gops = frames.div_ceil(gop);
    let wanted = (rate.value() * f64::from(segment_s)).round() as u64;
    let count = match wanted {
        0 => 1,
        // Rounded to the nearest count, so that no segment is much shorter than the others: the last one out decides.
        wanted => ((frames + wanted / 2) / wanted).clamp(1, gops.clamp(1, MAX_SEGMENTS)),
    };
    let (each, longer) = (gops / count, gops % count);
    let mut segments = Vec::new();
    let mut first_gop = 0;
    for index in 0..count {
        let after_gop = first_gop + each + u64::from(index < longer);
        let (first_frame, after) = (first_gop * gop, (after_gop * gop).min(frames));
        segments.push(Segment { index: index as u32, first_frame, frames: after - first_frame });
        first_gop = after_gop;
    }
    segments
}

/// A bound, as every fan-out has one: eight minutes in GOPs of two seconds are 240.
const MAX_SEGMENTS: u64 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(frames: u64, segment_s: u32) -> Vec<u64> {
        cut(frames, 50, Ratio::new(25, 1), segment_s).iter().map(|segment| segment.frames).collect()
    }

    #[test]
    fn segments_are_whole_gops_and_about_equal() {
        assert_eq!(lengths(1600, 0), [1600]);
        assert_eq!(lengths(1600, 16), [400, 400, 400, 400]);
        assert_eq!(lengths(1601, 32), [850, 751]);
        assert_eq!(lengths(30, 16), [30]);
        assert_eq!(lengths(101, 1), [50, 50, 1]);
    }
}
