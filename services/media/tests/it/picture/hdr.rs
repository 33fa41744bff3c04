//! High dynamic range and ten bits.
use std::fs;

use super::{X264, finished_of, measured};
use crate::support::planned::ladders;
use crate::support::{Bench, outside};

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
