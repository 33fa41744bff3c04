//! Frame rates from the times of frames.
use super::*;

#[test]
fn rates_snap_to_what_cameras_have() {
    assert_eq!(nearest_rate(29.970_03), Ratio::new(30_000, 1001));
    assert_eq!(nearest_rate(30.0), Ratio::new(30, 1));
    assert_eq!(nearest_rate(23.98), Ratio::new(24_000, 1001));
    assert_eq!(nearest_rate(17.5), Ratio::new(35, 2));
}

#[test]
fn rounding_is_not_a_variable_rate_and_a_dropped_frame_is() {
    let base = av::Rational { num: 1, den: 1000 };
    let rounded: Vec<i64> = (0..90).map(|n| n * 1001 / 30).collect();
    let pace = Pace::of(&rounded, 33, base);
    assert!(!pace.variable);
    assert_eq!(pace.rate, Ratio::new(30_000, 1001));
    let mut dropped = rounded;
    dropped.remove(40);
    assert!(Pace::of(&dropped, 33, base).variable);
    let paused: Vec<i64> = (0..100).map(|n| n * 40 + if n < 50 { 0 } else { 3000 }).collect();
    assert_eq!((Pace::of(&paused, 40, base).rate, Pace::of(&paused, 40, base).variable), (Ratio::new(25, 1), true));
}

#[test]
fn a_claim_of_weeks_for_the_last_frame_is_not_believed() {
    let base = av::Rational { num: 1, den: 1000 };
    assert_eq!(Pace::of(&[0, 40, 80], i64::from(u32::MAX), base).end, 120);
    assert_eq!(Pace::of(&[0], i64::MAX, base).end, 1000);
    assert_eq!(Pace::of(&[0, 40, 80], 3_600_001, base).end, 120);
}

#[test]
fn a_last_frame_that_stays_for_a_minute_is_believed_and_reported() {
    let base = av::Rational { num: 1, den: 1000 };
    let last = |duration: i64| {
        let pace = Pace::of(&[0, 40, 80], duration, base);
        assert_eq!(pace.rate, Ratio::new(25, 1));
        (pace.end, pace.stays)
    };
    assert_eq!([last(40), last(1000)], [(120, 0), (1080, 0)]);
    assert_eq!([last(30_000), last(60_040)], [(30_080, 29_960), (60_120, 60_000)]);
    assert_eq!(last(3_600_000), (3_600_080, 3_599_960));
}

#[test]
fn the_last_frame_lasts_as_the_table_says_within_the_edit_list() {
    let base = av::Rational { num: 1, den: 1000 };
    let last = |stated: i64, timescale: u32, last_ticks: u32, edited_ms: Option<u64>| {
        let length = Length { timescale, samples: 3, last_ticks, edited_ms, ..Length::default() };
        last_duration(&[500, 540, 580], stated, Some(length), base)
    };
    assert_eq!([last(40, 1000, 34_000, None), last(0, 1000, 34_000, None)], [34_000; 2]);
    assert_eq!(last(40, 1000, 34_000, Some(10_080)), 10_000);
    assert_eq!([last(40, 1000, 34_000, Some(100)), last(40, 1000, 10, Some(1))], [40; 2]);
    // Another clock is not the stream's.
    assert_eq!(last(40, 90_000, 34_000, None), 40);
    assert_eq!(last_duration(&[], 40, None, base), 40);
}

#[test]
fn key_frames_keep_a_pace_if_none_of_its_places_is_without_one() {
    let times: Vec<i64> = (0..200).map(|frame| frame * 40).collect();
    let pace = |frames: &[i64]| pace_of(&frames.iter().map(|frame| frame * 40).collect::<Vec<_>>(), &times);
    assert_eq!(pace(&[0, 50, 100, 150]), 50);
    // Extra key frames at changes of scene are allowed; a missing one is not.
    assert_eq!(pace(&[0, 13, 50, 77, 100, 150]), 50);
    assert_eq!([pace(&[0, 50, 51, 150]), pace(&[0, 30, 50])], [150, 0]);
    assert_eq!(pace(&(0..200).collect::<Vec<_>>()), 1);
    assert_eq!([pace(&[0]), pace(&[]), pace(&[25, 50, 100, 150, 175])], [0, 0, 0]);
    assert_eq!(pace_of(&[], &[]), 0);
}
