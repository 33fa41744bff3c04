//! Which pictures are passed through, for whom, and the obstacles.
use super::*;

#[test]
fn a_source_that_satisfies_a_partner_is_copied() {
    let plan = plan_of(&info());
    let copy = rendition(&plan, "social-1080-copy");
    assert_eq!(copy.video, VideoSource::Copied);
    // A peak of 35 Mbit/s is too high for Douyin, which then gets the encode of the others.
    assert_eq!(copy.partners, ["bilibili".into()]);
    assert!(rendition(&plan, "social-1080").partners.contains(&"douyin".into()));
    assert!(copy.audio.is_some(), "the sound is evened all the same");
}

#[test]
fn whatever_a_partner_does_not_take_is_encoded() {
    let changes: [fn(&mut MediaInfo); 28] = [
        |info| info.audio.iter_mut().for_each(|sound| sound.duration_ms += 251),
        |info| info.audio.iter_mut().for_each(|sound| sound.start_ms = -251),
        |info| info.video.coded_width = 4098,
        |info| info.video.level = 62,
        |info| info.video.colour.matrix = "smpte170m".into(),
        |info| (info.video.max_key_frame_interval_ms, info.video.duration_ms) = (0, 10_001), // one key frame only
        |info| info.decode_errors = 1,
        |info| info.size_bytes = 4_000_000_001,
        |info| info.video.codec = "hevc".into(),
        |info| info.video.profile = "High 4:2:2".into(),
        |info| info.video.level = 0,
        |info| info.video.pixel_format = "yuvj420p".into(),
        |info| info.video.bit_depth = 10,
        |info| info.video.rotation_degrees = 90,
        |info| info.video.mirrored = true,
        |info| info.video.pixel_aspect = Ratio::new(4, 3),
        |info| info.video.variable_rate = true,
        |info| info.video.frame_rate = Ratio::new(121, 1),
        |info| info.video.field_order = FieldOrder::TopFirst,
        |info| info.video.colour.transfer = Transfer::Hlg,
        |info| info.video.colour.full_range = true,
        |info| info.video.peak_bitrate_kbps = 60_001,
        |info| info.video.peak_bitrate_kbps = 0, // not measured
        |info| info.video.max_key_frame_interval_ms = 10_001,
        |info| info.video.uniform = false,
        |info| info.video.begins_with_idr = false,
        |info| info.oddities.push(Oddity::TimesByOrder),
        |info| info.video.duration_ms += 41, // its last frame stays longer
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut info = info();
        change(&mut info);
        let plan = plan_of(&info);
        assert!(plan.renditions.iter().all(|rendition| rendition.video != VideoSource::Copied), "change {index}");
    }
}

#[test]
fn a_source_within_the_ladder_is_copied_and_only_the_small_file_is_encoded() {
    let mut info = info();
    (info.video.bitrate_kbps, info.video.peak_bitrate_kbps) = (4_000, 5_900);
    let plan = plan_of(&info);
    assert_eq!(names(&plan), ["master-1080-copy", "web-1080-copy", "web-720", "social-1080-copy"]);
    assert_eq!(plan.videos.iter().map(|video| video.height).collect::<Vec<_>>(), [720]);
    let encoded = |change: fn(&mut MediaInfo)| {
        let mut info = info.clone();
        change(&mut info);
        let plan = plan_of(&info);
        let made = plan.renditions.iter().filter(|it| it.video != VideoSource::Copied);
        made.map(|it| it.name.to_string()).collect::<Vec<_>>()
    };
    // Sites stream the file as it is: its rate is their cost. Platforms and broadcasters encode it again.
    assert_eq!(encoded(|info| info.video.peak_bitrate_kbps = 6_001), ["web-1080", "web-720"]);
    assert_eq!(encoded(|info| info.video.peak_bitrate_kbps = 10_001), ["web-1080", "web-720", "social-1080"]);
    // If the ladder promises closed GOPs of two seconds, a source must have them.
    let open: [fn(&mut MediaInfo); 2] =
        [|info| info.video.closed_gops = false, |info| info.video.max_key_frame_interval_ms = 2003];
    for change in open {
        assert_eq!(encoded(change), ["master-1080", "web-1080", "web-720"]);
    }
    // Sites get a second file, to which players switch at key frames; an interval of one second has one at every two
    // seconds, one of 40 frames does not.
    for pace in [0, 40] {
        let mut info = info.clone();
        info.video.key_frame_pace_frames = pace;
        let plan = plan_of(&info);
        assert_eq!(names(&plan), ["master-1080-copy", "web-1080", "web-720", "social-1080-copy"], "{pace}");
    }
    assert_eq!(encoded(|info| info.video.profile = "Baseline".into()), ["master-1080", "web-1080", "web-720"]);
    assert_eq!(encoded(|info| info.video.level = 50), ["master-1080", "web-1080", "web-720", "social-1080"]);
}

#[test]
fn a_copy_keeps_frames_that_encodes_drop_where_no_smaller_file_goes_beside_it() {
    let mut info = info();
    (info.video.peak_bitrate_kbps, info.video.key_frame_pace_frames) = (5_900, 100);
    (info.video.frame_rate, info.video.frames) = (Ratio::new(100, 1), 6100);
    let plan = plan_of(&info);
    // Bilibili accepts up to 120 frames a second. Sites would switch between 100 and 50.
    assert_eq!(rendition(&plan, "social-1080-copy").partners, ["bilibili".into()]);
    assert!(!names(&plan).contains(&"web-1080-copy"));
    assert_eq!((plan.picture.frame_rate, plan.picture.frames), (Ratio::new(50, 1), 3050));
}

#[test]
fn a_plan_of_copies_only_encodes_no_picture() {
    let catalogue = Catalogue::builtin();
    let plan = plan(&info(), &[&catalogue.partners[&"bilibili".into()]], &catalogue.ladders);
    assert_eq!((plan.segments.len(), plan.videos.len(), plan.audios.len()), (0, 0, 1));
    let work = Work::of(&plan);
    assert_eq!((work.segments, work.audio, work.renditions.len(), work.partners.len()), (0, true, 1, 1));
}

#[test]
fn a_copy_stands_for_the_best_rung_only() {
    let catalogue = Catalogue::builtin();
    let mut partner = catalogue.partners[&"bilibili".into()].clone();
    partner.rungs = vec!["social-1080".into(), "web-720".into()];
    let plan = plan(&info(), &[&partner], &catalogue.ladders);
    assert_eq!(names(&plan), ["social-1080-copy", "web-720"]);
}
