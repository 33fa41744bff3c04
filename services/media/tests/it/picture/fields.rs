//! Interlaced pictures.
use std::fs;
use std::path::Path;

use pipeline::media_info::FieldOrder;

use super::finished_of;
use crate::support::planned::ladders;
use crate::support::{Bench, outside};

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
