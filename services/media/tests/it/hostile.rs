//! Hostile inputs, each in a real child: each ends as a rejection with its own code, and no other file's bytes come out.
use std::fs;

use crate::support::Bench;
use media::synth::{Clip, Tone, make};
use pipeline::rejection::Rejection;

/// What a file of these bytes is refused with.
fn refused(bytes: &[u8]) -> Rejection {
    let bench = Bench::new();
    fs::write(bench.input("entry.mp4"), bytes).unwrap();
    make(&bench.input("other.mp4"), &Clip { duration_ms: 400, tone: Tone::None, ..Clip::default() }).unwrap();
    bench.refused("entry.mp4")
}

fn unknown(found: &str) -> Rejection {
    Rejection::UnknownFormat { found: found.into() }
}

fn clip(clip: &Clip) -> Vec<u8> {
    let bench = Bench::new();
    make(&bench.input("clip"), clip).unwrap();
    fs::read(bench.input("clip")).unwrap()
}

fn short() -> Clip {
    Clip { duration_ms: 1000, ..Clip::default() }
}

#[test]
fn a_playlist_named_mp4_is_named_and_not_followed() {
    assert_eq!(refused(b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nother.mp4\n#EXT-X-ENDLIST\n"), unknown("hls"));
    assert_eq!(refused(b"#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/x.ts\n"), unknown("hls"));
    assert_eq!(refused(b"ffconcat version 1.0\nfile other.mp4\n"), unknown("ffconcat"));
    assert_eq!(refused(b"<?xml version='1.0'?><MPD><Period/></MPD>"), unknown("dash"));
}

#[test]
fn a_huge_picture_is_refused_at_once() {
    // The header of a 16000×16000 PNG is enough: pictures are not opened at all.
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x3e\x80\0\0\x3e\x80\x08\x02\0\0\0";
    assert_eq!(refused(png), unknown("png"));
    // A film that claims such frames is refused before a frame is decoded.
    let mut film = clip(&short());
    patch(&mut film, b"avc1", 28, &[0x3e, 0x80, 0x3e, 0x80]);
    let rejection = refused(&film);
    assert!(matches!(rejection, Rejection::PictureTooLarge { width: 16000, height: 16000 }), "{rejection:?}");
    // By its headers: what is found in frames that were decoded is damage, and two frames of that size would take minutes to conceal.
}

#[test]
fn a_claim_of_weeks_is_not_believed() {
    let mut film = clip(&short());
    // Every duration in the headers (movie, track, media) says 2³¹ − 1 units.
    for (kind, offset) in [(b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)] {
        patch(&mut film, kind, offset, &[0x7f, 0xff, 0xff, 0xff]);
    }
    let bench = Bench::new();
    fs::write(bench.input("entry.mp4"), film).unwrap();
    // By our own reading of the headers, which is the same with every version of FFmpeg.
    match bench.refused("entry.mp4") {
        Rejection::MisleadingHeader { claimed_ms, decoded_ms } => {
            assert!(claimed_ms > 1_000_000_000 && (1000..1100).contains(&decoded_ms), "{claimed_ms} {decoded_ms}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_megabytes_of_title_are_refused_and_a_long_title_is_not() {
    let titled = |bytes| clip(&Clip { tags: vec![("title".into(), "x".repeat(bytes))], ..short() });
    assert!(matches!(refused(&titled(2 << 20)), Rejection::OversizedTags { bytes } if bytes >= 2 << 20));
    let bench = Bench::new();
    fs::write(bench.input("entry"), titled(100_000)).unwrap();
    assert!(serde_json::to_string(&bench.probe("entry")).unwrap().len() < 4096);
}

#[test]
fn a_size_that_changes_midway_is_refused() {
    let film = clip(&Clip { then: Some((160, 90)), tone: Tone::None, ..Clip::default() });
    assert_eq!(refused(&film), Rejection::ChangesMidway { what: "picture_size".into() });
}

#[test]
fn a_file_whose_end_is_missing_is_refused_wherever_it_was_cut() {
    let film = clip(&Clip { duration_ms: 4000, gop_frames: 25, ..Clip::default() });
    for length in [600, film.len() / 2, film.len() - 1] {
        assert!(matches!(refused(&film[..length]), Rejection::Damaged { .. }), "{length}");
    }
}

#[test]
fn damage_everywhere_is_no_entry_and_random_bytes_are_nothing() {
    let mut film = clip(&short());
    let media = position(&film, b"mdat") + 4;
    film[media..].iter_mut().enumerate().for_each(|(index, byte)| *byte = (index as u8).wrapping_mul(167) ^ 0x5a);
    assert!(matches!(refused(&film), Rejection::Damaged { .. }));
    let noise: Vec<u8> = (0..100_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    assert_eq!(refused(&noise), unknown("unknown"));
    assert_eq!(refused(b""), unknown("empty"));
    assert_eq!(refused("就是一段文字".as_bytes()), unknown("text"));
}

#[test]
fn a_film_whose_data_lies_elsewhere_is_refused() {
    let mut film = clip(&short());
    // The flag "in this file" of the data reference is taken away.
    patch(&mut film, b"url ", 7, &[0]);
    assert_eq!(refused(&film), Rejection::ExternalReference);
}

#[test]
fn the_budget_of_frames_and_packets_ends_the_work() {
    use media::protocol::{Job, Limits, Line};
    let bench = Bench::new();
    make(&bench.input("entry"), &short()).unwrap();
    let spent = |limits: Limits| match bench.run(Job::Probe { file: "entry".into() }, limits).pop() {
        Some(Line::Rejected(Rejection::BudgetExceeded { budget })) => budget,
        other => panic!("{other:?}"),
    };
    assert_eq!(spent(Limits { max_frames: 10, ..Limits::probe() }), "frames");
    assert_eq!(spent(Limits { max_packets: 10, ..Limits::probe() }), "packets");
}

#[test]
fn too_many_streams_foreign_codecs_and_films_without_a_picture_differ_in_code() {
    use media::protocol::{Job, Limits, Line};
    let bench = Bench::new();
    make(&bench.input("entry"), &short()).unwrap();
    let limits = Limits { max_streams: 1, ..Limits::probe() };
    let last = bench.run(Job::Probe { file: "entry".into() }, limits).pop();
    assert_eq!(last, Some(Line::Rejected(Rejection::TooManyStreams { streams: 2 })));

    let mut film = clip(&short());
    patch(&mut film, b"avc1", 0, b"SVQ3");
    assert_eq!(refused(&film), Rejection::UnsupportedCodec { codec: "svq3".into() });

    let mut film = clip(&short());
    // libav takes a known sample entry for a picture whatever its handler says, as players do.
    patch(&mut film, b"vide", 0, b"meta");
    patch(&mut film, b"avc1", 0, b"mett");
    assert_eq!(refused(&film), Rejection::NoVideo);
}

#[test]
fn a_label_that_is_no_text_is_made_harmless() {
    let mut film = clip(&Clip { tags: vec![("AIGC".into(), "{\"Label\":\"wxyzzz\"}".into())], ..short() });
    patch(&mut film, b"wxyz", 0, b"\xff\xc0\x07\n");
    let bench = Bench::new();
    fs::write(bench.input("entry"), film).unwrap();
    assert_eq!(bench.probe("entry").aigc.unwrap(), "{\"Label\":\"\u{fffd}\u{fffd}zz\"}");
}

fn position(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).position(|window| window == what).unwrap()
}

/// Writes `with` at `offset` bytes after the beginning of the type of each box `kind`.
fn patch(bytes: &mut [u8], kind: &[u8; 4], offset: usize, with: &[u8]) {
    let places: Vec<usize> = (0..bytes.len() - 4).filter(|at| &bytes[*at..at + 4] == kind).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at + offset..at + offset + with.len()].copy_from_slice(with);
    }
}
