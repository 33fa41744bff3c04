//! The output's frame rate for each of the source's.
use super::*;

#[test]
fn the_rate_is_the_one_that_was_meant() {
    let check = |variable_rate, num, den, expected: (u32, u32)| {
        let video = VideoInfo { variable_rate, frame_rate: Ratio::new(num, den), ..crate::planner::tests::video() };
        assert_eq!(output(&video), Ratio::new(expected.0, expected.1), "{num}/{den} variable {variable_rate}");
    };
    check(false, 25, 1, (25, 1));
    check(false, 30_000, 1001, (30_000, 1001));
    check(false, 1798, 60, (30_000, 1001)); // 29.967: counted over a rounded duration
    check(false, 23_976, 1000, (24_000, 1001));
    check(false, 15, 1, (15, 1));
    check(false, 48, 1, (48, 1));
    check(false, 120, 1, (60, 1));
    check(false, 120_000, 1001, (60_000, 1001));
    check(false, 100, 1, (50, 1));
    check(false, 144, 1, (48, 1));
    check(false, 90_000, 1, (60, 1));
    check(false, 1, 3, (24_000, 1001));
    check(false, 25, 2, (25, 1));
    check(false, 15_000, 2002, (30_000, 1001));
    check(false, 35, 2, (24_000, 1001)); // 17.5 divides none
    check(true, 298, 10, (30_000, 1001));
    check(true, 27, 1, (25, 1));
    check(true, 12, 1, (24_000, 1001));
    check(true, 240, 1, (60, 1));
}

#[test]
fn no_frame_is_lost_to_rounding() {
    assert_eq!(frames(61_000, Ratio::new(30, 1)), 1830);
    assert_eq!(frames(59_993, Ratio::new(30_000, 1001)), 1798);
    assert_eq!(frames(0, Ratio::new(25, 1)), 1);
    assert_eq!(frames(u64::MAX, Ratio::new(u32::MAX, 1)), u64::MAX); // no overflow from a hostile header
}

#[test]
fn a_gop_is_two_seconds_in_frames() {
    for (rate, frames) in [((24_000, 1001), 48), ((25, 1), 50), ((60_000, 1001), 120), ((1, 4), 1)] {
        assert_eq!(gop_frames(Ratio::new(rate.0, rate.1), 2), frames);
    }
}
