//! Recordings in fragments.
use std::fs;

use media::synth::{Clip, make, pictures};

use super::{AAC, SYNC, TAGS, X264, comes_out, film};
use crate::support::boxes::{change, number, track};
use crate::support::planned::ladders;
use crate::support::{Bench, outside};

/// Numbered pictures, as a film of `clip`, put into another file by ffmpeg with `options`.
pub(super) fn numbered(clip: &Clip, options: &str) -> Bench {
    let bench = Bench::new();
    let (plain, made) = (bench.input("plain.mp4"), bench.input("made.mp4"));
    make(&plain, clip).unwrap();
    outside::ffmpeg(&format!("-i {} {options}", plain.display()), &made);
    fs::rename(made, bench.input("source")).unwrap();
    bench
}

const FRAGMENTS: &str = "-movflags +empty_moov+default_base_moof";

#[test]
fn a_piece_of_a_live_stream_whose_clock_begins_at_ten_hours_is_as_long_as_it_is() {
    let bench = film(&format!("{X264} {AAC} {FRAGMENTS}+frag_keyframe"), |file| {
        let mut bytes = fs::read(file).unwrap();
        let places = |bytes: &[u8], kind: &[u8]| {
            bytes.windows(4).enumerate().filter(|(_, it)| *it == kind).map(|(at, _)| at).collect::<Vec<_>>()
        };
        let tracks = places(&bytes, b"tfhd").into_iter().map(|at| number(&bytes, at + 8)).collect::<Vec<_>>();
        for (at, track) in places(&bytes, b"tfdt").into_iter().zip(tracks) {
            assert_eq!(bytes[at + 4], 1, "eight bytes of time");
            let ticks = u64::from_be_bytes(bytes[at + 8..at + 16].try_into().unwrap());
            let later = ticks + 36_000 * if track == 1 { 12_800 } else { 48_000 };
            bytes[at + 8..at + 16].copy_from_slice(&later.to_be_bytes());
        }
        fs::write(file, bytes).unwrap();
    });
    let finished = comes_out("late clock", &bench, SYNC);
    assert!(finished.source.duration_ms.abs_diff(3000) <= 100, "{} ms", finished.source.duration_ms);
}

#[test]
fn a_browsers_recording_of_a_fragment_for_each_frame_is_taken() {
    let codecs = "-c:v libx264 -preset superfast -bf 0 -g 200 -c:a libopus -b:a 96k";
    let recorder = format!("{FRAGMENTS}+frag_every_frame");
    let copied = "-c copy -movflags +delay_moov+default_base_moof+frag_every_frame";
    // FFmpeg 7 gives two pictures one time where it has to guess a length, so its fragments are made once all lengths are known. FFmpeg 5
    // would lose Opus' own delay on that way.
    let bench = if outside::major_version() < 7 {
        film(&format!("{codecs} {recorder}"), |_| ())
    } else {
        film(codecs, |file| {
            let fragments = file.with_file_name("fragments.mp4");
            outside::ffmpeg(&format!("-i {} {copied}", file.display()), &fragments);
            fs::rename(fragments, file).unwrap();
        })
    };
    // Opus' own delay is in the container and in the codec, and some writers count it twice or not at all.
    comes_out("browser", &bench, 0.015);
}

#[test]
fn a_recording_in_fragments_that_was_made_a_plain_file_at_its_end_is_taken() {
    // What a recorder writes for the case that it does not come to the end, its index and its fragments, lies within the box of the media
    // at the end; the index that counts comes last.
    let bench = film(&format!("{X264} {AAC}"), |file| {
        let fragments = file.with_file_name("fragments.mp4");
        outside::ffmpeg(&format!("-i {} -c copy {FRAGMENTS}+frag_keyframe", file.display()), &fragments);
        let hidden = fs::read(fragments).unwrap();
        change(file, |moov, before| {
            let mdat = before.windows(4).position(|it| it == b"mdat").unwrap();
            let size = number(before, mdat - 4) + hidden.len() as u32;
            before[mdat - 4..mdat].copy_from_slice(&size.to_be_bytes());
            before.splice(mdat + 4..mdat + 4, hidden.iter().copied());
            for handler in [b"vide", b"soun"] {
                let chunks = track(moov, handler).at("mdia/minf/stbl/stco");
                let moved = chunks.rows::<1>(8).iter().map(|[at]| [at + hidden.len() as u32]).collect::<Vec<_>>();
                chunks.set_rows(8, &moved);
            }
        });
    });
    assert!(bench.outline("source").is_some());
    comes_out("hybrid", &bench, SYNC);
}

#[test]
fn fragments_that_call_every_sample_a_key_frame_are_not_believed() {
    let clip = Clip { duration_ms: 4000, ..Clip::default() };
    let options =
        format!("-c:v libx264 -preset superfast -g 50 -sc_threshold 0 {TAGS} -c:a copy {FRAGMENTS}+frag_keyframe");
    let bench = numbered(&clip, &options);
    let mut bytes = fs::read(bench.input("source")).unwrap();
    // The bit "is no sync sample" of the flags of samples: of a fragment (8.8.7) and of a run (8.8.8).
    let mut cleared = 0;
    let mut clear = |bytes: &mut [u8], at: usize| {
        cleared += usize::from(bytes[at + 1] & 1);
        bytes[at + 1] &= 0xfe;
    };
    for at in 0..bytes.len() - 8 {
        let flags = number(&bytes, at + 4) & 0xff_ffff;
        if bytes[at..].starts_with(b"tfhd") && flags & 0x20 != 0 {
            let before = [1, 2, 8, 16].map(|bit| if flags & bit == 0 { 0 } else { 4 + 4 * usize::from(bit == 1) });
            clear(&mut bytes, at + 12 + before.iter().sum::<usize>());
        }
        if bytes[at..].starts_with(b"trun") {
            let mut place = at + 12 + 4 * (flags & 1) as usize;
            if flags & 4 != 0 {
                clear(&mut bytes, place);
                place += 4;
            }
            let size = 4 * (flags & 0xf00).count_ones() as usize;
            let skip = 4 * (flags & 0x300).count_ones() as usize;
            for row in 0..number(&bytes, at + 8) as usize * usize::from(flags & 0x400 != 0) {
                clear(&mut bytes, place + row * size + skip);
            }
        }
    }
    assert!(cleared > 0);
    fs::write(bench.input("source"), bytes).unwrap();
    for copies in [false, true] {
        let finished = bench.finish(&ladders([180, 90], 1), copies);
        finished.good();
        for rendition in &finished.renditions {
            let shown = pictures(&rendition.file).unwrap();
            assert!(shown.iter().map(|it| it.number).eq(0..100), "{}", rendition.planned.name);
        }
    }
}
