//! Whole renditions by real children: what comes out is measured, picture by picture and beep by beep.
use crate::support::{Bench, Rendered, Wish, done};
use media::protocol::{AssembleReport, CoverWish, Expected, Job, Limits, Line, PictureInput, still_file};
use media::synth::{Clip, Look, Shown, Tone, beeps, make, pictures, still as still_of};
use pipeline::media_info::{Ratio, Transfer};
use pipeline::object_key::Compared;
use pipeline::rendition::{QcOutcome, Segment, VideoEncode};

/// A beep may be this far from its flash, in seconds: sound and picture never part by more than half a frame of AAC.
const SYNC: f64 = 0.010;

fn render(clip: &Clip, wish: &Wish) -> (Bench, Rendered, Vec<Shown>) {
    let bench = Bench::new();
    make(&bench.input("source"), clip).unwrap();
    let rendered = bench.render(wish);
    rendered.assert_good();
    let shown = pictures(&bench.input("done.mp4")).unwrap();
    (bench, rendered, shown)
}

/// Flash and beep at each second, together.
fn assert_sync(bench: &Bench, shown: &[Shown], seconds: usize) {
    let flashes: Vec<f64> = (0..shown.len())
        .filter(|index| shown[*index].flash && (*index == 0 || !shown[index - 1].flash))
        .map(|index| shown[index].at)
        .collect();
    let beeps = beeps(&bench.input("done.mp4")).unwrap();
    assert_eq!((flashes.len(), beeps.len()), (seconds, seconds), "{flashes:?} {beeps:?}");
    for (flash, beep) in flashes.iter().zip(&beeps) {
        assert!((flash - beep).abs() <= SYNC, "flash at {flash}, beep at {beep}");
    }
}

#[test]
fn a_plain_clip_keeps_every_frame_and_its_sound_in_time() {
    let (bench, rendered, shown) = render(&Clip { duration_ms: 3000, ..Clip::default() }, &Wish::size(320, 180));
    let numbers: Vec<u64> = shown.iter().map(|shown| shown.number).collect();
    assert_eq!(numbers, (0..75).collect::<Vec<_>>());
    assert!(shown.iter().all(|shown| shown.upright));
    assert_sync(&bench, &shown, 3);
    let cover = rendered.covers.whole;
    let bytes = std::fs::read(bench.output("cover.jpg")).unwrap();
    assert_eq!((cover.width, cover.height, cover.bytes), (320, 180, bytes.len() as u64));
    assert!(bytes.starts_with(&[0xff, 0xd8, 0xff]));
}

#[test]
fn stills_show_the_same_frame_of_source_and_rendition() {
    let clip = Clip { duration_ms: 3000, ..Clip::default() };
    let (bench, rendered, _) = render(&clip, &Wish::size(320, 180));
    let stills = &rendered.qc.stills;
    assert_eq!(stills.len(), 3, "{stills:?}");
    assert!(stills.windows(2).all(|pair| pair[0].frame < pair[1].frame) && stills[2].frame < 75, "{stills:?}");
    for (place, still) in stills.iter().enumerate() {
        assert_eq!((still.width, still.height), (320, 180));
        assert!((0.9..=1.0).contains(&still.ssim), "{still:?}");
        let shown = Compared::BOTH.map(|of| {
            let path = bench.output(&still_file(place, of));
            let bytes = std::fs::metadata(&path).unwrap().len();
            let wanted = if of == Compared::Source { still.source_bytes } else { still.rendition_bytes };
            assert_eq!(bytes, wanted);
            still_of(&path).unwrap().number
        });
        assert_eq!(shown, [still.frame; 2], "the clip's frames bear their numbers");
    }
}

#[test]
fn segments_joined_show_the_same_frames_as_the_whole() {
    let clip = Clip { duration_ms: 6000, variable_rate: true, gop_frames: 40, ..Clip::default() };
    let rate = Some(Ratio::new(25, 1));
    let whole = render(&clip, &Wish { rate, ..Wish::size(160, 90) });
    let cut = render(&clip, &Wish { rate, segment_frames: 50, ..Wish::size(160, 90) });
    assert_eq!(whole.2, cut.2);
    assert_eq!(cut.2.len() as u64, cut.1.picture.frames);
    // Variable becomes constant: what was left out is shown as the frame before it, or the one after from half-way on.
    for (index, shown) in cut.2.iter().enumerate() {
        assert!(shown.number.abs_diff(index as u64) <= 1, "{shown:?} at {index}");
    }
    assert_sync(&cut.0, &cut.2, 6);
}

#[test]
fn the_same_request_gives_the_same_bytes() {
    let clip = Clip { duration_ms: 1000, ..Clip::default() };
    let bytes = || std::fs::read(render(&clip, &Wish::size(320, 180)).0.input("done.mp4")).unwrap();
    assert!(bytes() == bytes());
}

#[test]
fn an_encoder_that_cannot_write_ends_its_segment_and_the_others_with_it() {
    let bench = Bench::new();
    let clip = Clip { duration_ms: 60_000, width: 64, height: 48, ..Clip::default() };
    make(&bench.input("source"), &clip).unwrap();
    let source = bench.probe("source");
    let picture = crate::support::picture(&source, None);
    let encode = |id: &str| VideoEncode { id: id.into(), ..Wish::size(64, 48).video };
    std::fs::create_dir(bench.output("v2.mp4")).unwrap();
    let job = Job::EncodeSegment {
        file: "source".into(),
        segment: Segment { index: 0, first_frame: 0, frames: picture.frames },
        picture,
        warm_up: true,
        encodes: ["v1", "v2", "v3"].map(encode).into(),
    };
    let lines = bench.run(job, Limits::encode_segment());
    let Some(Line::Failed(why)) = lines.last() else { panic!("{lines:?}") };
    // The error is its own, and the other encoders stop early.
    assert!(why.starts_with("create the output"), "{why}");
    assert!(!lines.iter().any(|line| matches!(line, Line::Progress(part) if *part > 0.5)), "{lines:?}");
}

#[test]
fn rotation_is_applied_and_not_signalled() {
    for degrees in [90, 180, 270] {
        let clip = Clip { rotation_degrees: degrees, duration_ms: 1000, ..Clip::default() };
        let (width, height) = if degrees == 180 { (320, 180) } else { (180, 320) };
        let (_, rendered, shown) = render(&clip, &Wish::size(width, height));
        assert_eq!(rendered.qc.info.video.rotation_degrees, 0);
        assert!(shown.iter().all(|shown| shown.upright), "{degrees}");
        assert_eq!(shown.iter().map(|shown| shown.number).collect::<Vec<_>>(), (0..25).collect::<Vec<_>>());
    }
}

#[test]
fn pixel_aspect_fields_and_odd_rates_come_out_square_whole_and_constant() {
    let odd = Clip { pixel_aspect: Ratio::new(64, 45), width: 180, height: 144, ..Clip::default() };
    render(&odd, &Wish::size(256, 144));
    let (_, _, shown) = render(&Clip { interlaced: true, ..Clip::default() }, &Wish::size(320, 180));
    assert_eq!(shown.iter().map(|shown| shown.number).collect::<Vec<_>>(), (0..50).collect::<Vec<_>>());
    let broadcast = Clip { rate: Ratio::new(30_000, 1001), duration_ms: 2000, ..Clip::default() };
    let (bench, rendered, shown) = render(&broadcast, &Wish::size(320, 180));
    assert_eq!(rendered.qc.info.video.frame_rate, Ratio::new(30_000, 1001));
    assert_sync(&bench, &shown, 2);
}

#[test]
fn hdr_is_mapped_and_tagged_as_what_it_has_become() {
    for transfer in [Transfer::Pq, Transfer::Hlg] {
        let clip = Clip { transfer, ten_bit: true, duration_ms: 1000, ..Clip::default() };
        let (_, rendered, shown) = render(&clip, &Wish::size(320, 180));
        let colour = &rendered.qc.info.video.colour;
        assert_eq!((colour.transfer, colour.primaries.as_str()), (Transfer::Sdr, "bt709"));
        assert!(shown.iter().all(|shown| shown.upright));
    }
}

#[test]
fn every_kind_of_sound_becomes_stereo_at_its_loudness() {
    for tone in [Tone::Mono, Tone::FiveOne, Tone::Stereo] {
        let clip = Clip { tone, duration_ms: 3000, beep_dbfs: -20.0, ..Clip::default() };
        let (bench, rendered, shown) = render(&clip, &Wish::size(320, 180));
        let sound = &rendered.sound.encodes[0];
        assert!((sound.loudness_lufs.unwrap() + 15.0).abs() < 1.0, "{tone:?} {sound:?}");
        assert!(sound.true_peak_dbtp.unwrap() <= -2.0, "{tone:?} {sound:?}");
        assert_sync(&bench, &shown, 3);
    }
}

#[test]
fn silence_stays_silence_and_no_sound_becomes_a_silent_track() {
    for tone in [Tone::None, Tone::Silence] {
        let (_, rendered, _) = render(&Clip { tone, ..Clip::default() }, &Wish::size(320, 180));
        let sound = &rendered.sound.encodes[0];
        assert_eq!((sound.loudness_lufs, sound.gain_db), (None, 0.0), "{tone:?}");
        assert!(rendered.qc.info.audio.is_some());
    }
}

#[test]
fn a_cap_holds_across_seams_in_a_picture_that_wants_far_more() {
    let mut wish = Wish { segment_frames: 25, ..Wish::size(320, 180) };
    (wish.video.crf, wish.video.max_bitrate_kbps, wish.video.buffer_kbit) = (1.0, 150, 150);
    let (_, rendered, _) = render(&Clip { duration_ms: 3000, gop_frames: 12, ..Clip::default() }, &wish);
    assert!(rendered.qc.info.video.bitrate_kbps > 75, "the cap was never near");
}

#[test]
fn a_copied_picture_keeps_its_frames_and_the_ai_label_and_loses_other_tags() {
    let bench = Bench::new();
    let label = r#"{"Label":"1","ContentProducer":"某公司"}"#;
    let tags = vec![("AIGC".into(), label.into()), ("title".into(), "secret".into())];
    make(&bench.input("source"), &Clip { tags, tone: Tone::None, ..Clip::default() }).unwrap();
    let info = bench.probe("source");
    let job = Job::Assemble {
        picture: PictureInput::Copied { file: "source".into(), stream: info.video.stream },
        sound: None,
        aigc: info.aigc.clone(),
        output: "done.mp4".into(),
    };
    let made: AssembleReport = done(bench.run(job, Limits::assemble()));
    assert_eq!((made.frames, made.duration_ms), (50, 2000));
    bench.hand_on("done.mp4", "done.mp4");
    let expected = Expected {
        width: 320,
        height: 180,
        frames: 50,
        frame_rate: Ratio::new(25, 1),
        video: None,
        audio: None,
        aigc: Some(label.into()),
    };
    let qc = bench.qc("done.mp4", expected.clone(), &info);
    assert!(qc.pass, "{:#?}", qc.checks);
    assert_eq!(qc.info.aigc.as_deref(), Some(label));
    let bytes = std::fs::read(bench.input("done.mp4")).unwrap();
    for gone in [&b"secret"[..], b"x264 - core"] {
        assert!(!bytes.windows(gone.len()).any(|window| window == gone));
    }
    // And the checks can fail.
    let wrong = Expected { frames: 49, width: 322, aigc: None, ..expected };
    let failed: Vec<String> = bench
        .qc("done.mp4", wrong, &info)
        .checks
        .into_iter()
        .filter(|check| check.outcome == QcOutcome::Fail)
        .map(|check| check.check)
        .collect();
    assert_eq!(failed, ["aigc_label", "display_size", "frame_count"]);
}

#[test]
fn a_source_that_ends_too_early_is_a_failure_and_not_a_still() {
    let bench = Bench::new();
    make(&bench.input("source"), &Clip::default()).unwrap();
    let mut picture = crate::support::picture(&bench.probe("source"), None);
    picture.frames = 100;
    let segment = pipeline::rendition::Segment { index: 0, first_frame: 0, frames: 100 };
    let encodes = vec![Wish::size(320, 180).video];
    let job = Job::EncodeSegment { file: "source".into(), picture, segment, warm_up: true, encodes };
    let lines = bench.run(job, Limits::encode_segment());
    assert!(matches!(lines.last(), Some(media::protocol::Line::Failed(text)) if text.contains("ends")), "{lines:?}");
}

#[test]
fn covers_are_of_the_best_moment_in_the_wanted_shape_and_within_their_bytes() {
    let wish = |file: &str, width, height, max_bytes| CoverWish { file: file.into(), width, height, max_bytes };
    let covers = vec![
        wish("cover-0.jpg", 320, 180, None),
        wish("cover-1.jpg", 135, 180, Some(9_000)),
        wish("cover-2.jpg", 287, 179, Some(12_000)),
    ];
    let bench = Bench::new();
    make(&bench.input("source"), &Clip { look: Look::Film, duration_ms: 8000, ..Clip::default() }).unwrap();
    // 5.2 s are in the second scene, far from a key frame.
    let wish = Wish { covers: covers.clone(), cover_candidates_ms: vec![9_000, 5_200, 1_000], ..Wish::size(320, 180) };
    let rendered = bench.render(&wish);
    let made = rendered.covers.covers;
    assert_eq!(made.len(), 3);
    for (cover, wanted) in made.iter().zip(&covers) {
        let bytes = std::fs::read(bench.output(&wanted.file)).unwrap();
        assert_eq!(crate::support::jpeg_size(&bytes), (wanted.width, wanted.height), "{cover:?}");
        assert_eq!((cover.width, cover.height, cover.bytes), (wanted.width, wanted.height, bytes.len() as u64));
        assert!(cover.bytes <= wanted.max_bytes.unwrap_or(u64::MAX), "{cover:?}");
        assert_eq!(cover.at_ms, 5_200, "the first moment that the work has");
    }
}
