//! Cuts lie within their bounds, for any film.
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
