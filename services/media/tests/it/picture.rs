//! What colours, fields, turns and rates come out as: patches of known colour, moving edges and marks, made by ffmpeg, rendered by
//! real children as planned, and measured in what came out.
use std::fs;
use std::path::Path;

use crate::support::planned::{Finished, ladders};
use crate::support::{Bench, outside};
use pipeline::media_info::{FieldOrder, Ratio};

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

/// A grey source in HDR whose eight patches have these 10-bit signals, and what they come out as.
fn hdr(transfer: &str, signals: [f64; 8], more: &str) -> Vec<f64> {
    let codes = signals.map(|signal| (64.0 + signal * 876.0).round());
    let steps: String = (1..8).fold(format!("{}", codes[0]), |text, patch| {
        format!("{text}+gte(X*8\\,W*{patch})*({})", codes[patch] - codes[patch - 1])
    });
    let codec = format!("-c:v libx265 -preset ultrafast -x265-params log-level=error:keyint=5:qp=4{more} -tag:v hvc1");
    // Tagged by frames for FFmpeg 7, whose encoders no longer heed the options, and by options for FFmpeg 5.
    let (_kept, finished) = finished_of(&format!(
        "-f lavfi -i color=s=320x180:r=25:d=0.4,format=yuv420p10le,geq=lum='{steps}':cb=512:cr=512,\
         setparams=range=tv:color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc {codec} \
         -color_primaries bt2020 -color_trc {transfer} -colorspace bt2020nc"
    ));
    let rendition = finished.good();
    assert_eq!(rendition.qc.info.video.colour.transfer_name, "bt709");
    let is = measured(&rendition.file, (rendition.planned.width, rendition.planned.height));
    for [_, blue, red] in &is {
        assert!((blue - 128.0).abs() <= 1.0 && (red - 128.0).abs() <= 1.0, "grey has become a colour: {is:?}");
    }
    is.into_iter().map(|patch| patch[0]).collect()
}

/// The PQ signal of a brightness in cd/m² (SMPTE ST 2084).
fn pq(nits: f64) -> f64 {
    let power = (nits / 10_000.0).powf(0.159_301_757_812_5);
    ((0.835_937_5 + 18.851_562_5 * power) / (1.0 + 18.6875 * power)).powf(78.843_75)
}

#[test]
fn hdr_keeps_the_order_of_its_greys_and_the_room_above_white() {
    // Black, shade, 18 % grey, skin, the white of paper (203), and highlights.
    let light = [0.0, 5.0, 36.0, 100.0, 203.0, 400.0, 700.0, 1000.0];
    let levels = hdr("smpte2084", light.map(pq), "");
    let steps: Vec<f64> = levels.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(steps.iter().all(|step| *step >= 5.0), "{levels:?}");
    assert!(levels[0] <= 18.0 && (225.0..=236.0).contains(&levels[7]), "{levels:?}");
    // The white of paper is three quarters of the signal, a grey card the middle of it.
    assert!((168.0..=195.0).contains(&levels[4]) && (75.0..=115.0).contains(&levels[2]), "{levels:?}");
    // What the file says of its mastering does not change the picture: it would not reach every segment.
    let mastered = ":hdr10=1:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(40000000,50):max-cll=4000,400";
    assert_eq!(hdr("smpte2084", light.map(pq), mastered), levels);
    // HLG: 75 % is the white of paper (BT.2408), 38 % a grey card.
    let levels = hdr("arib-std-b67", [0.0, 0.1, 0.38, 0.5, 0.75, 0.85, 0.92, 1.0], "");
    assert!(levels.windows(2).all(|pair| pair[1] - pair[0] >= 5.0), "{levels:?}");
    assert!((160.0..=200.0).contains(&levels[4]) && (70.0..=115.0).contains(&levels[2]), "{levels:?}");
}

#[test]
fn ten_bits_become_eight_by_dither_and_not_by_steps() {
    // A slope so shallow that each of the ten levels of 8 bits is 32 columns wide.
    let bench = Bench::new();
    let slope = "geq=lum='400+X/8':cb=512:cr=512";
    let made = bench.input("made.mp4");
    outside::ffmpeg(
        &format!(
            "-f lavfi -i color=s=320x180:r=25:d=0.4,format=yuv420p10le,{slope} {X264} -colorspace bt709 -color_range tv"
        ),
        &made,
    );
    fs::rename(made, bench.input("source")).unwrap();
    let mut ladders = ladders([180, 90], 0);
    ladders.rungs.values_mut().for_each(|rung| (rung.crf, rung.max_bitrate_kbps) = (1.0, 20_000));
    let finished = bench.finish(&ladders, false);
    let planes = outside::planes(&finished.good().file, 4, (320, 180));
    // The mean of a column, of 180 pixels, is the slope itself; by steps it would be off by up to 2 of 10 bits.
    let column = |x: usize| (0..180).map(|y| f64::from(planes[0][y * 320 + x])).sum::<f64>() / 180.0 * 4.0;
    let smooth = |x: usize| (x - 4..x + 4).map(column).sum::<f64>() / 8.0;
    let off: Vec<f64> = (8..312).map(|x| (smooth(x) - (400.0 + (x as f64 - 0.5) / 8.0)).abs()).collect();
    let worst = off.iter().copied().fold(0.0, f64::max);
    assert!(worst < 1.0, "off by {worst} of 10 bits");
    assert!(off.iter().sum::<f64>() / (off.len() as f64) < 0.5, "off by {off:?}");
}

/// Pixels at which a line differs from both its neighbours in the same direction, of a thousand.
fn combed(file: &Path, frame: u64) -> f64 {
    let plane = &outside::planes(file, frame, (320, 180))[0];
    let at = |x: usize, y: usize| i32::from(plane[y * 320 + x]);
    let is = |x: usize, y: usize| {
        let (above, below) = (at(x, y) - at(x, y - 1), at(x, y) - at(x, y + 1));
        above.signum() == below.signum() && above.abs().min(below.abs()) > 30
    };
    let count = (1..179).flat_map(|y| (0..320).map(move |x| (x, y))).filter(|(x, y)| is(*x, *y)).count();
    count as f64 * 1000.0 / (320.0 * 178.0)
}

#[test]
fn fields_become_whole_frames_without_a_comb_in_what_moves() {
    for (order, weave, top) in
        [(FieldOrder::TopFirst, "interleave_top", 1), (FieldOrder::BottomFirst, "interleave_bottom", 0)]
    {
        // Upright bars that move by 4 pixels from field to field.
        let bars = "color=black:s=320x180:r=50:d=1,geq=lum='if(lt(mod(X+4*N\\,64)\\,32)\\,200\\,40)':cb=128:cr=128";
        let (bench, finished) = finished_of(&format!(
            "-f lavfi -i {bars},format=yuv420p,tinterlace={weave} -c:v libx264 -preset superfast -qp 4 -flags +ildct+ilme \
             -top {top} -colorspace bt709"
        ));
        assert_eq!((finished.source.video.field_order, finished.plan.picture.frames), (order, 25));
        let before = combed(&bench.input("source"), 12);
        let after = combed(&finished.good().file, 12);
        assert!(before > 20.0, "the source has no comb: {before}");
        assert!(after < before / 50.0, "{order:?}: {after} of {before} are left");
    }
}

#[test]
fn fields_among_whole_frames_become_whole_and_the_others_stay_as_they_are() {
    let bench = Bench::new();
    let bars = "geq=lum='if(lt(mod(X+4*N\\,64)\\,32)\\,200\\,40)':cb=128:cr=128,format=yuv420p";
    let codec = "-c:v libx264 -preset superfast -qp 4 -flags +ildct+ilme -colorspace bt709";
    let [whole, fields, made] = ["whole.ts", "fields.ts", "made.mp4"].map(|name| bench.input(name));
    outside::ffmpeg(
        &format!(
            "-f lavfi -i color=black:s=320x180:r=25:d=2,{bars},setfield=prog {}",
            codec.replace("-flags +ildct+ilme", "")
        ),
        &whole,
    );
    outside::ffmpeg(
        &format!("-f lavfi -i color=black:s=320x180:r=50:d=1,{bars},tinterlace=interleave_top {codec} -top 1"),
        &fields,
    );
    outside::ffmpeg(&format!("-i concat:{}|{} -c copy", whole.display(), fields.display()), &made);
    fs::rename(made, bench.input("source")).unwrap();
    let finished = bench.finish(&ladders([180, 90], 0), true);
    assert_eq!((finished.source.video.field_order, finished.source.video.uniform), (FieldOrder::TopFirst, false));
    let (source, made) = (bench.input("source"), &finished.good().file);
    assert!(
        combed(&source, 62) > 20.0 && combed(made, 62) < 1.0,
        "{} became {}",
        combed(&source, 62),
        combed(made, 62)
    );
    let [before, after] = [&source, made].map(|file| outside::planes(file, 24, (320, 180))[0].clone());
    let off: u64 = before.iter().zip(&after).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!(off / (before.len() as u64) < 3, "a whole frame differs by {off} levels in all");
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
