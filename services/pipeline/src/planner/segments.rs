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
mod tests;
