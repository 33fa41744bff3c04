//! What a copied picture loses: everything in its stream that is neither slice nor parameter set. ffmpeg's own program takes the
//! streams apart, so that no code of ours judges itself.
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::support::{Bench, done};
use media::protocol::{AssembleReport, Expected, Job, Limits, PictureInput};
use media::synth::{Clip, Tone, make, pictures};
use pipeline::media_info::Ratio;

/// In the user data of a SEI message, and in a unit of a type that the standard leaves to others.
const HIDDEN: [&str; 2] = ["hidden-in-a-sei-message", "hidden-in-an-unknown-unit"];

fn ffmpeg(args: &[&str]) {
    let output = Command::new("ffmpeg").args(["-v", "error", "-nostdin", "-y"]).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The units of an H.264 byte stream, without their start codes.
fn units(stream: &[u8]) -> Vec<&[u8]> {
    let mut starts: Vec<usize> = (0..stream.len().saturating_sub(3))
        .filter(|at| stream[*at..].starts_with(&[0, 0, 1]))
        .map(|at| at + 3)
        .collect();
    starts.push(stream.len() + 3);
    let trimmed = |unit: &'_ [u8]| unit.len() - unit.iter().rev().take_while(|byte| **byte == 0).count();
    starts.windows(2).map(|pair| &stream[pair[0]..pair[1] - 3]).map(|unit| &unit[..trimmed(unit)]).collect()
}

fn kinds(stream: &[u8]) -> BTreeSet<u8> {
    units(stream).iter().map(|unit| unit[0] & 31).collect()
}

/// The picture of a file as a byte stream.
fn stream_of(file: &Path, dir: &Path, filter: &str) -> Vec<u8> {
    let raw = dir.join("raw.h264");
    let (file, to) = (file.to_str().unwrap(), raw.to_str().unwrap());
    ffmpeg(&["-i", file, "-map", "0:v:0", "-c", "copy", "-bsf:v", filter, "-f", "h264", to]);
    std::fs::read(raw).unwrap()
}

/// Before each slice: filler data, a unit of type 30 and one of type 21, which is reserved.
fn with_unknown_units(stream: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for unit in units(stream) {
        if matches!(unit[0] & 31, 1 | 5) {
            let hidden = [&[0x1e], HIDDEN[1].as_bytes(), &[0x80]].concat();
            for other in [&[0x0c, 0xff, 0xff, 0x80][..], &hidden, &[0x15, 0x80]] {
                out.extend([0, 0, 0, 1]);
                out.extend(other);
            }
        }
        out.extend([0, 0, 0, 1]);
        out.extend(unit);
    }
    out
}

#[test]
fn a_copied_picture_loses_sei_delimiters_filler_and_unknown_units_and_no_frame() {
    let bench = Bench::new();
    let dir = tempfile::tempdir().unwrap();
    let clip = dir.path().join("clip.mp4");
    make(&clip, &Clip { tone: Tone::None, ..Clip::default() }).unwrap();
    // A byte stream has no times; without B pictures it needs none.
    let plain = bench.input("plain");
    let codec = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "25", "-f", "mp4"];
    ffmpeg(&[&["-i", clip.to_str().unwrap()], &codec[..], &[plain.to_str().unwrap()]].concat());
    let sei = format!("sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+{}", HIDDEN[0]);
    let filter = format!("h264_mp4toannexb,h264_metadata=aud=insert:{sei}");
    let stream = with_unknown_units(&stream_of(&bench.input("plain"), dir.path(), &filter));
    let raw = dir.path().join("laden.h264");
    std::fs::write(&raw, &stream).unwrap();
    let laden = bench.input("laden.mp4");
    ffmpeg(&["-r", "25", "-i", raw.to_str().unwrap(), "-c", "copy", laden.to_str().unwrap()]);
    let before = std::fs::read(&laden).unwrap();
    let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(HIDDEN.iter().all(|text| has(&before, text)), "the source is laden");
    let kinds_before = kinds(&stream_of(&laden, dir.path(), "h264_mp4toannexb"));
    assert!(kinds_before.is_superset(&BTreeSet::from([1, 5, 6, 12, 21, 30])), "{kinds_before:?}");

    let info = bench.probe("laden.mp4");
    assert_eq!((info.decode_errors, info.video.frames), (0, 50), "players pass over such units, and so do we");
    let job = Job::Assemble {
        picture: PictureInput::Copied { file: "laden.mp4".into(), stream: info.video.stream },
        sound: None,
        aigc: None,
        output: "done.mp4".into(),
    };
    let made: AssembleReport = done(bench.run(job, Limits::assemble()));
    assert_eq!(made.frames, 50);
    bench.hand_on("done.mp4", "done.mp4");
    let after = std::fs::read(bench.input("done.mp4")).unwrap();
    assert!(HIDDEN.iter().all(|text| !has(&after, text)));
    let kinds_after = kinds(&stream_of(&bench.input("done.mp4"), dir.path(), "h264_mp4toannexb"));
    assert!(kinds_after.is_subset(&BTreeSet::from([1, 2, 3, 4, 5, 7, 8])), "{kinds_after:?}");
    let numbers =
        |name: &str| pictures(&bench.input(name)).unwrap().iter().map(|shown| shown.number).collect::<Vec<_>>();
    assert_eq!(numbers("done.mp4"), numbers("plain"));
    let expected = Expected {
        width: 320,
        height: 180,
        frames: 50,
        frame_rate: Ratio::new(25, 1),
        video: None,
        audio: None,
        aigc: None,
    };
    let qc = bench.qc("done.mp4", expected, &info);
    assert!(qc.pass, "{:#?}", qc.checks);
}
