//! The settings of an encode by how hard the picture is.
use super::*;
use crate::catalogue::{Catalogue, Purpose};
use crate::media_info::VideoInfo;
use crate::planner::plan;
use crate::planner::tests::info;
use crate::rendition::Plan;

const FULL_HD: (u32, u32) = (1920, 1080);

fn quicker(preset: &str, crf_less: f64, up_to: f64) -> Quicker {
    Quicker { purpose: Purpose::ReEncoding, preset: preset.into(), crf_less, up_to }
}

/// A picture of which the hardest stretch took this at CRF 23, with rows of which the second is the less quick one.
fn chosen(hardest_kbps: Option<u64>, cap_kbps: u32) -> Quality {
    let mut ladders = Catalogue::builtin().ladders;
    ladders.quicker = vec![quicker("veryfast", 3.0, 0.25), quicker("faster", 1.0, 0.5)];
    let trial =
        |hardest_kbps| Trial { width: 1920, height: 1080, crf: 23.0, mean_kbps: hardest_kbps / 2, hardest_kbps };
    let info = MediaInfo { video: VideoInfo { trial: hardest_kbps.map(trial), ..info().video }, ..info() };
    let rung = Rung { crf: 20.0, ..ladders.rungs[&"social-1080".into()].clone() };
    of(&info, &ladders, &rung, FULL_HD, cap_kbps)
}

fn settings(quality: &Quality) -> (&str, f64) {
    (&quality.preset, quality.crf)
}

#[test]
fn the_first_row_that_leaves_room_below_the_cap_is_taken() {
    // At CRF 17 twice what it took at 23; at 19 that is 1.59 times.
    let easy = chosen(Some(1250), 10_000);
    assert_eq!(settings(&easy), ("veryfast", 17.0));
    assert_eq!(
        easy.because.en,
        "veryfast, CRF 17, as good as medium, CRF 20: the picture needs about 2.5 Mbit/s of 10 Mbit/s"
    );
    assert_eq!(settings(&chosen(Some(1251), 10_000)), ("faster", 19.0));
    assert_eq!(settings(&chosen(Some(3149), 10_000)), ("faster", 19.0));
    assert_eq!(easy.target, Target { preset: "medium".into(), crf: 20.0 });
}

#[test]
fn where_the_cap_would_bind_quality_comes_from_the_preset() {
    let hard = chosen(Some(3151), 10_000);
    assert_eq!(settings(&hard), ("medium", 20.0));
    assert_eq!(
        hard.because.en,
        "medium, CRF 20: quicker settings would need about 6.302 Mbit/s of 10 Mbit/s, and the cap would bind"
    );
    // The same picture where a partner or the source allows less, or more.
    assert_eq!(settings(&chosen(Some(1250), 9_999)), ("faster", 19.0));
    assert_eq!(settings(&chosen(Some(3151), 40_000)), ("veryfast", 17.0));
}

#[test]
fn what_was_not_measured_keeps_the_rungs_own_settings() {
    let unknown = chosen(None, 10_000);
    assert_eq!(settings(&unknown), ("medium", 20.0));
    assert_eq!(unknown.because.en, "medium, CRF 20: it was not measured how hard the picture is");
}

#[test]
fn a_smaller_picture_needs_less() {
    let trial = Trial { width: 1920, height: 1080, crf: 23.0, mean_kbps: 0, hardest_kbps: 8000 };
    let quarter = needed_kbps(&trial, 960.0 * 540.0, 23.0);
    assert!((quarter / 8000.0 - 0.25f64.powf(0.75)).abs() < 1e-9, "{quarter}");
}

#[test]
fn records_of_earlier_releases_have_neither_target_nor_trial() {
    let catalogue = Catalogue::builtin();
    let partners: Vec<_> = catalogue.partners.values().collect();
    let mut stored = serde_json::to_value(plan(&info(), &partners, &catalogue.ladders)).unwrap();
    for video in stored["videos"].as_array_mut().unwrap() {
        assert!(video.as_object_mut().unwrap().remove("target").is_some());
    }
    let stored: Plan = serde_json::from_value(stored).unwrap();
    assert!(!stored.videos.is_empty() && stored.videos.iter().all(|video| video.target.is_none()));
    assert!(!serde_json::to_string(&info().video).unwrap().contains("trial"));
}
