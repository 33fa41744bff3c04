//! What the probe says of clips whose content is known.
use crate::support::Bench;
use media::synth::{Clip, Look, Tone, make};
use pipeline::media_info::{FieldOrder, MediaInfo, Outline, Ratio, Transfer};

fn probe(clip: &Clip) -> MediaInfo {
    let bench = Bench::new();
    make(&bench.input("clip"), clip).unwrap();
    bench.probe("clip")
}

#[test]
fn a_plain_clip_is_measured_exactly() {
    let info = probe(&Clip::default());
    let video = &info.video;
    assert_eq!((info.format.as_str(), info.brand.as_str(), info.decode_errors), ("mp4", "isom", 0));
    assert_eq!((video.codec.as_str(), video.profile.as_str(), video.bit_depth), ("h264", "High", 8));
    assert_eq!((video.frames, video.duration_ms, video.start_ms), (50, 2000, 0));
    assert_eq!((video.frame_rate, video.variable_rate), (Ratio::new(25, 1), false));
    assert_eq!((video.display_width, video.display_height, video.rotation_degrees), (320, 180, 0));
    assert_eq!(video.max_key_frame_interval_ms, 2000);
    assert_eq!((video.colour.matrix.as_str(), video.colour.transfer), ("bt709", Transfer::Sdr));
    assert!(video.black.is_empty() && video.frozen.is_empty());
    assert!(video.peak_bitrate_kbps >= video.bitrate_kbps && video.bitrate_kbps > 10);
    let audio = info.audio.unwrap();
    assert_eq!((audio.codec.as_str(), audio.profile.as_str(), audio.layout.as_str()), ("aac", "LC", "stereo"));
    assert_eq!((audio.sample_rate, audio.channels, audio.start_ms), (48_000, 2, 0));
    assert!(audio.duration_ms.abs_diff(2000) < 25);
    // The hard edges of the beeps ring a little in AAC.
    assert!((audio.true_peak_dbtp.unwrap() + 6.0).abs() < 1.5, "{audio:?}");
}

#[test]
fn honest_headers_say_the_same_as_decoding() {
    let plain = Clip::default();
    let clips = [
        plain.clone(),
        Clip { tone: Tone::None, duration_ms: 3000, ..plain.clone() },
        Clip { rotation_degrees: 90, rate: Ratio::new(30_000, 1001), ..plain.clone() },
        Clip { pixel_aspect: Ratio::new(64, 45), width: 180, height: 144, ..plain },
    ];
    for clip in clips {
        let bench = Bench::new();
        make(&bench.input("clip"), &clip).unwrap();
        let (claimed, measured) = (bench.outline("clip").unwrap(), bench.probe("clip").outline());
        // An index is at an end of the file, and what lies between the ends need not be there.
        let mut bytes = std::fs::read(bench.input("clip")).unwrap();
        let (from, to) = (bytes.len() / 3, bytes.len() / 2);
        bytes[from..to].fill(0);
        std::fs::write(bench.input("ends"), bytes).unwrap();
        assert_eq!(bench.outline("ends").as_ref(), Some(&claimed));
        let near = |a: u64, b: u64| a.abs_diff(b) <= 40;
        assert!(near(claimed.picture_ms, measured.picture_ms), "{claimed:?}, {measured:?}");
        assert!(near(claimed.duration_ms, measured.duration_ms), "{claimed:?}, {measured:?}");
        let (picture_ms, duration_ms) = (measured.picture_ms, measured.duration_ms);
        assert_eq!(Outline { picture_ms, duration_ms, ..claimed }, measured);
    }
}

#[test]
fn a_file_that_is_no_video_has_no_outline() {
    let bench = Bench::new();
    std::fs::write(bench.input("text"), "no video at all").unwrap();
    assert_eq!(bench.outline("text"), None);
}

#[test]
fn loudness_is_that_of_the_standard() {
    // BS.1770-4: a 1 kHz sine of −6 dBFS in both channels reads −6 LUFS; the gate leaves the 400 ms blocks that hold
    // the 80 ms beep, one fifth of each, which is 7 dB less.
    let loudness = probe(&Clip { duration_ms: 5000, ..Clip::default() }).audio.unwrap().loudness_lufs.unwrap();
    assert!((loudness + 13.0).abs() < 1.0, "{loudness}");
}

#[test]
fn loudness_over_time_follows_the_sound() {
    let clip =
        Clip { tone: Tone::LoudHalf, beep_dbfs: -20.0, duration_ms: 8000, width: 160, height: 90, ..Clip::default() };
    let audio = probe(&clip).audio.unwrap();
    let curve = audio.short_term.unwrap();
    assert_eq!(curve.step_s, 1);
    let at = |second: u32| curve.moments().find(|(at_s, _)| *at_s == second).unwrap().1;
    // A 1 kHz sine of −20 dBFS in both channels reads −20 LUFS. From 4 s on it is silent, so the window that ends at 5 s holds 2 s of it,
    // the next one 1 s: 10 log (2/3) and 10 log (1/3) less. The window that ends at 7 s holds what AAC leaves of the edge.
    assert!((at(3) + 20.0).abs() < 0.3 && (at(4) + 20.0).abs() < 0.3, "{curve:?}");
    assert!((at(5) + 21.8).abs() < 0.4 && (at(6) + 24.8).abs() < 0.6, "{curve:?}");
    assert!(at(7) < -35.0 && at(8) < -60.0, "{curve:?}");
    assert_eq!(curve.lufs.len(), 6);
    assert!((audio.loudness_lufs.unwrap() + 20.0).abs() < 0.5);
    // Shorter than a window.
    assert_eq!(probe(&Clip::default()).audio.unwrap().short_term.unwrap().lufs.len(), 0);
}

#[test]
fn rotation_aspect_and_broadcast_rates_are_seen() {
    let clip = Clip { rotation_degrees: 90, rate: Ratio::new(30_000, 1001), ..Clip::default() };
    let video = probe(&clip).video;
    assert_eq!((video.display_width, video.display_height, video.rotation_degrees), (180, 320, 90));
    assert_eq!((video.frame_rate, video.variable_rate), (Ratio::new(30_000, 1001), false));
    let video = probe(&Clip { pixel_aspect: Ratio::new(64, 45), width: 180, height: 144, ..Clip::default() }).video;
    assert_eq!((video.pixel_aspect, video.display_width, video.display_height), (Ratio::new(64, 45), 256, 144));
}

#[test]
fn a_variable_rate_is_reported_with_what_was_counted() {
    let video = probe(&Clip { variable_rate: true, duration_ms: 3000, ..Clip::default() }).video;
    assert!(video.variable_rate);
    assert!(video.frames < 55 && (video.duration_ms as i64 - 3000).abs() <= 80, "{video:?}");
}

#[test]
fn hdr_ten_bit_and_fields_are_reported() {
    let video = probe(&Clip { transfer: Transfer::Pq, ten_bit: true, ..Clip::default() }).video;
    assert_eq!((video.colour.transfer, video.bit_depth), (Transfer::Pq, 10));
    assert_eq!(video.colour.primaries, "bt2020");
    assert_eq!(probe(&Clip { transfer: Transfer::Hlg, ..Clip::default() }).video.colour.transfer, Transfer::Hlg);
    assert_eq!(probe(&Clip { interlaced: true, ..Clip::default() }).video.field_order, FieldOrder::TopFirst);
}

#[test]
fn layouts_of_sound_are_reported() {
    let channels = |tone| probe(&Clip { tone, ..Clip::default() }).audio.map(|audio| audio.channels);
    assert_eq!(channels(Tone::Mono), Some(1));
    assert_eq!(channels(Tone::FiveOne), Some(6));
    assert_eq!(channels(Tone::None), None);
}

#[test]
fn black_stillness_and_silence_are_found() {
    let info = probe(&Clip { look: Look::Black, tone: Tone::Silence, duration_ms: 6000, ..Clip::default() });
    assert_eq!(info.video.black.len(), 1);
    assert!(info.video.black[0].end_ms - info.video.black[0].start_ms >= 5900);
    let audio = info.audio.unwrap();
    assert_eq!((audio.loudness_lufs, audio.true_peak_dbtp, audio.silent.len()), (None, None, 1));
    let info = probe(&Clip { look: Look::Still, duration_ms: 6000, ..Clip::default() });
    assert_eq!((info.video.frozen.len(), info.video.black.len()), (1, 0));
}

#[test]
fn changes_of_scene_are_found_and_motion_and_flashes_are_none() {
    let changes = |look| probe(&Clip { look, duration_ms: 5000, ..Clip::default() }).video.scene_changes_ms;
    assert_eq!(changes(Look::Scenes), [1000, 2000, 3000, 4000]);
    assert!(changes(Look::Moving).is_empty());
    assert_eq!(changes(Look::NoiseFrom(50)), [2000]);
}

#[test]
fn the_ai_label_is_found_plain_and_wrapped() {
    let plain = r#"{"Label":"1","ContentProducer":"某公司","ProduceID":"7"}"#;
    let wrapped = r#"{"AIGC":{"Label":"1"}}"#;
    for (key, label) in [("AIGC", plain), ("AIGC", wrapped), ("comment", wrapped)] {
        let info = probe(&Clip { tags: vec![(key.into(), label.into())], ..Clip::default() });
        assert_eq!(info.aigc.as_deref(), Some(label), "{key}");
    }
    let info = probe(&Clip { tags: vec![("comment".into(), "made with AIGC".into())], ..Clip::default() });
    assert_eq!(info.aigc, None);
}
