//! Which tracks of a file are the work's: what is seen and heard of files with several is what players take, and the rest is named.
use std::path::Path;

use pipeline::media_info::{OtherTrack, TrackKind, Unused};
use pipeline::rejection::Rejection;

use crate::support::patch::Boxes;
use crate::support::planned::ladders;
use crate::support::{Bench, outside};

const PICTURE: &str = "-f lavfi -i testsrc2=size=160x90:rate=25:duration=3";
const CODING: &str = "-c:v libx264 -preset superfast -g 25 -pix_fmt yuv420p -colorspace bt709 -color_primaries bt709 -color_trc bt709 -c:a aac";

/// A film with a sound of 1000 Hz at 64 kbit/s, and then one of 3000 Hz with five times as many bits. Both are enabled, as recorders
/// write them; then `change` changes the file.
fn two_sounds(channels: u32, change: impl FnOnce(&mut Boxes)) -> Bench {
    bench(change, |file| {
        let tone = |hertz: u32| format!("-f lavfi -i sine=f={hertz}:r=48000:d=3");
        let args = format!(
            "{PICTURE} {} {} -map 0 -map 1 -map 2 {CODING} -ac {channels} -b:a:0 64k -b:a:1 320k",
            tone(1000),
            tone(3000)
        );
        outside::ffmpeg(&args, file);
    })
}

fn bench(change: impl FnOnce(&mut Boxes), make: impl FnOnce(&Path)) -> Bench {
    let bench = Bench::new();
    let made = bench.input("made.mp4");
    make(&made);
    let mut boxes = Boxes::read(&made);
    (0..3).for_each(|track| boxes.enable(track, true));
    change(&mut boxes);
    boxes.write(&bench.input("source"));
    bench
}

fn sound(stream: u32, codec: &str, channels: u32, why: Unused) -> OtherTrack {
    OtherTrack { stream, kind: TrackKind::Sound, codec: codec.into(), channels, why }
}

/// Renders it; checks that of 1000 and 3000 Hz `hertz` is heard on both sides and the other not at all, and gives the unused tracks.
fn hears(bench: &Bench, hertz: f64) -> Vec<OtherTrack> {
    let finished = bench.finish(&ladders([90, 46], 0), false);
    let sides = outside::stereo(&finished.good().file);
    for side in sides {
        let (wanted, other) = (outside::tone(&side, hertz), outside::tone(&side, 4000.0 - hertz));
        assert!(wanted > 0.05 && other < wanted / 100.0, "{hertz} Hz at {wanted}, the other one at {other}");
    }
    finished.source.other_tracks
}

#[test]
fn of_two_enabled_sounds_the_first_is_heard_however_many_bits_the_second_has() {
    assert_eq!(hears(&two_sounds(2, |_| ()), 1000.0), [sound(2, "aac", 2, Unused::Later)]);
}

#[test]
fn a_sound_that_cannot_be_decoded_stands_in_the_way_of_none_that_can() {
    let second = two_sounds(2, |boxes| boxes.recode(2, b"apac"));
    assert_eq!(hears(&second, 1000.0), [sound(2, "apac", 2, Unused::Undecodable)]);
    let first = two_sounds(2, |boxes| boxes.recode(1, b"apac"));
    assert_eq!(hears(&first, 3000.0), [sound(1, "apac", 2, Unused::Undecodable)]);
    // Enabled or not.
    let disabled = two_sounds(2, |boxes| {
        boxes.recode(1, b"apac");
        boxes.enable(2, false);
    });
    assert_eq!(hears(&disabled, 3000.0), [sound(1, "apac", 2, Unused::Undecodable)]);
    let none = two_sounds(2, |boxes| (1..3).for_each(|track| boxes.recode(track, b"apac")));
    let refused = none.refused("source");
    assert!(matches!(refused, Rejection::UnsupportedCodec { .. }), "{refused:?}");
}

#[test]
fn a_disabled_sound_gives_way_to_an_enabled_one() {
    let bench = two_sounds(2, |boxes| boxes.enable(1, false));
    assert_eq!(hears(&bench, 3000.0), [sound(1, "aac", 2, Unused::NotDefault)]);
}

#[test]
fn of_two_mono_tracks_the_first_is_heard_on_both_sides_and_the_other_is_named() {
    assert_eq!(hears(&two_sounds(1, |_| ()), 1000.0), [sound(2, "aac", 1, Unused::Later)]);
}

#[test]
fn of_two_pictures_the_first_enabled_one_is_seen_by_probe_and_outline() {
    let film = |change: fn(&mut Boxes)| {
        bench(change, |file| {
            let sound = "-f lavfi -i sine=f=440:r=48000:d=3";
            let large = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=3";
            outside::ffmpeg(&format!("{PICTURE} {large} {sound} -map 0 -map 1 -map 2 {CODING}"), file);
        })
    };
    let check = |bench: &Bench, stream: u32, width: u32, other: u32, why: Unused| {
        let info = bench.probe("source");
        assert_eq!((info.video.stream, info.video.display_width), (stream, width));
        assert_eq!(bench.outline("source").unwrap().display_width, width);
        let unused = OtherTrack { stream: other, kind: TrackKind::Picture, codec: "h264".into(), channels: 0, why };
        assert_eq!(info.other_tracks, [unused]);
        // The segments read the same one.
        let finished = bench.finish(&ladders([90, 46], 1), false);
        let likeness = outside::ssim(&finished.good().file, &bench.input("made.mp4"), "scale=160:90");
        assert!(width != 160 || likeness > 0.9, "{likeness}");
    };
    check(&film(|_| ()), 0, 160, 1, Unused::Later);
    check(&film(|boxes| boxes.enable(0, false)), 1, 320, 0, Unused::NotDefault);
}

#[test]
fn an_ordinary_file_has_no_other_tracks() {
    let bench = bench(
        |_| (),
        |file| {
            let sound = "-f lavfi -i sine=f=440:r=48000:d=3";
            let text = file.with_file_name("text.srt");
            std::fs::write(&text, "1\n00:00:00,000 --> 00:00:02,000\nx\n").unwrap();
            outside::ffmpeg(
                &format!("{PICTURE} {sound} -i {} -map 0 -map 1 -map 2 {CODING} -c:s mov_text", text.display()),
                file,
            );
        },
    );
    let info = bench.probe("source");
    assert_eq!((info.other_tracks, info.streams.other), (vec![], 1));
}
