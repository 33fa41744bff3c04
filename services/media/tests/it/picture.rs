//! What colours, fields, turns and rates come out as: patches of known colour, moving edges and marks, made by ffmpeg, rendered by
//! real children as planned, and measured in what came out.
use std::fs;
use std::path::Path;

use crate::support::planned::{Finished, ladders};
use crate::support::{Bench, outside};
use pipeline::media_info::Ratio;

mod fields;
mod hdr;

/// Colours that people see, red, green and blue of 255: three quarters of each primary, mixtures, greys.
const PATCHES: [[u8; 3]; 8] = [
    [191, 0, 0],
    [0, 191, 0],
    [0, 0, 191],
    [191, 191, 0],
    [128, 128, 128],
    [235, 235, 235],
    [16, 16, 16],
    [64, 128, 200],
];

/// What BT.709 in 8 bits and limited range has for a colour.
fn bt709([red, green, blue]: [u8; 3]) -> [f64; 3] {
    let [red, green, blue] = [red, green, blue].map(|part| f64::from(part) / 255.0);
    let luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    [16.0 + 219.0 * luma, 128.0 + 224.0 * (blue - luma) / 1.8556, 128.0 + 224.0 * (red - luma) / 1.5748]
}

/// A graph that shows the patches side by side in a picture of `width` × `height`, each brought to `like`.
fn patches(width: u32, height: u32, like: impl Fn([u8; 3]) -> [u8; 3]) -> String {
    let part = width / PATCHES.len() as u32;
    let colour = |(index, patch): (usize, &[u8; 3])| {
        let [red, green, blue] = like(*patch);
        format!("color=c=0x{red:02x}{green:02x}{blue:02x}:s={part}x{height}:r=25:d=0.4,format=gbrp[p{index}];")
    };
    let all: String = PATCHES.iter().enumerate().map(colour).collect();
    let names: String = (0..PATCHES.len()).map(|index| format!("[p{index}]")).collect();
    format!("{all}{names}hstack=inputs={},format=gbrp", PATCHES.len())
}

/// Brightness and both colours in the middle of each patch, as finished.
fn measured(file: &Path, (width, height): (u32, u32)) -> Vec<[f64; 3]> {
    let (width, height) = (width as usize, height as usize);
    let planes = outside::planes(file, 4, (width, height));
    let mean = |plane: &[u8], width: usize, height: usize, patch: usize| {
        let middle = (2 * patch + 1) * width / (2 * PATCHES.len());
        let mut values = Vec::new();
        for y in height / 3..height * 2 / 3 {
            values.extend((middle - 2..middle + 2).map(|x| f64::from(plane[y * width + x])));
        }
        values.iter().sum::<f64>() / values.len() as f64
    };
    let of = |patch| {
        [
            mean(&planes[0], width, height, patch),
            mean(&planes[1], width / 2, height / 2, patch),
            mean(&planes[2], width / 2, height / 2, patch),
        ]
    };
    (0..PATCHES.len()).map(of).collect()
}

fn finished(suffix: &str, args: &str) -> (Bench, Finished) {
    let bench = Bench::new();
    let made = bench.input(&format!("made.{suffix}"));
    outside::ffmpeg(args, &made);
    fs::rename(made, bench.input("source")).unwrap();
    let finished = bench.finish(&ladders([180, 90], 0), false);
    finished.good();
    (bench, finished)
}

/// Checks every patch in every rendition, within two levels.
fn assert_colours(case: &str, finished: &Finished, expected: impl Fn([u8; 3]) -> [f64; 3]) {
    assert_near(case, finished, expected, 2.0);
}

fn assert_near(case: &str, finished: &Finished, expected: impl Fn([u8; 3]) -> [f64; 3], tolerance: f64) {
    for rendition in &finished.renditions {
        let colour = &rendition.qc.info.video.colour;
        assert_eq!((colour.matrix.as_str(), colour.full_range), ("bt709", false), "{case}");
        let is = measured(&rendition.file, (rendition.planned.width, rendition.planned.height));
        for (patch, is) in PATCHES.iter().zip(is) {
            let should = expected(*patch);
            let off = is.iter().zip(should).map(|(is, should)| (is - should).abs()).fold(0.0, f64::max);
            assert!(
                off <= tolerance,
                "{case}: {patch:?} is {is:.1?} instead of {should:.1?} in {}",
                rendition.planned.name
            );
        }
    }
}

/// A source of the patches: converted to `format` by `zscale` options, encoded with `codec`.
fn source(suffix: &str, (width, height): (u32, u32), convert: &str, format: &str, codec: &str) -> (Bench, Finished) {
    let graph = patches(width, height, |patch| patch);
    finished(suffix, &format!("-f lavfi -i {graph} -vf zscale={convert},format={format} {codec}"))
}

const X264: &str = "-c:v libx264 -preset ultrafast -qp 1";

#[test]
fn untagged_colours_are_taken_as_players_take_them() {
    let none = format!("{X264} -bsf:v h264_metadata=matrix_coefficients=2");
    let (_kept, sd) = source("mp4", (320, 180), "m=170m:r=limited", "yuv420p", &none);
    assert_eq!(sd.source.video.colour.matrix, "unknown");
    assert_colours("SD", &sd, bt709);
    let (_kept, hd) = source("mp4", (1280, 720), "m=709:r=limited", "yuv420p", &none);
    assert_eq!(hd.source.video.colour.matrix, "unknown");
    assert_colours("HD", &hd, bt709);
}

#[test]
fn every_matrix_and_range_comes_out_as_the_same_colours() {
    for (matrix, tag, range, format) in [
        ("709", "bt709", "limited", "yuv420p"),
        ("170m", "smpte170m", "limited", "yuv420p"),
        ("bt470bg", "bt470bg", "limited", "yuv420p"),
        ("7", "smpte240m", "limited", "yuv420p"), // by number: its name differs between FFmpeg 5 and 7
        ("fcc", "fcc", "limited", "yuv420p"),
        // Phones film in full range, tagged BT.709 or BT.601.
        ("709", "bt709", "full", "yuvj420p"),
        ("170m", "smpte170m", "full", "yuvj420p"),
        ("2020_ncl", "bt2020nc", "limited", "yuv420p10le"),
    ] {
        let pc = if range == "full" { "pc" } else { "tv" };
        let codec = format!("{X264} -colorspace {tag} -color_range {pc}");
        let (_kept, finished) = source("mp4", (320, 180), &format!("m={matrix}:r={range}"), format, &codec);
        let colour = &finished.source.video.colour;
        assert_eq!((colour.matrix.as_str(), colour.full_range), (tag, range == "full"));
        assert_colours(&format!("{tag} {range}"), &finished, bt709);
    }
}

#[test]
fn every_kind_of_sample_comes_out_as_the_same_colours() {
    let tags = "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv";
    let x264 = format!("{X264} {tags}");
    let x265 = format!("-c:v libx265 -preset ultrafast -x265-params qp=1:log-level=error {tags}");
    let prores = format!("-c:v prores_ks -profile:v 4 {tags}");
    let cases = [
        ("mp4", "yuv422p", x264.as_str()),
        ("mp4", "yuv444p", &x264),
        ("mp4", "yuv420p10le", &x264),
        ("mp4", "yuv422p10le", &x264),
        ("mp4", "yuv444p10le", &x264),
        ("mp4", "yuv420p12le", &x265),
        ("mp4", "yuv444p12le", &x265),
        ("mov", "yuv422p10le", "-c:v prores_ks -profile:v 3 -colorspace bt709"),
        ("mov", "yuva444p10le", &prores),
    ];
    for (suffix, format, codec) in cases {
        let (_kept, finished) = source(suffix, (320, 180), "m=709:r=limited", format, codec);
        assert_eq!(finished.source.video.bit_depth > 8, format.ends_with("le"), "{format}");
        assert_colours(format, &finished, bt709);
    }
    let motion = "-c:v mjpeg -q:v 1 -huffman optimal -color_range pc -colorspace smpte170m";
    let (_kept, finished) = source("mov", (320, 180), "m=170m:r=full", "yuvj422p", motion);
    assert_colours("mjpeg", &finished, bt709);
    // Red, green and blue as such, and grey alone, have no matrix.
    let graph = patches(320, 180, |patch| patch);
    let (_kept, rgb) =
        finished_of(&format!("-f lavfi -i {graph} -c:v libx264rgb -pix_fmt rgb24 -preset ultrafast -qp 1"));
    assert_colours(&rgb.source.video.pixel_format, &rgb, bt709);
    let (_kept, grey) = finished_of(&format!(
        "-f lavfi -i {graph} -vf zscale=m=709:r=limited,format=yuv420p,extractplanes=y {x265} -tag:v hvc1"
    ));
    assert_eq!(grey.source.video.pixel_format, "gray");
    assert_colours("grey", &grey, |patch| [bt709(patch)[0], 128.0, 128.0]);
    // Sizes that no 4:2:0 has: the last column and line are rounded away.
    let (_kept, odd) = finished_of(&format!(
        "-f lavfi -i {graph},scale=321:181:flags=neighbor -vf zscale=m=709:r=limited,format=yuv444p {x264}"
    ));
    assert_eq!((odd.source.video.coded_width, odd.source.video.coded_height), (321, 181));
    assert_colours("odd", &odd, bt709);
}

fn finished_of(args: &str) -> (Bench, Finished) {
    finished("mp4", args)
}

#[test]
fn wide_gamut_in_sdr_is_brought_to_the_colours_of_bt709() {
    let tags = "-colorspace bt2020nc -color_primaries bt2020 -color_trc bt709 -color_range tv";
    let convert = "agamma=0:tin=bt709:pin=bt709:min=gbr:t=bt709:p=bt2020:m=2020_ncl:r=limited";
    let (_kept, finished) = source(
        "mp4",
        (320, 180),
        convert,
        "yuv444p12le",
        &format!("-c:v libx265 -preset ultrafast -x265-params qp=1:log-level=error {tags}"),
    );
    assert_eq!(finished.source.video.colour.primaries, "bt2020");
    // Next to no light, the curve makes a step of 12 bits of the source three of 8 bits. Unconverted, red would be off by 35.
    assert_near("BT.2020 SDR", &finished, bt709, 3.0);
}

#[test]
fn every_turn_and_mirror_is_applied_as_players_do() {
    turned("format=yuv420p", "-color_range tv");
    // What libav's filters do not turn by themselves.
    turned("zscale=rin=limited:r=full,format=yuv422p10le", "-color_range pc");
}

/// Four corners of their own brightness, changed by `convert` and tagged, come out the same way round and as bright.
fn turned(convert: &str, tags: &str) {
    let one = 0x1_0000;
    let bench = Bench::new();
    let made = bench.input("made.mp4");
    let corners = "geq=lum='40+gte(X*2,W)*60+gte(Y*2,H)*120':cb=128:cr=128";
    outside::ffmpeg(
        &format!("-f lavfi -i color=s=160x90:r=25:d=0.2,{corners},{convert} {X264} -colorspace bt709 {tags}"),
        &made,
    );
    let plain = fs::read(&made).unwrap();
    // The matrix lies 40 bytes behind the header of the track's box of version 0, its first four numbers at 0, 4, 12 and 16.
    let at = plain.windows(4).position(|window| window == b"tkhd").unwrap() + 4 + 40;
    for (a, b, c, d) in [
        (one, 0, 0, one),
        (0, one, -one, 0),
        (-one, 0, 0, -one),
        (0, -one, one, 0),
        (-one, 0, 0, one),
        (one, 0, 0, -one),
        (0, one, one, 0),
        (0, -one, -one, 0),
    ] {
        let mut turned = plain.clone();
        for (place, number) in [(0, a), (4, b), (12, c), (16, d)] {
            turned[at + place..at + place + 4].copy_from_slice(&i32::to_be_bytes(number));
        }
        fs::write(bench.input("source"), turned).unwrap();
        let finished = bench.finish(&ladders([90, 46], 0), false);
        let rendition = finished.good();
        let size = (rendition.planned.width as usize, rendition.planned.height as usize);
        // x' = a·x + c·y, y' = b·x + d·y: where a corner of the coded picture is seen.
        let planes = outside::planes(&rendition.file, 2, size);
        for (x, y) in [(-1, -1), (1, -1), (-1, 1), (1, 1)] {
            let (seen_x, seen_y) = ((a * x + c * y).signum(), (b * x + d * y).signum());
            let place = |side: usize, seen: i32| if seen < 0 { side / 4 } else { side * 3 / 4 };
            let level = planes[0][place(size.1, seen_y) * size.0 + place(size.0, seen_x)];
            let should = 40 + 60 * i32::from(x > 0) + 120 * i32::from(y > 0);
            let off = (i32::from(level) - should).abs();
            assert!(off <= 3, "{convert} {:?}: {level} instead of {should}", (a, b, c, d));
        }
    }
}

#[test]
fn a_variable_rate_becomes_the_nearest_standard_one_an_odd_one_a_multiple() {
    for (rate, options, expected) in [
        // A frame lost here and there is no other rate; a third of them lost is.
        ("30", "-vf select='not(eq(mod(n\\,50)\\,7))' -fps_mode vfr", Ratio::new(30, 1)),
        ("30", "-vf select='mod(n\\,6)*not(eq(mod(n\\,11)\\,7))' -fps_mode vfr", Ratio::new(24_000, 1001)),
        ("15", "", Ratio::new(15, 1)),
        ("25/2", "", Ratio::new(25, 1)),
        ("35/2", "", Ratio::new(24_000, 1001)),
        ("120", "", Ratio::new(60, 1)),
    ] {
        let args = format!(
            "-f lavfi -i testsrc2=s=160x90:r={rate}:d=2 {options} -video_track_timescale 90000 {X264} -pix_fmt yuv420p"
        );
        let (_kept, finished) = finished_of(&args);
        assert_eq!(finished.plan.picture.frame_rate, expected, "{rate} {options}");
        let seconds = finished.good().qc.info.video.duration_ms as f64 / 1000.0;
        assert!((seconds - 2.0).abs() < 0.09, "{rate}: {seconds} s");
    }
}
