//! What the probe leaves for reviewers, made of clips whose content is known, and measured.
use std::fs;

use crate::support::Bench;
use media::protocol::{CUES, Job, Limits, Line, PROXY, SHEET};
use media::synth::{Clip, Look, Tone, beeps, make, pictures};
use pipeline::media_info::{FieldOrder, MediaInfo, Ratio, Transfer};

/// The source and its proxy, as probed, on their bench.
fn previewed(clip: &Clip) -> (Bench, MediaInfo, MediaInfo) {
    let bench = Bench::new();
    make(&bench.input("source"), clip).unwrap();
    let source = bench.preview("source");
    fs::copy(bench.output(PROXY), bench.input("proxy")).unwrap();
    let proxy = bench.probe("proxy");
    (bench, source, proxy)
}

/// As long as its source, up to a frame.
fn assert_as_long(source: &MediaInfo, proxy: &MediaInfo) {
    let frame_ms = (1000.0 / source.video.frame_rate.value()).ceil() as u64;
    let (wanted, made) = (source.video.duration_ms, proxy.video.duration_ms);
    assert!(made.abs_diff(wanted) <= frame_ms, "{made} ms of {wanted} ms");
}

#[test]
fn a_proxy_is_small_as_long_as_its_source_and_in_sync() {
    let (bench, source, proxy) = previewed(&Clip { width: 960, height: 540, ..Clip::default() });
    assert_eq!((proxy.video.display_width, proxy.video.display_height), (854, 480));
    assert_eq!((proxy.video.codec.as_str(), proxy.video.pixel_format.as_str()), ("h264", "yuv420p"));
    assert_eq!((proxy.video.frames, proxy.decode_errors), (source.video.frames, 0));
    assert_as_long(&source, &proxy);
    let sound = proxy.audio.as_ref().unwrap();
    assert_eq!((sound.codec.as_str(), sound.channels, sound.sample_rate), ("aac", 2, 48_000));
    assert!(sound.duration_ms.abs_diff(2000) < 45, "{sound:?}");
    let shown = pictures(&bench.output(PROXY)).unwrap();
    assert!(shown.iter().enumerate().all(|(index, picture)| picture.number == index as u64 && picture.upright));
    let flashes: Vec<f64> = shown.iter().filter(|picture| picture.number % 25 == 0).map(|picture| picture.at).collect();
    let beeps = beeps(&bench.output(PROXY)).unwrap();
    assert_eq!((flashes.len(), beeps.len()), (2, 2));
    for (flash, beep) in flashes.iter().zip(&beeps) {
        assert!((flash - beep).abs() < 0.01, "flash at {flash} s, beep at {beep} s");
    }
    // The index lies before the media, so that it plays while it loads.
    let bytes = fs::read(bench.output(PROXY)).unwrap();
    let at = |kind: &[u8]| bytes.windows(4).position(|window| window == kind).unwrap();
    assert!(at(b"moov") < at(b"mdat"));
}

#[test]
fn many_frames_a_second_become_thirty_and_a_phone_film_stands_upright() {
    let clip = Clip { rate: Ratio::new(60_000, 1001), rotation_degrees: 90, tone: Tone::FiveOne, ..Clip::default() };
    let (bench, source, proxy) = previewed(&clip);
    assert_eq!(proxy.video.frame_rate, Ratio::new(30_000, 1001));
    assert_as_long(&source, &proxy);
    assert_eq!((proxy.video.display_width, proxy.video.display_height, proxy.video.rotation_degrees), (180, 320, 0));
    assert!(pictures(&bench.output(PROXY)).unwrap().iter().all(|picture| picture.upright));
    assert_eq!(proxy.audio.unwrap().channels, 2);
}

#[test]
fn fields_light_and_uneven_rates_are_shown_as_players_do() {
    let (bench, source, proxy) = previewed(&Clip { interlaced: true, ..Clip::default() });
    assert_eq!(proxy.video.field_order, FieldOrder::Progressive);
    assert_eq!(proxy.video.frames, source.video.frames);
    assert_as_long(&source, &proxy);
    let numbers: Vec<u64> = pictures(&bench.output(PROXY)).unwrap().iter().map(|picture| picture.number).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{numbers:?}");

    let (_, _, proxy) = previewed(&Clip { transfer: Transfer::Pq, ten_bit: true, ..Clip::default() });
    assert_eq!((proxy.video.colour.transfer, proxy.video.bit_depth), (Transfer::Sdr, 8));

    let (bench, source, proxy) = previewed(&Clip { variable_rate: true, duration_ms: 3000, ..Clip::default() });
    assert_eq!(proxy.video.frames, source.video.frames);
    assert_as_long(&source, &proxy);
    for picture in pictures(&bench.output(PROXY)).unwrap() {
        let wanted = picture.number as f64 / 25.0;
        assert!((picture.at - wanted).abs() < 0.005, "picture {} at {} s", picture.number, picture.at);
    }
}

#[test]
fn a_source_without_sound_has_a_proxy_without() {
    let (_, source, proxy) = previewed(&Clip { tone: Tone::None, ..Clip::default() });
    assert_as_long(&source, &proxy);
    assert!(proxy.audio.is_none());
}

/// Times in ms and places of the cues of a storyboard.
fn cues(text: &str) -> Vec<((u64, u64), [u32; 4])> {
    let ms = |time: &str| {
        let parts: Vec<u64> = time.split([':', '.']).map(|part| part.parse().unwrap()).collect();
        ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000 + parts[3]
    };
    let mut blocks = text.split("\n\n").map(str::trim);
    assert_eq!(blocks.next(), Some("WEBVTT"));
    let cue = |block: &str| {
        let (times, place) = block.split_once('\n').unwrap();
        let (from, to) = times.split_once(" --> ").unwrap();
        let place: Vec<u32> =
            place.strip_prefix("storyboard.jpg#xywh=").unwrap().split(',').map(|part| part.parse().unwrap()).collect();
        ((ms(from), ms(to)), place.try_into().unwrap())
    };
    blocks.map(cue).collect()
}

#[test]
fn a_storyboard_has_a_tile_for_each_cue_on_one_sheet() {
    let (bench, source, _) = previewed(&Clip { duration_ms: 5000, ..Clip::default() });
    let cues = cues(&fs::read_to_string(bench.output(CUES)).unwrap());
    assert_eq!(cues.len(), 5);
    assert_eq!(cues[4].0.1, source.video.duration_ms);
    assert!(cues.windows(2).all(|pair| pair[0].0.1 == pair[1].0.0), "{cues:?}");
    let sheet = crate::support::jpeg_size(&fs::read(bench.output(SHEET)).unwrap());
    assert_eq!(sheet, (5 * 160, 90));
    for (index, (_, place)) in cues.iter().enumerate() {
        assert_eq!(*place, [160 * index as u32, 0, 160, 90]);
    }
}

#[test]
fn cover_candidates_are_in_no_black_and_in_no_transition() {
    let (_, source, _) = previewed(&Clip { look: Look::Film, duration_ms: 8000, ..Clip::default() });
    let found = source.video.cover_candidates_ms;
    assert_eq!(found.len(), 3, "one for each scene: {found:?}");
    for at in &found {
        let calm = [1000..2900, 4100..6000, 6000..8000].iter().any(|scene| scene.contains(at));
        assert!(calm, "{found:?}");
    }
    let (_, black, _) = previewed(&Clip { look: Look::Black, ..Clip::default() });
    assert!(black.video.cover_candidates_ms.is_empty());
}

#[test]
fn measuring_is_the_same_with_a_preview_and_without() {
    let bench = Bench::new();
    make(&bench.input("source"), &Clip { duration_ms: 3000, ..Clip::default() }).unwrap();
    let (plain, mut seen) = (bench.probe("source"), bench.preview("source"));
    assert!(plain.video.cover_candidates_ms.is_empty() && !seen.video.cover_candidates_ms.is_empty());
    seen.video.cover_candidates_ms.clear();
    assert_eq!(plain, seen);
}

#[test]
fn a_preview_that_cannot_be_written_is_our_failure() {
    let bench = Bench::new();
    make(&bench.input("source"), &Clip::default()).unwrap();
    fs::create_dir(bench.output(PROXY)).unwrap();
    let lines = bench.run(Job::Probe { file: "source".into() }, Limits::preview());
    assert!(matches!(lines.last(), Some(Line::Failed(text)) if text.contains("preview")), "{lines:?}");
}
