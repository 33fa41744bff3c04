//! The estimate of a plan's work.
use super::cost::ENCODE_S;
use super::*;
use crate::catalogue::{Catalogue, Ladders};
use crate::planner::plan;
use crate::planner::tests::info;

fn estimated(info: &MediaInfo, change: impl FnOnce(&mut Ladders)) -> (Plan, Estimate) {
    let catalogue = Catalogue::builtin();
    let mut ladders = catalogue.ladders.clone();
    change(&mut ladders);
    let partners: Vec<_> = catalogue.partners.values().collect();
    let plan = plan(info, &partners, &ladders);
    let estimate = Estimate::of(&plan, info);
    (plan, estimate)
}

fn close(a: f64, b: f64) -> bool {
    (a / b - 1.0).abs() < 1e-6
}

#[test]
fn an_hd_frame_of_a_medium_encode_costs_what_was_measured() {
    let (plan, estimate) = estimated(&info(), |_| ());
    let full_hd = plan.videos.iter().filter(|video| video.width == 1920).count() as f64;
    let encodes = plan.picture.frames as f64 * ENCODE_S * (full_hd + 1280.0 * 720.0 / FULL_HD);
    let once_decoded = plan.picture.frames as f64 * DECODE_S;
    assert!(close(estimate.segments_cpu_s.iter().sum(), encodes + once_decoded), "{estimate:?}");
}

#[test]
fn the_preset_and_the_number_of_segments_are_counted_in() {
    let (_, medium) = estimated(&info(), |_| ());
    let (_, fast) = estimated(&info(), |ladders| ladders.preset = "superfast".into());
    let (_, cut) = estimated(&info(), |ladders| ladders.segment_s = 16);
    assert!(fast.transcode_cpu_s() < medium.transcode_cpu_s() * 0.4);
    assert_eq!(cut.segments_cpu_s.len(), 4);
    assert!(close(cut.transcode_cpu_s(), medium.transcode_cpu_s()), "cutting costs nothing");
}

#[test]
fn what_is_busy_in_the_source_is_expected_to_take_longer() {
    let mut info = info();
    let seconds = (info.video.duration_ms / 1000) as usize;
    let (_, even) = estimated(&info, |ladders| ladders.segment_s = 16);
    info.video.bytes_by_second = (0..seconds).map(|second| if second < 16 { 3_000_000 } else { 1_000_000 }).collect();
    let (plan, estimate) = estimated(&info, |ladders| ladders.segment_s = 16);
    let a_frame = |index: usize| estimate.segments_cpu_s[index] / plan.segments[index].frames as f64;
    let (busy, calm) = (a_frame(0), a_frame(3));
    assert!(busy > 2.0 * calm && busy < 3.0 * calm, "{estimate:?}");
    assert!(plan.segments[0].frames < plan.segments[3].frames, "so it is shorter");
    assert!((estimate.transcode_cpu_s() / even.transcode_cpu_s() - 1.0).abs() < 0.05, "shared out, not more");
    let effort = |part: &Part| plan.effort_ms[part];
    assert_eq!(effort(&Part::Segment(0)), (estimate.segments_cpu_s[0] * 1000.0).round() as u64);
    assert!(effort(&Part::Audio) > 0 && effort(&Part::Audio) < effort(&Part::Segment(1)));
    assert!(plan.renditions.iter().all(|it| effort(&Part::Rendition(it.name.clone())) > 0));
}

#[test]
fn what_is_shared_costs_once_and_says_with_whom() {
    let (plan, estimate) = estimated(&info(), |_| ());
    let shown: f64 = estimate.renditions.iter().map(|rendition| rendition.encode_cpu_s).sum();
    let decoding = decode(&info(), info().video.frames);
    let measuring = LOUDNESS_S * seconds(&plan);
    assert!(close(shown + decoding + measuring, estimate.transcode_cpu_s()), "nothing is counted twice");
    // The copy shares the sound of the social encode; the first file in the plan bears its cost.
    let shares: Vec<_> = estimate.renditions.iter().filter(|it| !it.shares_with.is_empty()).collect();
    assert_eq!(shares.len(), 1, "{estimate:?}");
}

#[test]
fn a_copy_is_as_large_as_its_source_and_an_encode_at_most_as_its_cap() {
    let (plan, estimate) = estimated(&info(), |_| ());
    for (rendition, guess) in plan.renditions.iter().zip(&estimate.renditions) {
        let kbps = guess.bytes as f64 / 125.0 / seconds(&plan);
        match &rendition.video {
            VideoSource::Copied => assert!((23_000.0..23_500.0).contains(&kbps), "{kbps}"),
            VideoSource::Encoded(id) => {
                assert!(kbps <= f64::from(video(&plan, id).unwrap().max_bitrate_kbps) + 320.0, "{kbps}");
            }
        }
    }
}

#[test]
fn every_part_of_a_run_has_its_share_and_all_together_are_the_whole() {
    let (plan, estimate) = estimated(&info(), |ladders| ladders.segment_s = 16);
    let work = crate::submission::Work::of(&plan);
    let mut machine = crate::submission::Submission::new(crate::submission::Gates {
        review: crate::submission::Gate::Manual,
        release: crate::submission::Gate::Manual,
    });
    machine.work = work;
    let parts = |stage| machine.parts_of(stage).into_iter().map(|part| estimate.of_part(stage, &part)).sum::<f64>();
    assert!(close(Stage::ALL.into_iter().map(parts).sum(), estimate.cpu_s()));
}
