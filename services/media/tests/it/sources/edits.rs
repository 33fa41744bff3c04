//! Edit lists.
use std::fs;
use std::path::Path;

use media::protocol::{AssembleReport, Job, Limits, PictureInput};

use super::{assert_near, bench, changed, finish, footage, named, onsets};
use crate::support::planned::ladders;
use crate::support::{Bench, done, outside};

/// Box `elst` of the picture's track, its edits as pairs of length and begin in the movie's and the media's ticks.
fn set_edits(file: &Path, edits: &[(u32, i32)]) {
    let mut bytes = fs::read(file).unwrap();
    let place = |bytes: &[u8], kind: &[u8; 4], from: usize| {
        bytes[from..].windows(4).position(|window| window == kind).map(|at| at + from).unwrap()
    };
    let moov = place(&bytes, b"moov", 0);
    let trak = place(&bytes, b"trak", moov);
    let edts = place(&bytes, b"edts", trak);
    let old = u32::from_be_bytes(bytes[edts - 4..edts].try_into().unwrap()) as usize;
    let mut elst = [&0u32.to_be_bytes()[..], &(edits.len() as u32).to_be_bytes()].concat();
    for (length, begin) in edits {
        elst.extend([&length.to_be_bytes()[..], &begin.to_be_bytes(), &0x1_0000u32.to_be_bytes()].concat());
    }
    let boxed =
        |kind: &[u8; 4], payload: &[u8]| [&(payload.len() as u32 + 8).to_be_bytes()[..], kind, payload].concat();
    let new = boxed(b"edts", &boxed(b"elst", &elst));
    let grown = new.len() as i64 - old as i64;
    bytes.splice(edts - 4..edts - 4 + old, new);
    for at in [moov, trak] {
        let size = u32::from_be_bytes(bytes[at - 4..at].try_into().unwrap());
        bytes[at - 4..at].copy_from_slice(&((i64::from(size) + grown) as u32).to_be_bytes());
    }
    fs::write(file, bytes).unwrap();
}

/// A picture of 4 s without sound whose edits are these (movie ticks are milliseconds, media ticks 1/12800 s).
fn edited(edits: &[(u32, i32)]) -> Bench {
    let bench = changed("mp4", "-bf 2", "-c copy -an");
    set_edits(&bench.input("source"), edits);
    bench
}

#[test]
fn edit_lists_are_played_as_players_do_however_the_work_is_cut() {
    let at = |seconds: f64| (seconds * 12_800.0) as i32 + 1024;
    for (edits, flashes) in [
        (vec![(2400, at(1.6))], vec![0.8, 1.8]),
        (vec![(1000, at(0.0)), (1000, at(3.0))], vec![0.4, 1.4]),
        (vec![(1000, at(2.0)), (2000, at(0.0))], vec![0.4, 1.4, 2.4]),
        (vec![(1000, -1), (2000, at(1.0))], vec![0.4, 1.4]),
    ] {
        let bench = edited(&edits);
        let shown = outside::frames(&bench.input("source"));
        let whole = finish(&bench);
        assert_eq!(whole.source.video.frames, shown, "{edits:?}");
        let [is, _] = onsets(&whole);
        assert_near(&is, &flashes);
        let cut = bench.finish(&ladders([90, 46], 1), false);
        assert!(cut.plan.segments.len() > 1);
        let [again, _] = onsets(&cut);
        assert_eq!((cut.plan.picture.frames, again), (whole.plan.picture.frames, is), "{edits:?}");
    }
}

#[test]
fn a_picture_that_is_copied_shows_what_its_edit_list_says() {
    let bench = bench(|source| named(source, "mp4", |file| footage(file, [4.0, 4.0], "-bf 2")));
    set_edits(&bench.input("source"), &[(2500, 19_200 + 1024)]);
    let shown = outside::frames(&bench.input("source"));
    let picture = PictureInput::Copied { file: "source".into(), stream: 0 };
    let job = Job::Assemble { picture, sound: None, aigc: None, output: "copy.mp4".into() };
    let report: AssembleReport = done(bench.run(job, Limits::assemble()));
    assert_eq!((report.frames, outside::frames(&bench.output("copy.mp4"))), (shown, shown));
    assert_near(&outside::flashes(&bench.output("copy.mp4"), 25.0), &outside::flashes(&bench.input("source"), 25.0));
}
