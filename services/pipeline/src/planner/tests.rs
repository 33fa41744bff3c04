//! Plans of typical sources, and properties of every source.
use proptest::prelude::*;

use super::{Estimate, How, Line, explain, plan};
use crate::catalogue::{Catalogue, Ladders};
use crate::media_info::*;
use crate::partner::Partner;
use crate::rendition::{About, Plan, PlannedRendition, VideoSource};
use crate::submission::Work;

pub(crate) use sources::{audio, info, video};

mod copies;
mod sources;

/// The plan for all nine partners of the call.
fn plan_of(info: &MediaInfo) -> Plan {
    plan_with(info, &Catalogue::builtin().ladders)
}

fn plan_with(info: &MediaInfo, ladders: &Ladders) -> Plan {
    let catalogue = Catalogue::builtin();
    plan(info, &catalogue.partners_of(&catalogue.contests[&"industry-power-2024".into()]), ladders)
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.renditions.iter().map(|rendition| rendition.name.as_str()).collect()
}

fn rendition<'a>(plan: &'a Plan, name: &str) -> &'a PlannedRendition {
    plan.renditions.iter().find(|rendition| rendition.name.as_str() == name).unwrap()
}

#[test]
fn nine_partners_need_four_encodes() {
    let mut info = info();
    info.decode_errors = 1; // so that nothing is passed through
    let plan = plan_of(&info);
    assert_eq!((plan.videos.len(), plan.audios.len()), (4, 4));
    assert_eq!(names(&plan), ["master-1080", "web-1080", "web-720", "social-1080"]);
    let partners: usize = plan.renditions.iter().map(|rendition| rendition.partners.len()).sum();
    assert_eq!(partners, 2 + 3 + 3 + 4);
}

#[test]
fn a_small_source_is_never_enlarged_and_equal_rungs_are_made_once() {
    let mut info = info();
    (info.video.coded_width, info.video.coded_height) = (1280, 720);
    (info.video.display_width, info.video.display_height) = (1280, 720);
    info.decode_errors = 1;
    let plan = plan_of(&info);
    assert_eq!(names(&plan), ["master-1080", "web-720", "social-1080"]);
    assert!(plan.videos.iter().all(|video| (video.width, video.height) == (1280, 720)));
    assert!(rendition(&plan, "web-720").because.iter().any(|why| why.en.contains("web-1080 falls together")));
}

#[test]
fn an_upright_picture_is_measured_by_its_short_side() {
    let mut info = info();
    info.video.rotation_degrees = 90;
    (info.video.display_width, info.video.display_height) = (1080, 1920);
    let plan = plan_of(&info);
    let sizes: Vec<_> = plan.videos.iter().map(|video| (video.width, video.height)).collect();
    assert!(sizes.contains(&(1080, 1920)) && sizes.contains(&(720, 1280)), "{sizes:?}");
    assert_eq!(plan.picture.rotation_degrees, 90);
}

#[test]
fn the_source_caps_the_rate() {
    let mut info = info();
    info.video.peak_bitrate_kbps = 4000;
    info.decode_errors = 1; // so that nothing is passed through
    let master = |info: &MediaInfo| {
        let plan = plan_of(info);
        let VideoSource::Encoded(id) = rendition(&plan, "master-1080").video.clone() else { panic!("copied") };
        plan.videos.iter().find(|video| video.id == id).unwrap().max_bitrate_kbps
    };
    assert_eq!(master(&info), 8000);
    info.video.codec = "hevc".into();
    assert_eq!(master(&info), 16_000);
    info.video.peak_bitrate_kbps = 100;
    assert_eq!(master(&info), 5000, "a quarter of the rung's cap at least");
    info.video.peak_bitrate_kbps = 0;
    assert_eq!(master(&info), 20_000, "not measured is not capped");
}

#[test]
fn a_partners_own_limit_makes_a_file_of_its_own() {
    let catalogue = Catalogue::builtin();
    let mut small = catalogue.partners[&"weixin_channels".into()].clone();
    small.limits.max_size_bytes =
        small.limits.max_size_bytes.map(|limit| crate::partner::Sourced { value: 20_000_000, ..limit });
    let other = &catalogue.partners[&"gongxin_weibao".into()];
    let mut info = info();
    info.duration_ms = 120_000;
    info.video.duration_ms = 120_000;
    let plan = plan(&info, &[other, &small], &catalogue.ladders);
    assert_eq!(names(&plan), ["social-1080", "social-1080-weixin_channels"]);
    // 20 MB · 8 · 0.97 / 120 s − 192 kbit/s of sound.
    assert_eq!(plan.videos[1].max_bitrate_kbps, 1101);
}

#[test]
fn a_silent_work_gets_a_silent_track_where_the_partner_wants_one() {
    let catalogue = Catalogue::builtin();
    let wants = &catalogue.partners[&"weixin_channels".into()];
    let mut takes_none = catalogue.partners[&"gongxin_weibao".into()].clone();
    takes_none.silent_track = false;
    let mut info = info();
    info.audio = None;
    let plan = plan(&info, &[wants, &takes_none], &catalogue.ladders);
    assert_eq!(names(&plan), ["social-1080", "social-1080-mute"]);
    assert_eq!((plan.videos.len(), plan.audios.len()), (1, 1));
    assert_eq!(plan.audios[0].stream, None);
    assert_eq!(plan.renditions[1].audio, None);
}

#[test]
fn no_partners_is_no_work() {
    let plan = plan(&info(), &[], &Catalogue::builtin().ladders);
    assert_eq!(Work::of(&plan), Work::default());
}

#[test]
fn several_segments_start_with_a_buffer_that_is_not_full() {
    let plan = plan_of(&info());
    assert_eq!(plan.segments.len(), 2);
    assert!(plan.videos.iter().all(|video| video.buffer_start == 0.6));
    let ladders = Ladders { segment_s: 0, ..Catalogue::builtin().ladders };
    assert!(plan_with(&info(), &ladders).videos.iter().all(|video| video.buffer_start == 0.9));
}

#[test]
fn the_plan_says_how_many_threads_an_encode_has() {
    let ladders = Ladders { threads: 3, ..Catalogue::builtin().ladders };
    let threads =
        |info: &MediaInfo| -> Vec<u32> { plan_with(info, &ladders).videos.iter().map(|video| video.threads).collect() };
    assert!(threads(&info()).iter().all(|threads| *threads == 1), "several segments: one each");
    let mut short = info();
    (short.duration_ms, short.video.duration_ms, short.video.frames) = (12_000, 12_000, 300);
    short.audio = None;
    assert!(threads(&short).iter().all(|threads| *threads == 3), "one segment: the ladder's");
}

#[test]
fn the_output_lasts_as_long_as_picture_and_sound_together() {
    let planned = |start_ms: i64, duration_ms: u64| {
        let mut info = info();
        info.audio.iter_mut().for_each(|sound| (sound.start_ms, sound.duration_ms) = (start_ms, duration_ms));
        let picture = plan_of(&info).picture;
        (picture.frames, picture.lead_frames, picture.hold_frames, picture.output_start_ms(0))
    };
    assert_eq!(planned(0, 61_000), (1525, 0, 0, 0));
    // Padding of codecs and rounding of editors are cut, as is a short gap.
    assert_eq!(planned(-250, 61_500), (1525, 0, 0, 0));
    assert_eq!(planned(2000, 30_000), (1525, 0, 0, 0));
    assert_eq!(planned(-2000, 63_000), (1575, 50, 0, -2000));
    assert_eq!(planned(0, 64_000), (1600, 0, 75, 0));
    assert_eq!(planned(-1000, 65_000), (1625, 25, 75, -1000));
}

#[test]
fn a_last_picture_that_stays_is_held_and_not_looked_for_in_the_source() {
    let mut info = info();
    (info.duration_ms, info.video.duration_ms, info.video.last_picture_stays_ms) = (91_000, 91_000, 30_000);
    let picture = plan_of(&info).picture;
    assert_eq!((picture.frames, picture.hold_frames), (91 * 25, 30 * 25));
}

#[test]
fn cuts_lie_near_changes_of_scene() {
    let mut info = info();
    (info.duration_ms, info.video.duration_ms, info.video.frames) = (72_000, 72_000, 1800);
    info.audio = None;
    info.video.scene_changes_ms = vec![13_950, 38_020];
    let ladders = Ladders { segment_s: 12, ..Catalogue::builtin().ladders };
    let starts: Vec<u64> = plan_with(&info, &ladders).segments.iter().map(|segment| segment.first_frame).collect();
    assert_eq!(starts, [0, 350, 600, 950, 1200, 1500]);
}

#[test]
fn an_untagged_small_picture_is_bt601() {
    let mut info = info();
    let colour = &mut info.video.colour;
    for tag in [&mut colour.matrix, &mut colour.primaries, &mut colour.transfer_name] {
        *tag = "unknown".into();
    }
    assert_eq!(plan_of(&info).picture.matrix, "bt709");
    (info.video.coded_width, info.video.coded_height) = (720, 576);
    assert_eq!(plan_of(&info).picture.matrix, "smpte170m");
}

#[test]
fn plans_of_typical_sources() {
    insta::assert_json_snapshot!("plan_of_a_camera_file", plan_of(&info()));
    let mut phone = info();
    phone.video = VideoInfo {
        codec: "hevc".into(),
        profile: "Main 10".into(),
        level: 153,
        pixel_format: "yuv420p10le".into(),
        bit_depth: 10,
        coded_width: 3840,
        coded_height: 2160,
        display_width: 2160,
        display_height: 3840,
        rotation_degrees: 90,
        frame_rate: Ratio::new(2983, 100),
        variable_rate: true,
        colour: Colour {
            matrix: "bt2020nc".into(),
            primaries: "bt2020".into(),
            transfer_name: "arib-std-b67".into(),
            transfer: Transfer::Hlg,
            full_range: false,
        },
        ..video()
    };
    insta::assert_json_snapshot!("plan_of_an_upright_hdr_phone_file", plan_of(&phone));
    let mut screen = info();
    screen.audio = None;
    screen.video.peak_bitrate_kbps = 1800;
    (screen.video.frame_rate, screen.video.frames) = (Ratio::new(60, 1), 3660);
    insta::assert_json_snapshot!("plan_of_a_silent_screen_recording", plan_of(&screen));
}

#[test]
fn every_file_of_every_partner_is_explained_and_what_is_shared_costs_once() {
    let catalogue = Catalogue::builtin();
    let partners: Vec<&Partner> = catalogue.partners.values().collect();
    let mut info = info();
    info.video.peak_bitrate_kbps = 30_500; // Bilibili takes it, Douyin does not
    let plan = plan(&info, &partners, &catalogue.ladders);
    let estimate = Estimate::of(&plan, &info);
    let lines = explain(&plan, &estimate);
    let files: usize = plan.renditions.iter().map(|rendition| rendition.partners.len()).sum();
    assert_eq!(lines.len(), files);
    let shown: f64 = lines.iter().map(|line| line.cpu_s).sum();
    let whole: f64 = estimate.renditions.iter().map(|it| it.encode_cpu_s + it.assemble_cpu_s).sum();
    assert!((shown - whole).abs() < 1e-6);
    for line in &lines {
        let copied = line.how == How::Copied;
        let of_copied = line.because.iter().any(|because| because.about == Some(About::Copied));
        let capped = line.because.iter().any(|because| because.about == Some(About::Bitrate));
        assert!(of_copied == copied && capped != copied, "{line:?}");
        assert!(line.because.iter().all(|because| because.partner.as_ref().is_none_or(|own| *own == line.partner)));
    }
    let douyin = lines.iter().find(|line| line.partner.as_str() == "douyin").unwrap();
    assert!(
        douyin.because.iter().any(|because| because.en.contains("peak bitrate is 30.5 Mbit/s, where at most")),
        "{douyin:?}"
    );
    let rounded = lines.into_iter().map(|line| Line { cpu_s: (line.cpu_s * 10.0).round() / 10.0, ..line });
    insta::assert_json_snapshot!("lines_of_a_camera_file", rounded.collect::<Vec<_>>());
}

/// Any source that a probe could report, sensible or not.
fn any_info() -> impl Strategy<Value = MediaInfo> {
    let size = (2..8192u32, 2..8192u32);
    let rate = (1..240_000u32, prop_oneof![Just(1000u32), Just(1001u32), Just(1u32)]);
    let codec = prop_oneof![Just("h264"), Just("hevc"), Just("prores")];
    (size, rate, 0..2_000_000u64, 0..100_000u64, any::<bool>(), any::<bool>(), codec).prop_map(
        |((width, height), (num, den), duration_ms, peak, variable_rate, sounds, codec)| {
            let mut info = info();
            info.video.codec = codec.into();
            (info.video.display_width, info.video.display_height) = (width, height);
            (info.video.coded_width, info.video.coded_height) = (width, height);
            info.video.frame_rate = Ratio::new(num, den);
            info.video.variable_rate = variable_rate;
            info.video.duration_ms = duration_ms;
            info.video.peak_bitrate_kbps = peak;
            info.audio = info.audio.filter(|_| sounds);
            info
        },
    )
}

proptest! {
    #[test]
    fn what_holds_for_every_plan(info in any_info(), segment_s in 0..=60u32, mut scene_changes_ms in proptest::collection::vec(0..2_000_000u64, 0..50)) {
        let catalogue = Catalogue::builtin();
        let ladders = Ladders { segment_s, ..catalogue.ladders.clone() };
        scene_changes_ms.sort_unstable();
        let info = MediaInfo { video: VideoInfo { scene_changes_ms, ..info.video }, ..info };
        let partners: Vec<&Partner> = catalogue.partners.values().collect();
        let plan = plan(&info, &partners, &ladders);

        let (short, long) = (info.video.short_side().max(2), info.video.display_width.max(info.video.display_height).max(2));
        let highest_cap = ladders.rungs.values().map(|rung| rung.max_bitrate_kbps).max().unwrap();
        for video in &plan.videos {
            prop_assert!(video.width.is_multiple_of(2) && video.height.is_multiple_of(2));
            prop_assert!(video.width.min(video.height) <= short && video.width.max(video.height) <= long, "enlarged");
            prop_assert!(video.width.min(video.height) <= 1080);
            prop_assert!((100..=highest_cap).contains(&video.max_bitrate_kbps));
        }
        prop_assert!(plan.picture.frame_rate.value() <= 60.0 && plan.picture.frame_rate.value() >= 1.0);
        prop_assert!(plan.picture.frames >= 1);

        let mut next = 0;
        for (index, segment) in plan.segments.iter().enumerate() {
            prop_assert_eq!((segment.index as usize, segment.first_frame), (index, next));
            prop_assert!(segment.frames >= 1);
            prop_assert!(segment.first_frame.is_multiple_of(u64::from(plan.videos[0].gop_frames)));
            next += segment.frames;
        }
        prop_assert!(plan.videos.is_empty() || next == plan.picture.frames, "frames are missing");

        // Every partner gets a file for each of its rungs that is not equal to another; every file has a unique name.
        for partner in &partners {
            prop_assert!(plan.renditions.iter().any(|rendition| rendition.partners.contains(&partner.id)));
        }
        let distinct: std::collections::BTreeSet<_> = plan.renditions.iter().map(|rendition| &rendition.name).collect();
        prop_assert_eq!(distinct.len(), plan.renditions.len());
        for rendition in &plan.renditions {
            prop_assert!(!rendition.because.is_empty());
            match &rendition.video {
                VideoSource::Copied => {}
                VideoSource::Encoded(id) => {
                    let video = plan.videos.iter().find(|video| video.id == *id).unwrap();
                    let named = |name: &str| rendition.name.as_str().starts_with(name);
                    let (_, rung) = ladders.rungs.iter().find(|(name, _)| named(name.as_str())).unwrap();
                    prop_assert!(video.max_bitrate_kbps <= rung.max_bitrate_kbps);
                    prop_assert!(video.width.min(video.height) <= rung.short_side);
                    prop_assert_eq!((video.width, video.height), (rendition.width, rendition.height));
                }
            }
            if let Some(id) = &rendition.audio {
                prop_assert!(plan.audios.iter().any(|audio| audio.id == *id));
            }
        }
    }
}
