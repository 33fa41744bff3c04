//! Lies, one by one: an honest answer with one thing changed in it or in the files beside it.
use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use pipeline::media_info::{OtherTrack, TrackKind, Unused};

use super::*;
use crate::request;

fn info() -> MediaInfo {
    serde_json::from_value(json!({
        "size_bytes": 177_000_000, "format": "mp4", "brand": "isom", "duration_ms": 61_000, "bitrate_kbps": 23_200,
        "video": {
            "stream": 0, "codec": "h264", "profile": "High", "level": 40, "pixel_format": "yuv420p", "bit_depth": 8,
            "coded_width": 1920, "coded_height": 1080, "display_width": 1920, "display_height": 1080,
            "rotation_degrees": 0, "mirrored": false, "pixel_aspect": { "num": 1, "den": 1 }, "frames": 1525,
            "start_ms": 0, "duration_ms": 61_000, "frame_rate": { "num": 25, "den": 1 }, "variable_rate": false,
            "field_order": "progressive",
            "colour": {
                "matrix": "bt709", "primaries": "bt709", "transfer_name": "bt709", "transfer": "sdr", "full_range": false,
            },
            "max_key_frame_interval_ms": 2000, "bitrate_kbps": 23_000, "peak_bitrate_kbps": 35_000,
            "black": [{ "start_ms": 0, "end_ms": 2000 }], "frozen": [],
        },
        "audio": {
            "stream": 1, "codec": "aac", "profile": "LC", "sample_rate": 48_000, "channels": 2, "layout": "stereo",
            "start_ms": 0, "duration_ms": 61_000, "bitrate_kbps": 192, "loudness_lufs": -18.3, "true_peak_dbtp": -1.1,
            "silent": [],
        },
        "streams": { "video": 1, "audio": 1, "other": 0 }, "decode_errors": 0, "aigc": null,
    }))
    .unwrap()
}

const BYTES: u64 = 177_000_000;

fn is_lie<T: std::fmt::Debug>(what: &str, answer: Result<T, ChildError>) {
    assert!(matches!(answer, Err(ChildError::Lied(_))), "{what}: {answer:?}");
}

/// Checks that an honest report passes, and that it is a lie after the change.
fn lie(what: &str, change: &dyn Fn(&mut ProbeReport)) {
    let request = request::probe(Path::new("/in"), Some(Path::new("/out")), true);
    let fingerprint = Fingerprint { picture: vec![[u64::MAX; 5]; 122], sound: vec![1; 490], ..Fingerprint::default() };
    let mut report = ProbeReport { media_info: info(), fingerprint };
    probed(&request, &report, BYTES).unwrap();
    change(&mut report);
    is_lie(what, probed(&request, &report, BYTES));
}

#[test]
fn an_impossible_picture_is_a_lie() {
    lie("another file", &|it| it.media_info.size_bytes += 1);
    lie("a length without end", &|it| it.media_info.duration_ms = u64::MAX);
    lie("a beginning without end", &|it| it.media_info.video.start_ms = i64::MIN);
    lie("a rate of nothing", &|it| it.media_info.video.frame_rate = Ratio { num: 25, den: 0 });
    lie("a rate of none", &|it| it.media_info.video.frame_rate = Ratio { num: 0, den: 1 });
    lie("pixels of no shape", &|it| it.media_info.video.pixel_aspect = Ratio { num: 1, den: 0 });
    lie("no picture", &|it| it.media_info.video.coded_width = 0);
    lie("a picture too large", &|it| it.media_info.video.coded_width = 1 << 20);
    lie("nothing to show", &|it| it.media_info.video.display_height = 0);
    lie("more to show than there is", &|it| it.media_info.video.display_height = u32::MAX);
    lie("no frames", &|it| it.media_info.video.frames = 0);
    lie("frames without end", &|it| it.media_info.video.frames = 2_000_001);
    lie("a rotation that is none", &|it| it.media_info.video.rotation_degrees = 45);
    lie("streams without end", &|it| it.media_info.streams.other = 33);
    lie("a stretch that ends before it begins", &|it| it.media_info.video.black[0].start_ms = 3000);
    lie("scenes out of order", &|it| it.media_info.video.scene_changes_ms = vec![2, 1]);
    lie("moments without end", &|it| it.media_info.video.cover_candidates_ms = vec![1; 5000]);
    lie("a scene beyond the end", &|it| it.media_info.video.scene_changes_ms = vec![72_000]);
    lie("a moment beyond the end", &|it| it.media_info.video.cover_candidates_ms = vec![1, 1 << 39]);
    lie("black beyond the end", &|it| it.media_info.video.black[0].end_ms = 1 << 39);
    lie("stillness beyond the end", &|it| it.media_info.video.calm = vec![Stretch { start_ms: 0, end_ms: 90_000 }]);
    lie("points out of order", &|it| it.media_info.video.entry_points = Some(vec![2, 1]));
    lie("points without end", &|it| it.media_info.video.entry_points = Some(vec![0; 2_000_001]));
    lie("seconds without end", &|it| it.media_info.video.bytes_by_second = vec![0; 4000]);
    lie("samples of no depth", &|it| it.media_info.video.bit_depth = 0);
    lie("a pace beyond the end", &|it| it.media_info.video.key_frame_pace_frames = u32::MAX);
    lie("a last picture beyond the end", &|it| it.media_info.video.last_picture_stays_ms = 61_001);
    lie("a stream that is none", &|it| it.media_info.video.stream = 32);
}

#[test]
fn names_and_lists_are_bounded() {
    lie("a name without end", &|it| it.media_info.video.codec = "x".repeat(257));
    lie("a colour without end", &|it| it.media_info.video.colour.matrix = "x".repeat(257));
    lie("brands without end", &|it| it.media_info.compatible_brands = vec!["isom".into(); 257]);
    lie("a brand without end", &|it| it.media_info.compatible_brands = vec!["x".repeat(257)]);
    lie("oddities without end", &|it| it.media_info.oddities = vec![Oddity::LastPictureStays { stays_ms: 1 }; 33]);
    lie("an oddity without end", &|it| {
        it.media_info.oddities = vec![Oddity::ForeignBrand { major: "x".repeat(257) }];
    });
    let stretch = |start_ms, end_ms| Stretch { start_ms, end_ms };
    lie("damage that ends before it begins", &|it| it.media_info.damage = vec![stretch(2, 1)]);
    lie("damage beyond the end", &|it| it.media_info.damage = vec![stretch(0, 90_000)]);
    lie("damage without end", &|it| it.media_info.damage = vec![stretch(0, 1); 201]);
    let track = |codec: &str| OtherTrack {
        stream: 2,
        kind: TrackKind::Sound,
        codec: codec.into(),
        channels: 1,
        why: Unused::Later,
    };
    lie("tracks without end", &|it| it.media_info.other_tracks = vec![track("pcm_s16le"); 33]);
    lie("a track's name without end", &|it| it.media_info.other_tracks = vec![track(&"x".repeat(257))]);
}

#[test]
fn an_impossible_sound_or_fingerprint_is_a_lie() {
    let sound = |it: &mut ProbeReport, change: &dyn Fn(&mut AudioInfo)| change(it.media_info.audio.as_mut().unwrap());
    lie("one stream twice", &|it| sound(it, &|audio| audio.stream = 0));
    lie("silence beyond the end", &|it| {
        sound(it, &|audio| audio.silent = vec![Stretch { start_ms: 0, end_ms: 90_000 }])
    });
    lie("no channels", &|it| sound(it, &|audio| audio.channels = 0));
    lie("no samples", &|it| sound(it, &|audio| audio.sample_rate = 0));
    lie("a level that is none", &|it| sound(it, &|audio| audio.loudness_lufs = Some(-1e9)));
    lie("a level that JSON does not have", &|it| sound(it, &|audio| audio.true_peak_dbtp = Some(f64::NAN)));
    let curve = |it: &mut ProbeReport, step_s, lufs| {
        sound(it, &|audio| audio.short_term = Some(ShortTerm { step_s, lufs: Vec::clone(&lufs) }));
    };
    lie("a curve without end", &|it| curve(it, 1, vec![-20.0; 481]));
    lie("a curve without time", &|it| curve(it, 0, vec![-20.0]));
    lie("a curve of no levels", &|it| curve(it, 1, vec![-1e9]));
    lie("a picture's print without end", &|it| it.fingerprint.picture = vec![[0; 5]; 2401]);
    lie("a sound's print without end", &|it| it.fingerprint.sound = vec![0; 10_001]);
    lie("words without end", &|it| it.fingerprint.probes = vec![0; 70_000]);
}

/// Headers of good films claim nonsense. It is shown, and nothing is computed from it.
#[test]
fn what_a_header_claims_may_be_of_any_size() {
    let request = request::probe(Path::new("/in"), None, true);
    let mut media_info = info();
    media_info.oddities = vec![Oddity::LongMovieHeader { claimed_ms: u64::MAX }];
    media_info.other_tracks = vec![OtherTrack {
        stream: 2,
        kind: TrackKind::Sound,
        codec: "pcm_s16le".into(),
        channels: 1,
        why: Unused::Later,
    }];
    media_info.compatible_brands = vec!["isom".into(); 64];
    probed(&request, &ProbeReport { media_info, fingerprint: Fingerprint::default() }, BYTES).unwrap();
}

#[test]
fn what_headers_claim_can_be_so() {
    let honest = info().outline();
    outline(&honest).unwrap();
    is_lie("a length without end", outline(&Outline { duration_ms: u64::MAX, ..honest.clone() }));
    is_lie("a size without end", outline(&Outline { display_width: u32::MAX, ..honest.clone() }));
    is_lie("a brand without end", outline(&Outline { brand: "x".repeat(257), ..honest.clone() }));
    is_lie("brands without end", outline(&Outline { compatible_brands: vec![String::new(); 257], ..honest }));
}

#[test]
fn a_preview_is_three_files_of_their_kind_or_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (out, secret) = (dir.path().join("out"), dir.path().join("secret"));
    fs::create_dir(&out).unwrap();
    fs::write(&secret, "WEBVTT secret").unwrap();
    let request = request::probe(dir.path(), Some(&out), true);
    assert!(preview(&request, &out).unwrap().is_none());
    let leave = |name: &str, bytes: &[u8]| fs::write(out.join(name), bytes).unwrap();
    leave(CUES, b"WEBVTT\n");
    is_lie("no proxy", preview(&request, &out));
    leave(PROXY, b"\0\0\0\x18ftypisom");
    leave(SHEET, b"\xff\xd8\xff\xe0");
    assert_eq!(preview(&request, &out).unwrap().unwrap().cues.bytes(), 7);
    leave(CUES, b"WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nhttps://evil.example/x.jpg\n");
    is_lie("cues that lead elsewhere", preview(&request, &out));
    leave(CUES, b"WEBVTT\n\xff");
    is_lie("cues that are no text", preview(&request, &out));
    leave(CUES, b"WEBVTT\n");
    for name in [CUES, PROXY, SHEET] {
        let honest = fs::read(out.join(name)).unwrap();
        leave(name, b"<html></html>");
        is_lie(name, preview(&request, &out));
        fs::remove_file(out.join(name)).unwrap();
        symlink("../secret", out.join(name)).unwrap();
        is_lie(name, preview(&request, &out));
        fs::remove_file(out.join(name)).unwrap();
        leave(name, &honest);
    }
}
