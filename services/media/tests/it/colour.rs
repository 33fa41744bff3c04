//! Colour that the container says, the bitstream, both or neither: films of the same samples come out with the same colours.
use std::fs;

use crate::support::boxes::{change, entry, nclx, picture_entry, track};
use crate::support::planned::ladders;
use crate::support::{Bench, outside};
use pipeline::media_info::{MediaInfo, Oddity, Transfer};

/// Most that the same samples may differ in their output, levels of 8 bits: two encodes of the same pictures do not differ at all.
const SAME: f64 = 1.0;

/// What a bitstream says: primaries, curve and matrix by the numbers of ITU-T H.273, where 2 is "unknown", and whether the range is full.
#[derive(Clone, Copy)]
struct Said([u8; 3], bool);

const NOTHING: Said = Said([2, 2, 2], false);
const HLG: Said = Said([9, 18, 9], false);
const SDR: Said = Said([1, 1, 1], false);

/// An HEVC film whose bitstream has these colour tags, and whose container has `colr`, or none.
fn film(format: &str, Said([primaries, curve, matrix], full_range): Said, colr: Option<&[u8]>) -> Bench {
    let bench = Bench::new();
    let (made, path) = (bench.input("made.mp4"), bench.input("source"));
    // Written into the bitstream afterwards: by the options of encoders FFmpeg 7 converts pictures, or leaves them untagged.
    let said = match ([primaries, curve, matrix], u8::from(full_range)) {
        ([2, 2, 2], 0) => String::new(),
        (_, range) => format!(
            "-bsf:v hevc_metadata=colour_primaries={primaries}:transfer_characteristics={curve}:\
             matrix_coefficients={matrix}:video_full_range_flag={range}"
        ),
    };
    let input = format!(
        "-f lavfi -i testsrc2=size=160x90:rate=25:duration=1,format={format} -c:v libx265 -preset ultrafast -crf 10 \
         -x265-params log-level=error:bframes=0 -tag:v hvc1 {said}"
    );
    outside::ffmpeg(&input, &made);
    change(&made, |moov, _| {
        entry(track(moov, b"vide"), |code, content| (*code, picture_entry(content, colr.unwrap_or_default())));
    });
    fs::rename(made, path).unwrap();
    bench
}

/// What the probe says, and the planes of one frame of the first rendition.
fn seen(bench: &Bench) -> (MediaInfo, [Vec<u8>; 3]) {
    let finished = bench.finish(&ladders([90, 46], 0), false);
    let planes = outside::planes(&finished.good().file, 10, (160, 90));
    (finished.source, planes)
}

/// Mean distance of two pictures, over all planes.
fn distance(one: &[Vec<u8>; 3], other: &[Vec<u8>; 3]) -> f64 {
    let pairs = one.iter().flatten().zip(other.iter().flatten());
    let (sum, count) = pairs.fold((0.0, 0.0), |(sum, count), (a, b)| (sum + f64::from(a.abs_diff(*b)), count + 1.0));
    sum / count
}

#[test]
fn hlg_looks_the_same_by_container_or_bitstream() {
    let ten = "yuv420p10le";
    let (info, tagged) = seen(&film(ten, HLG, Some(&nclx(9, 18, 9, false))));
    assert_eq!(info.video.colour.transfer, Transfer::Hlg);
    let (_, untagged) = seen(&film(ten, NOTHING, None));
    assert!(distance(&tagged, &untagged) > 10.0, "the films that are compared have to look different");
    for (what, film) in [
        ("the bitstream alone", film(ten, HLG, None)),
        ("the container alone", film(ten, NOTHING, Some(&nclx(9, 18, 9, false)))),
        ("each in part", film(ten, Said([9, 2, 2], false), Some(&nclx(2, 18, 2, false)))),
        ("neither says the matrix", film(ten, Said([9, 18, 2], false), None)),
        ("a container of zeros", film(ten, HLG, Some(&nclx(0, 0, 0, false)))),
    ] {
        let (info, planes) = seen(&film);
        let colour = &info.video.colour;
        assert_eq!((colour.transfer, colour.primaries.as_str()), (Transfer::Hlg, "bt2020"), "{what}");
        assert!(distance(&tagged, &planes) <= SAME, "{what}: {} levels", distance(&tagged, &planes));
        assert_eq!(info.oddities, [], "{what}");
    }
    // Nothing says the primaries: HLG has no others than BT.2020's.
    for (what, film) in [
        ("the curve alone, in the bitstream", film(ten, Said([2, 18, 2], false), None)),
        ("the curve alone, in the container", film(ten, NOTHING, Some(&nclx(2, 18, 2, false)))),
    ] {
        let (info, planes) = seen(&film);
        assert_eq!(info.video.colour.transfer, Transfer::Hlg, "{what}");
        assert!(distance(&tagged, &planes) <= SAME, "{what}: {} levels", distance(&tagged, &planes));
    }
}

#[test]
fn full_range_looks_the_same_by_container_or_bitstream() {
    let full = Said([1, 1, 1], true);
    let (info, tagged) = seen(&film("yuv420p", full, Some(&nclx(1, 1, 1, true))));
    assert!(info.video.colour.full_range);
    let (_, limited) = seen(&film("yuv420p", SDR, Some(&nclx(1, 1, 1, false))));
    assert!(distance(&tagged, &limited) > 3.0, "the films that are compared have to look different");
    for (what, film) in [
        ("the bitstream", film("yuv420p", full, Some(&nclx(1, 1, 1, false)))),
        ("the container alone", film("yuv420p", NOTHING, Some(&nclx(1, 1, 1, true)))),
        ("the container, of a bitstream that says the rest", film("yuv420p", SDR, Some(&nclx(1, 1, 1, true)))),
    ] {
        let (info, planes) = seen(&film);
        assert!(info.video.colour.full_range, "{what}");
        assert!(distance(&tagged, &planes) <= SAME, "{what}: {} levels", distance(&tagged, &planes));
    }
}

#[test]
fn matroska_is_asked_as_well() {
    // FFmpeg writes what the stream is tagged with into both; the bitstream is stripped of it by a filter.
    let bench = Bench::new();
    let (plain, made) = (bench.input("plain.mkv"), bench.input("made.mkv"));
    let input = "-f lavfi -i testsrc2=size=160x90:rate=25:duration=1,format=yuv420p10le -c:v libx265 -preset ultrafast -x265-params log-level=error";
    outside::ffmpeg(input, &plain);
    let tags = "-colorspace bt2020nc -color_primaries bt2020 -color_trc arib-std-b67 -color_range tv";
    outside::ffmpeg(&format!("-i {} -c copy {tags}", plain.display()), &made);
    fs::rename(made, bench.input("source")).unwrap();
    let colour = bench.probe("source").video.colour;
    assert_eq!(
        (colour.transfer, colour.primaries.as_str(), colour.matrix.as_str()),
        (Transfer::Hlg, "bt2020", "bt2020nc")
    );
}

#[test]
fn a_container_that_contradicts_the_bitstream_is_reported_the_bitstream_followed() {
    let bench = film("yuv420p10le", HLG, Some(&nclx(1, 1, 1, false)));
    let info = bench.probe("source");
    assert_eq!((info.video.colour.transfer, info.video.colour.matrix.as_str()), (Transfer::Hlg, "bt2020nc"));
    let oddity = Oddity::ColourInConflict {
        container: "bt709/bt709/bt709".into(),
        bitstream: "bt2020nc/bt2020/arib-std-b67".into(),
    };
    assert_eq!(info.oddities, [oddity]);
}
