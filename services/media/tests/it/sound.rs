//! What comes out of every kind of sound: on which side each speaker is heard, how loud, how high, and when. ffmpeg makes the
//! sources and measures the results; real children make these as planned.
use std::fs;
use std::path::Path;

use crate::support::planned::{Finished, ladders};
use crate::support::{Bench, outside};
use pipeline::rejection::Rejection;
use pipeline::rendition::VideoSource;

/// Picture and sound may part by this much, seconds.
const SYNC: f64 = 0.010;

/// The clip `made.suffix` by ffmpeg's `args` as the bench's source.
fn bench(suffix: &str, args: &str) -> Bench {
    let bench = Bench::new();
    let made = bench.input(&format!("made.{suffix}"));
    outside::ffmpeg(args, &made);
    fs::rename(made, bench.input("source")).unwrap();
    bench
}

fn finish(bench: &Bench) -> Finished {
    let finished = bench.finish(&ladders([90, 46], 0), false);
    finished.good();
    finished
}

/// A still picture of `seconds` with this sound: what lavfi makes, and its codec.
fn heard(suffix: &str, seconds: u32, sound: &str, codec: &str) -> Bench {
    let picture = format!("-f lavfi -i color=gray:s=160x90:r=25:d={seconds}");
    bench(
        suffix,
        &format!(
            "{picture} -f lavfi -i {sound} -c:v libx264 -preset ultrafast -pix_fmt yuv420p -colorspace bt709 -c:a {codec}"
        ),
    )
}

/// Tones of the speakers: each of its own height, all as loud.
const TONES: [f64; 8] = [400.0, 700.0, 1000.0, 60.0, 1700.0, 2300.0, 3100.0, 3700.0];

fn tones(count: usize) -> String {
    TONES[..count].iter().map(|hertz| format!("0.05*sin(2*PI*{hertz}*t)")).collect::<Vec<_>>().join("|")
}

/// Amplitude of each speaker's tone on the left and on the right, in dB against the left front's on the left.
fn folded(file: &Path, count: usize) -> Vec<[f64; 2]> {
    let [left, right] = outside::stereo(file);
    let middle = |samples: &[f32]| samples[9600..samples.len() - 9600].to_vec();
    let (left, right) = (middle(&left), middle(&right));
    let front = outside::tone(&left, TONES[0]);
    let level = |samples: &[f32], hertz| 20.0 * (outside::tone(samples, hertz) / front).max(1e-6).log10();
    TONES[..count].iter().map(|hertz| [level(&left, *hertz), level(&right, *hertz)]).collect()
}

#[test]
fn speakers_are_folded_to_two_as_bt775_says() {
    const NONE: f64 = -45.0;
    let (left, right, both, quiet) = ([0.0, NONE], [NONE, 0.0], [-3.0, -3.0], [NONE, NONE]);
    let (back_left, back_right) = ([-3.0, NONE], [NONE, -3.0]);
    for (layout, speakers) in [
        ("mono", vec![[0.0, 0.0]]),
        ("5.0", vec![left, right, both, back_left, back_right]),
        ("5.1", vec![left, right, both, quiet, back_left, back_right]),
        ("5.1(side)", vec![left, right, both, quiet, back_left, back_right]),
        ("7.1", vec![left, right, both, quiet, back_left, back_right, back_left, back_right]),
    ] {
        // Tones in the order of the speakers; where there is no bass, the fourth tone is a speaker's.
        let sound = format!("aevalsrc='{}':s=48000:d=2:c={layout}", tones(speakers.len()));
        let bench = heard("mkv", 2, &sound, "pcm_s16le");
        let finished = finish(&bench);
        assert_eq!(finished.source.audio.as_ref().unwrap().channels as usize, speakers.len());
        let is = folded(&finished.good().file, speakers.len());
        for (index, (is, should)) in is.iter().zip(&speakers).enumerate() {
            let near = |is: f64, should: f64| if should == NONE { is < NONE } else { (is - should).abs() < 0.4 };
            assert!(near(is[0], should[0]) && near(is[1], should[1]), "{layout} speaker {index}: {is:.1?} {should:?}");
        }
    }
}

#[test]
fn channels_without_places_are_taken_for_the_usual_ones_or_refused() {
    let unplaced = |count: usize| {
        let channels: Vec<String> = (0..count).map(|channel| format!("c{channel}=c{}", channel % 6)).collect();
        let sound = format!("aevalsrc='{}':s=48000:d=2:c=5.1", tones(6));
        heard("mov", 2, &sound, &format!("pcm_s16le -af pan={count}C|{}", channels.join("|")))
    };
    let bench = unplaced(8);
    assert!(finish(&bench).source.audio.unwrap().layout.contains("8 channels"));
    let refused = unplaced(12).refused("source");
    assert!(
        matches!(&refused, Rejection::UnsupportedCodec { codec } if codec.starts_with("12 channels")),
        "{refused:?}"
    );
}

#[test]
fn loud_sound_is_lowered_without_clipping_and_quiet_sound_raised_within_a_bound() {
    let level = |sound: &str| {
        let bench = heard("mkv", 3, sound, "pcm_f32le");
        let finished = finish(&bench);
        let (loudness, peak) = outside::loudness(&finished.good().file);
        assert!(peak <= -1.9, "{sound}: {peak} dBTP");
        (loudness, finished.sound.encodes[0].gain_db)
    };
    // Five speakers of full scale are 11 dB above it when folded: in floats, none is clipped before the limiter.
    let five = "aevalsrc='sin(440*2*PI*t)|sin(440*2*PI*t)|sin(440*2*PI*t)|0|sin(440*2*PI*t)|sin(440*2*PI*t)':s=48000:d=3:c=5.1";
    let loud = level(five).0;
    assert!((loud + 15.0).abs() <= 0.6, "{loud}");
    for (sound, what) in [
        ("anoisesrc=d=3:a=1:c=white:r=48000:seed=1", "full noise"),
        ("aevalsrc='sgn(sin(2*PI*997*t))':s=48000:d=3", "a square wave"),
        ("aevalsrc='0.02*sin(2*PI*440*t)+0.6*sin(2*PI*3000*t)*lt(mod(t\\,1)\\,0.01)':s=48000:d=3", "peaks over quiet"),
    ] {
        let (loudness, _) = level(sound);
        assert!((loudness + 15.0).abs() <= 2.0, "{what}: {loudness} LUFS");
    }
    // Nearly silent: 24 dB and no more, and quality control knows why it is below the target.
    let (loudness, gain_db) = level("anoisesrc=d=3:a=0.0006:c=white:r=48000:seed=1");
    assert!((gain_db - 24.0).abs() < 0.01 && (-50.0..-40.0).contains(&loudness), "{loudness} LUFS by {gain_db} dB");
    // Clicks cannot be loud: nothing is turned up until they are.
    let (loudness, gain_db) = level("aevalsrc='0.02*lt(mod(t\\,1)\\,0.001)':s=48000:d=3");
    assert!(gain_db <= 24.0 && loudness < -30.0, "{loudness} LUFS by {gain_db} dB");
}

#[test]
fn beats_whose_peaks_the_encoder_raises_come_below_the_ceiling() {
    // Bursts of noise, as of a snare or of hands, on whose onsets AAC puts up to some decibels.
    // The last one has hundreds of them, of which at every try some other is the highest.
    for (slope, period, late, seconds) in [
        (12, "0.33", 0.052, 5),
        (12, "0.2", 0.0, 5),
        (25, "0.33", 0.013, 5),
        (45, "0.5", 0.026, 5),
        (12, "0.2", 0.0, 60),
    ] {
        let burst = |seed: u32, late: f64| format!("(random({seed})*2-1)*0.8*exp(-{slope}*mod(t+{late}\\,{period}))");
        let sound = format!("aevalsrc='{}|{}':s=48000:d={seconds}", burst(0, late), burst(1, 0.0));
        let bench = heard("mov", seconds, &sound, "pcm_s16le");
        let finished = finish(&bench);
        let (loudness, peak) = outside::loudness(&finished.good().file);
        assert!(peak <= -1.9, "{sound}: {peak} dBTP at {loudness} LUFS");
    }
}

#[test]
fn quiet_passages_that_are_turned_down_with_the_rest_are_no_new_silence() {
    // Loud, then eight seconds of a room, for the quiet target of television.
    let room = "if(between(t\\,3\\,11)\\,0.0035*sin(2*PI*300*t)\\,0.5*sin(2*PI*440*t))";
    let bench = heard("mkv", 14, &format!("aevalsrc='{room}':s=48000:d=14"), "pcm_s16le");
    let mut ladders = ladders([90, 46], 0);
    ladders.rungs.values_mut().for_each(|rung| rung.loudness_lufs = -24.0);
    let finished = bench.finish(&ladders, false);
    assert!(finished.source.audio.as_ref().unwrap().silent.is_empty());
    let silent = &finished.good().qc.info.audio.as_ref().unwrap().silent;
    assert!(!silent.is_empty(), "nothing became silence, and nothing was tried");
}

#[test]
fn one_channel_with_a_place_is_heard_on_both_sides() {
    let sound = "aevalsrc='0.2*sin(2*PI*440*t)':s=48000:d=2,pan=1c|c0=c0,aformat=channel_layouts=FL";
    let bench = heard("mov", 2, sound, "pcm_s16le");
    assert!(bench.probe("source").audio.unwrap().layout.contains("FL"));
    bench.preview("source");
    let [left, right] = outside::stereo(&finish(&bench).good().file);
    let level = |samples: &[f32]| outside::tone(&samples[9600..samples.len() - 9600], 440.0);
    assert!(level(&left) > 0.05 && (level(&left) / level(&right) - 1.0).abs() < 0.01);
}

#[test]
fn what_a_rate_cannot_hold_is_not_folded_back_into_what_is_heard() {
    // Tones just below the end of what a rate holds; swresample's own filter leaves them folded at -25 dB.
    for (rate, hertz) in [(44_100, 20_000.0), (32_000, 14_500.0), (96_000, 26_000.0), (22_050, 9_500.0)] {
        let sound = format!("aevalsrc='0.1*sin(2*PI*{hertz}*t)+0.1*sin(2*PI*1000*t)':s={rate}:d=2");
        let bench = heard("mov", 2, &sound, "pcm_s24le");
        let finished = finish(&bench);
        let [left, _] = outside::stereo(&finished.good().file);
        let middle = &left[9600..left.len() - 9600];
        let level = |hertz: f64| 20.0 * (outside::tone(middle, hertz) / outside::tone(middle, 1000.0)).log10();
        let rate = f64::from(rate);
        let image = if rate > 48_000.0 { 48_000.0 - hertz } else { (rate - hertz).min(48_000.0 - (rate - hertz)) };
        // What remains is the AAC encoder's noise.
        assert!(level(image) < -60.0, "{hertz} Hz at {rate} Hz sounds at {image} Hz with {} dB", level(image));
    }
}

/// A picture that flashes and a sound that beeps at 0.4 s of each second.
fn flashing(rate: &str, seconds: u32, sample_rate: u32) -> String {
    drifting(rate, seconds, sample_rate, 1.0)
}

/// The same with a sound whose clock runs slower than it says by the factor `clock`: what lasts a second has fewer samples.
fn drifting(rate: &str, seconds: u32, sample_rate: u32, clock: f64) -> String {
    let now = "lt(mod(t+0.6001\\,1)\\,0.1)";
    let (heard, length) = (now.replace("t+", &format!("t*{clock}+")), f64::from(seconds) / clock);
    format!(
        "-f lavfi -i testsrc2=size=160x90:rate={rate}:duration={seconds},colorlevels=romax=0.3:gomax=0.3:bomax=0.3,format=yuv420p,\
         drawbox=color=white:t=fill:enable='{now}' \
         -f lavfi -i aevalsrc='0.4*sin(2*PI*1000*t)*{heard}':s={sample_rate}:d={length} \
         -c:v libx264 -preset superfast -g 25 -colorspace bt709 -color_primaries bt709 -color_trc bt709"
    )
}

/// Every beep within `SYNC` of its flash, from the beginning to the end, in every finished file.
fn assert_sync(case: &str, finished: &Finished, seconds: usize) {
    for rendition in &finished.renditions {
        let flashes = outside::flashes(&rendition.file, finished.rate());
        let beeps = outside::beeps(&rendition.file);
        assert_eq!((flashes.len(), beeps.len()), (seconds, seconds), "{case}: {flashes:.3?} {beeps:.3?}");
        for (flash, beep) in flashes.iter().zip(&beeps) {
            assert!((flash - beep).abs() <= SYNC, "{case}: flash at {flash}, beep at {beep}");
        }
    }
}

#[test]
fn every_codec_and_container_comes_out_in_sync() {
    for (suffix, sample_rate, codec) in [
        // Priming given by an edit list, by the codec's delay, by the container, and not at all.
        ("mp4", 44_100, "aac"),
        ("mp4", 44_100, "libmp3lame"),
        ("mov", 96_000, "pcm_s24le"),
        ("mkv", 32_000, "aac"),
        ("mkv", 48_000, "libopus"),
        ("mkv", 48_000, "ac3"),
        ("mkv", 44_100, "libvorbis"),
        ("ts", 48_000, "aac"),
    ] {
        let bench = bench(suffix, &format!("{} -c:a {codec}", flashing("25", 4, sample_rate)));
        assert_sync(&format!("{codec} in {suffix}"), &finish(&bench), 4);
    }
}

#[test]
fn broadcast_rates_and_copied_pictures_are_in_sync() {
    // Of 30000/1001 frames a second the tenths of a second are on no grid: half a frame would be 17 ms.
    let flash = "lt(mod(n+18\\,30)\\,3)";
    let beep = "lt(mod(t+0.60061\\,1.001)\\,0.1)";
    let broadcast = format!(
        "-f lavfi -i color=black:s=160x90:r=30000/1001:d=8.008,format=yuv420p,drawbox=color=white:t=fill:enable='{flash}' \
         -f lavfi -i aevalsrc='0.4*sin(2*PI*1000*t)*{beep}':s=48000:d=8.008 -c:v libx264 -preset superfast -c:a aac"
    );
    let bench = bench("mp4", &broadcast);
    assert_sync("29.97", &finish(&bench), 8);
    // A copy keeps the source's own packets, B-frames and edit list; only the sound is new.
    // Flashes are no key frames in it: the smaller file's would lie elsewhere.
    let options = "-sc_threshold 0 -pix_fmt yuv420p -profile:v high -c:a aac";
    let bench = self::bench("mp4", &format!("{} {options}", flashing("25", 4, 44_100)));
    let finished = bench.finish(&ladders([90, 46], 0), true);
    finished.good();
    assert!(finished.renditions.iter().any(|rendition| rendition.planned.video == VideoSource::Copied));
    assert_sync("a copy", &finished, 4);
}

#[test]
fn a_clock_that_drifts_jitters_or_loses_packets_is_followed_to_the_end() {
    for (case, clock, filter) in [
        // A third of a percent slow: 40 ms at the end.
        ("drift", 1.0033, "-bsf:a setts=pts=PTS*1.0033:dts=DTS*1.0033"),
        ("jitter", 1.0, "-bsf:a setts=pts='PTS+mod(N*7\\,9)-4':dts='DTS+mod(N*7\\,9)-4'"),
        // Three packets, 64 ms, between two beeps.
        ("lost", 1.0, "-bsf:a noise=drop='between(n\\,223\\,225)'"),
    ] {
        let bench = Bench::new();
        let (plain, made) = (bench.input("plain.mkv"), bench.input("made.mkv"));
        outside::ffmpeg(&format!("{} -c:a aac", drifting("25", 12, 48_000, clock)), &plain);
        outside::ffmpeg(&format!("-i {} -c copy {filter}", plain.display()), &made);
        fs::rename(made, bench.input("source")).unwrap();
        assert_sync(case, &finish(&bench), 12);
    }
}
