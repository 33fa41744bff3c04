//! Bad sources: cut, out of step, with time stamps that jump, with edit lists. Each comes out as players show it, frame for frame
//! and beep for beep, or is refused with its reason. ffmpeg's own programs make them and say what is shown.
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::planned::{Finished, ladders};
use crate::support::{Bench, outside};
use pipeline::rejection::Rejection;
use pipeline::rendition::VideoSource;

mod clocks;
mod edits;
mod joined;

/// Picture and sound may part by this much, seconds.
const SYNC: f64 = 0.010;

/// A dim moving picture that flashes, and a beep, at 0.4 s of each second: `seconds[0]` of picture, `seconds[1]` of sound.
fn footage(file: &Path, seconds: [f64; 2], options: &str) {
    let now = "lt(mod(t+0.6001\\,1)\\,0.1)";
    let [picture, sound] = seconds;
    let input = format!(
        "-f lavfi -i testsrc2=size=160x90:rate=25:duration={picture},colorlevels=romax=0.3:gomax=0.3:bomax=0.3,format=yuv420p,\
         drawbox=color=white:t=fill:enable='{now}' \
         -f lavfi -i aevalsrc='0.4*sin(2*PI*1000*t)*{now}|0.4*sin(2*PI*1000*t)*{now}':s=48000:d={sound}:c=stereo \
         -c:v libx264 -preset superfast -g 25 -sc_threshold 0 -c:a aac -b:a 128k -colorspace bt709 -color_primaries bt709 -color_trc bt709 {options}"
    );
    outside::ffmpeg(&input, file);
}

/// A bench on which `make` has made the source.
fn bench(make: impl FnOnce(&Path)) -> Bench {
    let bench = Bench::new();
    make(&bench.input("source"));
    bench
}

/// A source that ffmpeg writes as `from` with `options`, then changes by `change` without encoding.
fn changed(from: &str, options: &str, change: &str) -> Bench {
    changed_of(4.0, from, options, change)
}

/// The same, of a length in seconds.
fn changed_of(seconds: f64, from: &str, options: &str, change: &str) -> Bench {
    bench(|source| {
        let plain = source.with_file_name(format!("plain.{from}"));
        footage(&plain, [seconds, seconds], options);
        let made = source.with_file_name(format!("changed.{from}"));
        outside::ffmpeg(&format!("-i {} {change}", plain.display()), &made);
        fs::rename(made, source).unwrap();
    })
}

fn named(source: &Path, suffix: &str, make: impl FnOnce(&Path)) {
    let made = source.with_file_name(format!("made.{suffix}"));
    make(&made);
    fs::rename(made, source).unwrap();
}

fn finish(bench: &Bench) -> Finished {
    bench.finish(&ladders([90, 46], 0), false)
}

/// Flashes and beeps of the first finished file.
fn onsets(finished: &Finished) -> [Vec<f64>; 2] {
    let file = &finished.good().file;
    [outside::flashes(file, finished.rate()), outside::beeps(file)]
}

fn assert_near(is: &[f64], should: &[f64]) {
    assert_eq!(is.len(), should.len(), "{is:?} instead of {should:?}");
    assert!(is.iter().zip(should).all(|(is, should)| (is - should).abs() <= SYNC), "{is:?} instead of {should:?}");
}

#[test]
fn sound_that_outlasts_the_picture_is_played_to_its_end_over_the_last_picture() {
    let bench = bench(|source| named(source, "mp4", |file| footage(file, [2.0, 8.0], "")));
    let finished = bench.finish(&ladders([90, 46], 3), true);
    assert_eq!(finished.plan.picture.frames, 200);
    assert!(finished.plan.segments.len() > 1, "a segment lies wholly behind the last picture");
    assert!(finished.plan.renditions.iter().all(|rendition| rendition.video != VideoSource::Copied));
    let [flashes, beeps] = onsets(&finished);
    assert_near(&flashes, &[0.4, 1.4]);
    assert_near(&beeps, &[0.4, 1.4, 2.4, 3.4, 4.4, 5.4, 6.4, 7.4]);
    assert_eq!(finished.source.video.frozen.last().map(|still| (still.start_ms, still.end_ms / 100)), Some((2000, 80)));
    let why = finished.renditions[0].planned.because.iter().any(|because| because.en.contains("the sound plays on"));
    assert!(why, "{:?}", finished.renditions[0].planned.because);
}

#[test]
fn a_picture_that_outlasts_the_sound_ends_in_silence() {
    let bench = bench(|source| named(source, "mp4", |file| footage(file, [4.0, 2.0], "")));
    let finished = finish(&bench);
    assert_eq!(finished.plan.picture.frames, 100);
    let [flashes, beeps] = onsets(&finished);
    assert_near(&flashes, &[0.4, 1.4, 2.4, 3.4]);
    assert_near(&beeps, &[0.4, 1.4]);
}

#[test]
fn what_begins_much_later_than_the_other_loses_nothing_of_either() {
    let shifted = |which: &str| {
        bench(|source| {
            let plain = source.with_file_name("plain.mp4");
            footage(&plain, [3.0, 3.0], "");
            let (early, late) = if which == "v" { ("1:a", "0:v") } else { ("1:v", "0:a") };
            let plain = plain.display();
            named(source, "mp4", |file| {
                outside::ffmpeg(&format!("-itsoffset 2 -i {plain} -i {plain} -map {late} -map {early} -c copy"), file);
            });
        })
    };
    // An initial empty edit of the picture: its first frame stands until its time comes.
    let bench = shifted("v");
    let late_picture = bench.finish(&ladders([90, 46], 2), true);
    assert_eq!((late_picture.plan.picture.frames, late_picture.plan.picture.lead_frames), (125, 50));
    let [flashes, beeps] = onsets(&late_picture);
    assert_near(&flashes, &[2.4, 3.4, 4.4]);
    assert_near(&beeps, &[0.4, 1.4, 2.4]);
    let bench = shifted("a");
    let late_sound = finish(&bench);
    assert_eq!(late_sound.plan.picture.frames, 125);
    let [flashes, beeps] = onsets(&late_sound);
    assert_near(&flashes, &[0.4, 1.4, 2.4]);
    assert_near(&beeps, &[2.4, 3.4, 4.4]);
}

#[test]
fn without_its_first_key_frame_a_picture_begins_at_the_next_with_all_sound() {
    for format in ["mp4", "mkv", "ts"] {
        // The first of four key frames is lost: 1 s.
        let bench = changed(format, "", "-c copy -bsf:v noise=drop='eq(n\\,0)' -copyinkf");
        let shown = outside::frames(&bench.input("source"));
        assert_eq!(shown, 75, "{format}");
        let finished = finish(&bench);
        assert_eq!(finished.source.video.frames, shown, "{format}");
        // Matroska and transport streams begin with 21 ms of sound alone.
        assert!((100..=101).contains(&finished.plan.picture.frames), "{format}: {:?}", finished.plan.picture);
        let [flashes, beeps] = onsets(&finished);
        assert_near(&[&beeps[..1], &flashes].concat(), &beeps);
        assert_eq!(beeps.len(), 4, "{format}: {beeps:?}");
    }
}

#[test]
fn a_hole_in_time_is_a_still_and_a_silence() {
    let later = |stream| {
        format!("-bsf:{stream} setts=pts='PTS+if(gte(PTS*TB\\,2)\\,3/TB\\,0)':dts='DTS+if(gte(PTS*TB\\,2)\\,3/TB\\,0)'")
    };
    for format in ["mp4", "mkv"] {
        let bench = changed(format, "-bf 0", &format!("-c copy {} {}", later("v"), later("a")));
        let finished = finish(&bench);
        assert_eq!(finished.plan.picture.frames, 175, "{format}");
        let [flashes, beeps] = onsets(&finished);
        assert_near(&flashes, &[0.4, 1.4, 5.4, 6.4]);
        assert_near(&beeps, &[0.4, 1.4, 5.4, 6.4]);
    }
}

#[test]
fn sound_behind_a_hole_is_heard_to_its_end_though_the_picture_is_over() {
    for format in ["mp4", "mkv"] {
        let bench = bench(|source| {
            let plain = source.with_file_name(format!("plain.{format}"));
            footage(&plain, [4.0, 6.0], "");
            let later = "setts=pts='PTS+if(gte(PTS*TB\\,3)\\,3/TB\\,0)':dts='DTS+if(gte(PTS*TB\\,3)\\,3/TB\\,0)'";
            named(source, format, |file| {
                outside::ffmpeg(&format!("-i {} -c copy -bsf:a {later}", plain.display()), file)
            });
        });
        let finished = finish(&bench);
        assert_eq!(finished.plan.picture.frames, 225, "{format}");
        let [flashes, beeps] = onsets(&finished);
        assert_near(&flashes, &[0.4, 1.4, 2.4, 3.4]);
        assert_near(&beeps, &[0.4, 1.4, 2.4, 6.4, 7.4, 8.4]);
        let silent = &finished.source.audio.as_ref().unwrap().silent;
        assert!(silent.iter().any(|it| it.start_ms < 3000 && it.end_ms > 6000), "{format}: {silent:?}");
    }
}

#[test]
fn a_picture_that_stays_for_long_is_a_still_in_the_source_too() {
    // Three slides of 6 s.
    let slides = "-f lavfi -i testsrc2=size=160x90:rate=25:duration=0.12,setpts=N*6/TB -f lavfi -i sine=f=440:r=48000:d=18 \
                  -vsync vfr -c:v libx264 -preset superfast -pix_fmt yuv420p -c:a aac -t 18 -colorspace bt709";
    let bench = bench(|source| named(source, "mkv", |file| outside::ffmpeg(slides, file)));
    let finished = finish(&bench);
    let frozen: u64 = finished.source.video.frozen.iter().map(|still| still.end_ms - still.start_ms).sum();
    assert!(frozen >= 12_000, "{:?}", finished.source.video.frozen);
    finished.good();
}

#[test]
fn grain_that_an_encode_smooths_away_is_no_new_still() {
    let grain = "-f lavfi -i smptebars=size=160x90:rate=25:duration=14,noise=alls=2:allf=t -f lavfi -i sine=f=440:r=48000:d=14 \
                 -c:v libx264 -preset superfast -qp 4 -pix_fmt yuv420p -c:a aac -colorspace bt709";
    let bench = bench(|source| named(source, "mp4", |file| outside::ffmpeg(grain, file)));
    let mut ladders = ladders([90, 46], 0);
    ladders.rungs.values_mut().for_each(|rung| rung.crf = 26.0);
    let finished = bench.finish(&ladders, false);
    assert!(finished.source.video.frozen.is_empty(), "{:?}", finished.source.video.frozen);
    let frozen = &finished.good().qc.info.video.frozen;
    assert!(!frozen.is_empty(), "the encode kept the grain, and nothing was tried");
}

#[test]
fn a_file_whose_end_is_missing_is_refused_in_every_format_that_can_tell() {
    let cut = |bytes: &[u8]| {
        let bench = Bench::new();
        fs::write(bench.input("source"), bytes).unwrap();
        bench.refused("source")
    };
    let whole = |suffix: &str, options: &str| {
        let bench = bench(|source| named(source, suffix, |file| footage(file, [4.0, 4.0], options)));
        fs::read(bench.input("source")).unwrap()
    };
    let mut files = vec![
        whole("mp4", "-movflags +faststart"),
        whole("mp4", "-movflags +frag_keyframe+empty_moov"),
        whole("mkv", ""),
        whole("avi", ""),
    ];
    // A box of media that reaches "to the end": only the index tells that the end is missing.
    let mut endless = files[0].clone();
    let at = endless.windows(4).position(|window| window == b"mdat").unwrap() - 4;
    endless[at..at + 4].fill(0);
    files.push(endless);
    for (number, file) in files.iter().enumerate() {
        let rejection = cut(&file[..file.len() * 6 / 10]);
        assert!(matches!(rejection, Rejection::Damaged { .. }), "{number}: {rejection:?}");
    }
    // A transport stream ends wherever it ends; what is there is there.
    let stream = whole("ts", "");
    let bench = Bench::new();
    fs::write(bench.input("source"), &stream[..stream.len() / 2]).unwrap();
    let shown = outside::frames(&bench.input("source"));
    assert_eq!(bench.probe("source").video.frames, shown);
}

#[test]
fn tracks_of_no_length_are_no_tracks() {
    // A sound of no samples is no sound; the picture is whole.
    let bench = changed("mp4", "", "-c copy -bsf:a noise=drop=1");
    let finished = finish(&bench);
    assert_eq!((finished.source.audio.is_none(), finished.source.video.frames), (true, 100));
    assert!(finished.renditions[0].qc.info.audio.is_some(), "a silent track where one is wanted");
    // A picture of no frames is none.
    let bench = changed("mp4", "", "-c copy -bsf:v noise=drop=1");
    let rejection = bench.refused("source");
    assert!(matches!(rejection, Rejection::NoVideo | Rejection::Damaged { .. }), "{rejection:?}");
}

#[test]
fn a_picture_that_changes_its_size_is_refused_in_every_format() {
    for format in ["mkv", "ts"] {
        let bench = bench(|source| {
            let part = |size: &str| {
                let file: PathBuf = source.with_file_name(format!("{size}.ts"));
                let input =
                    format!("-f lavfi -i testsrc2=size={size}:rate=25:duration=1 -c:v libx264 -preset superfast");
                outside::ffmpeg(&format!("{input} -pix_fmt yuv420p"), &file);
                fs::read(file).unwrap()
            };
            let joined = source.with_file_name("joined.ts");
            fs::write(&joined, [part("160x90"), part("128x72")].concat()).unwrap();
            named(source, format, |file| outside::ffmpeg(&format!("-i {} -c copy", joined.display()), file));
        });
        let what = "picture_size".to_owned();
        assert_eq!(bench.refused("source"), Rejection::ChangesMidway { what }, "{format}");
    }
}
