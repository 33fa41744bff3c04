//! Where the timeline is cut: at multiples of the GOP, near changes of scene, in segments of about equal effort, every
//! frame once.
use super::effort::Effort;
use crate::media_info::Ratio;
use crate::rendition::Segment;

/// Longest segment: a worker that dies loses little, and all workers are busy until the end.
const LONGEST_S: u32 = 60;
/// Shortest segment if segments of at least this length are wanted: the cost of a process, a seek and an upload is then
/// negligible.
const SHORTEST_S: u32 = 10;
/// How far a cut moves from its even position to a change of scene, in GOPs. Not farther: segments that differ much in
/// length leave workers idle at the end of a work.
const REACH_GOPS: u64 = 1;
/// Every fan-out has a bound: hours in segments of ten seconds.
const MAX_SEGMENTS: u64 = 1000;

/// The timeline to cut.
pub(super) struct Timeline<'a> {
    /// Output frames.
    pub(super) frames: u64,
    /// Frames from one key frame to the next.
    pub(super) gop_frames: u32,
    /// Output frames a second.
    pub(super) rate: Ratio,
    /// Where scenes change, ms after the first picture, in order.
    pub(super) scene_changes_ms: &'a [u64],
    /// The distribution of the effort.
    pub(super) effort: &'a Effort,
}

/// Cuts into segments of about `segment_s` seconds; 0 makes one segment.
///
/// A segment is never shorter than half the wanted length nor longer than one and a half of it, never over a minute,
/// and at least ten seconds if ten or more are wanted; then their number is even, if that fits. Within these bounds all
/// should take about equally long: a busy section gets shorter segments. Each cut is at the GOP nearest to a change of
/// scene, if there is one within a GOP of its position: a cut is least visible there.
pub(super) fn cut(timeline: &Timeline, segment_s: u32) -> Vec<Segment> {
    let frames = timeline.frames;
    let Some(bounds) = Bounds::of(timeline, segment_s) else {
        return vec![Segment { index: 0, first_frame: 0, frames }];
    };
    let scenes = scene_gops(timeline);
    let mut cuts = vec![0];
    for index in 1..bounds.count {
        let from = cuts.last().copied().unwrap_or(0);
        cuts.push(bounds.place(index, from, timeline, &scenes));
    }
    cuts.push(frames);
    let stretches = cuts.windows(2).enumerate();
    stretches
        .map(|(index, ends)| Segment { index: index as u32, first_frame: ends[0], frames: ends[1] - ends[0] })
        .collect()
}

/// A GOP at which a segment may begin because a scene changes near it.
struct SceneGop {
    first_frame: u64,
    /// The distance to the change, in frames.
    distance: u64,
}

/// The GOP nearest to each change of scene.
fn scene_gops(timeline: &Timeline) -> Vec<SceneGop> {
    let gop = u64::from(timeline.gop_frames.max(1));
    let frame_of = |ms: &u64| (*ms as f64 / 1000.0 * timeline.rate.value()).round() as u64;
    let nearest = |frame: u64| (frame.saturating_add(gop / 2) / gop).saturating_mul(gop);
    let changes = timeline.scene_changes_ms.iter().map(frame_of);
    changes.map(|at| SceneGop { first_frame: nearest(at), distance: nearest(at).abs_diff(at) }).collect()
}

/// The number of segments, and the length of each, in frames. `shortest` and `longest` are multiples of the GOP.
struct Bounds {
    count: u64,
    gop: u64,
    shortest: u64,
    longest: u64,
}

impl Bounds {
    /// `None` if one segment is right: no others are wanted, or the work is too short.
    fn of(timeline: &Timeline, segment_s: u32) -> Option<Self> {
        let frames = timeline.frames;
        let gop = u64::from(timeline.gop_frames.max(1));
        let in_frames = |seconds: f64| (timeline.rate.value() * seconds).round() as u64;
        let wanted = in_frames(f64::from(segment_s));
        if wanted == 0 {
            return None;
        }
        let are_long = segment_s >= SHORTEST_S;
        let shortest_s = (f64::from(segment_s) / 2.0).max(if are_long { f64::from(SHORTEST_S) } else { 0.0 });
        let longest_s = (f64::from(segment_s) * 1.5).min(f64::from(LONGEST_S));
        let shortest = in_frames(shortest_s).div_ceil(gop).max(1) * gop;
        let longest = (in_frames(longest_s) / gop).max(1) * gop;
        // Rounded to the nearest even count if segments are long: the last segment decides, and so two workers, or
        // four, end at about the same time. None is much shorter than the others.
        let nearest = if are_long { (frames + wanted) / (2 * wanted) * 2 } else { (frames + wanted / 2) / wanted };
        let most = frames.div_ceil(gop).clamp(1, MAX_SEGMENTS).min((frames / shortest).max(1));
        let count = nearest.clamp(1, most).max(frames.div_ceil(longest).min(MAX_SEGMENTS));
        let fits = shortest <= longest && count * shortest <= frames && frames <= count * longest;
        let bounds = if fits {
            Self { count, gop, shortest, longest }
        } else if are_long && frames <= in_frames(f64::from(LONGEST_S)) {
            // Too long for one segment of the wanted length and too short for two: one of up to a minute is better than
            // very short ones.
            return None;
        } else {
            // If GOPs are too long for the bounds, or the work for that number of segments, pieces are as equal as GOPs
            // allow.
            Self { count: count.min(frames / gop), gop, shortest: gop, longest: u64::MAX / (MAX_SEGMENTS + 1) }
        };
        (bounds.count > 1).then_some(bounds)
    }

    /// Where segment `index` begins if the one before it begins at `from`: the remainder must fit the bounds.
    fn place(&self, index: u64, from: u64, timeline: &Timeline, scenes: &[SceneGop]) -> u64 {
        let frames = timeline.frames;
        let after = self.count - index;
        let earliest =
            (from + self.shortest).max(frames.saturating_sub(after * self.longest).div_ceil(self.gop) * self.gop);
        let latest = (from + self.longest).min(frames.saturating_sub(after * self.shortest) / self.gop * self.gop);
        let share = index as f64 / self.count as f64;
        let wanted = (timeline.effort.second(share) * timeline.rate.value()).round() as u64;
        let even = (wanted.saturating_add(self.gop / 2) / self.gop * self.gop).clamp(earliest, latest.max(earliest));
        let near = |scene: &&SceneGop| {
            (earliest..=latest).contains(&scene.first_frame)
                && scene.first_frame.abs_diff(even) <= REACH_GOPS * self.gop
        };
        let best = scenes.iter().filter(near).min_by_key(|scene| (scene.distance, scene.first_frame.abs_diff(even)));
        best.map_or(even, |scene| scene.first_frame)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lengths_at(frames: u64, segment_s: u32, scene_changes_ms: &[u64]) -> Vec<u64> {
        lengths_of(frames, segment_s, scene_changes_ms, &[])
    }

    fn lengths_of(frames: u64, segment_s: u32, scene_changes_ms: &[u64], by_second: &[u64]) -> Vec<u64> {
        let effort = &Effort::new(by_second, frames as f64 / 25.0);
        let timeline = Timeline { frames, gop_frames: 50, rate: Ratio::new(25, 1), scene_changes_ms, effort };
        cut(&timeline, segment_s).iter().map(|segment| segment.frames).collect()
    }

    fn lengths(frames: u64, segment_s: u32) -> Vec<u64> {
        lengths_at(frames, segment_s, &[])
    }

    #[test]
    fn segments_are_whole_gops_and_about_equal() {
        assert_eq!(lengths(1600, 0), [1600]);
        assert_eq!(lengths(1600, 16), [400, 400, 400, 400]);
        assert_eq!(lengths(1601, 32), [800, 801]);
        assert_eq!(lengths(30, 16), [30]);
        assert_eq!(lengths(599, 16), [300, 299]);
        assert_eq!(lengths(1525, 12), [250, 250, 250, 250, 250, 275]); // six, since five would leave one of two workers idle
        assert_eq!(lengths(475, 16), [475]); // 19 s: two would be too short
        assert_eq!(lengths(150, 2), [50, 50, 50]);
        // Nothing between one GOP and one and a half times two seconds fits: as equal as GOPs allow.
        assert_eq!(lengths(126, 2), [50, 76]);
    }

    #[test]
    fn a_busy_stretch_is_cut_shorter_within_the_bounds() {
        // The first half has three times the bytes of the second.
        let bytes: Vec<u64> = (0..96).map(|second| if second < 48 { 3 } else { 1 }).collect();
        let lengths = lengths_of(2400, 24, &[], &bytes);
        // The last would be longer still without the bound of one and a half of the wanted length.
        assert_eq!(lengths, [450, 400, 650, 900]);
        // As short as a segment may be, and no shorter.
        assert_eq!(lengths_of(600, 12, &[], &[9, 9, 9, 9, 9, 9, 9, 9, 1])[0], 250);
    }

    #[test]
    fn a_cut_moves_to_the_gop_nearest_to_a_change_of_scene_within_reach() {
        assert_eq!(lengths_at(1600, 16, &[17_900]), [450, 350, 400, 400]);
        assert_eq!(lengths_at(1600, 16, &[14_100, 33_000, 50_000]), [350, 500, 400, 350]);
        // Of two changes the one in the better position counts, not the nearer one.
        assert_eq!(lengths_at(1600, 16, &[16_300, 17_950])[0], 450);
        // Too far away: nothing moves.
        assert_eq!(lengths_at(1600, 16, &[20_000]), [400, 400, 400, 400]);
        // Changes everywhere push no segment out of its bounds.
        let everywhere: Vec<u64> = (0..64).map(|second| second * 1000).collect();
        assert!(lengths_at(1600, 16, &everywhere).iter().all(|frames| (250..=600).contains(frames)));
    }

    proptest! {
        #[test]
        fn every_frame_is_in_one_segment_within_the_bounds(
            seconds in 1..3600u64,
            odd in 0..60u64,
            fps in prop_oneof![Just((24_000, 1001)), Just((25, 1)), Just((30_000, 1001)), Just((60, 1))],
            gop_s in 1..3u32,
            segment_s in 10..=60u32,
            mut scene_changes_ms in proptest::collection::vec(0..3_600_000u64, 0..400),
            by_second in proptest::collection::vec(0..5_000_000u64, 0..3600),
        ) {
            scene_changes_ms.sort_unstable();
            let rate = Ratio::new(fps.0, fps.1);
            let gop_frames = (rate.value() * f64::from(gop_s)).round() as u32;
            let frames = (rate.value() * seconds as f64) as u64 + odd;
            let effort = &Effort::new(&by_second, frames as f64 / rate.value());
            let timeline = Timeline { frames, gop_frames, rate, scene_changes_ms: &scene_changes_ms, effort };
            let segments = cut(&timeline, segment_s);
            let mut next = 0;
            for (index, segment) in segments.iter().enumerate() {
                prop_assert_eq!((segment.index as usize, segment.first_frame), (index, next));
                prop_assert!(segment.first_frame.is_multiple_of(u64::from(gop_frames)));
                next += segment.frames;
            }
            prop_assert_eq!(next, frames);
            // Bounds hold to within a frame: seconds and frames do not divide evenly.
            let (second, frame) = (rate.value(), 1.0 / rate.value());
            let longest = segments.iter().map(|segment| segment.frames as f64 / second).fold(0.0, f64::max);
            prop_assert!(longest <= 60.0 + frame, "{} s", longest);
            if segments.len() > 1 {
                let wanted = f64::from(segment_s);
                let shortest = segments.iter().map(|segment| segment.frames as f64 / second).fold(f64::MAX, f64::min);
                prop_assert!(shortest >= (wanted / 2.0).max(10.0) - frame, "{} s of {}", shortest, wanted);
                prop_assert!(longest <= wanted * 1.5 + frame, "{} s of {}", longest, wanted);
            }
        }
    }
}
