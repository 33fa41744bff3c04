//! Where decoding may begin: films whose marks of key frames are wrong, or whose key frames are open. Segments that are cut in the middle
//! show the right pictures all the same, and quality control has a reference that it can trust.
use std::path::Path;

use media::protocol::{Expected, Job, Limits, Mezzanine, QcReport, SegmentReport};
use media::synth::{Clip, make, pictures};
use pipeline::media_info::Ratio;
use pipeline::rendition::{Picture, QcOutcome, Segment};

use crate::support::boxes::{change, track};
use crate::support::patch::Boxes;
use crate::support::planned::ladders;
use crate::support::{Bench, Wish, done, outside, picture};

/// Ticks of a picture: ffmpeg counts 25 pictures a second in 1/12800 s.
const TICKS: i64 = 512;
const H264: &str = "-c:v libx264 -preset veryfast -crf 16 -x264-params scenecut=0:bframes=2:keyint";
const HEVC: &str =
    "-tag:v hvc1 -c:v libx265 -preset ultrafast -x265-params log-level=error:crf=18:scenecut=0:bframes=2:keyint";

/// Ten seconds of numbered pictures, encoded by ffmpeg with `coding`. Unless `marked`, every picture counts as a key frame.
fn film(coding: &str, marked: bool) -> Bench {
    let bench = Bench::new();
    let (plain, coded) = (bench.input("plain.mp4"), bench.input("coded.mp4"));
    make(&plain, &Clip { duration_ms: 10_000, ..Clip::default() }).unwrap();
    let tags = "-colorspace bt709 -color_primaries bt709 -color_trc bt709";
    outside::ffmpeg(&format!("-i {} {coding} {tags} -c:a copy", plain.display()), &coded);
    let mut boxes = Boxes::read(&coded);
    if !marked {
        // By ISO/IEC 14496-12, 8.6.2 every sample is a key frame then.
        boxes.free("moov/trak/mdia/minf/stbl/stss");
    }
    boxes.write(&bench.input("source"));
    bench
}

fn numbers(file: &Path) -> Vec<u64> {
    pictures(file).unwrap().iter().map(|shown| shown.number).collect()
}

/// Renders it in segments of three seconds, and expects every picture in its place. Gives the entry points.
fn renders_all(bench: &Bench, name: &str) -> Option<Vec<i64>> {
    let finished = bench.finish(&ladders([180, 90], 3), false);
    assert!(finished.plan.segments.len() >= 3, "{name}: {:?}", finished.plan.segments);
    finished.good();
    for rendition in &finished.renditions {
        assert_eq!(numbers(&rendition.file), (0..250).collect::<Vec<_>>(), "{name}");
    }
    finished.source.video.entry_points
}

#[test]
fn pictures_that_are_falsely_marked_as_key_frames_are_no_beginnings() {
    // A key frame each 5 s, and only the first one. Of H.264 libav's parser tells the true ones from the bitstream, so that its packets
    // are marked rightly; its index has the file's marks with both codecs.
    for (coding, name, is_marked) in [(HEVC, "hevc", true), (H264, "h264", false)] {
        let bench = film(&format!("{coding}=125:min-keyint=125"), false);
        assert_eq!(renders_all(&bench, name), is_marked.then(|| vec![0, 125 * TICKS]), "{name}");
        let video = bench.probe("source").video;
        assert_eq!((video.max_key_frame_interval_ms, video.key_frame_pace_frames), (5000, 125), "{name}");
        let bench = film(&format!("{coding}=250:min-keyint=250"), false);
        assert_eq!(renders_all(&bench, name), is_marked.then(|| vec![0]), "{name}");
    }
}

#[test]
fn a_film_whose_first_picture_is_not_marked_is_read_from_there_all_the_same() {
    for (coding, name) in [(HEVC, "hevc"), (H264, "h264")] {
        let bench = film(&format!("{coding}=125:min-keyint=125"), true);
        // Only the key frame in the middle is marked: a seek to before it leads nowhere.
        change(&bench.input("source"), |moov, _| {
            track(moov, b"vide").at("mdia/minf/stbl/stss").set_rows(8, &[[126]]);
        });
        renders_all(&bench, name);
    }
}

#[test]
fn true_marks_are_believed_once_they_were_tried_in_closed_and_in_open_gops() {
    for (coding, name) in [(H264, "h264"), (HEVC, "hevc")] {
        for open in ["", ":open-gop=1"] {
            let bench = film(&format!("{coding}=50:min-keyint=50{open}"), true);
            assert_eq!(renders_all(&bench, name), None, "{name}{open}");
        }
    }
}

#[test]
fn a_picture_that_is_refreshed_bit_by_bit_is_decoded_from_the_beginning() {
    // Each second an intra refresh begins, which is marked as a key frame and complete only a second later.
    let bench = film(&format!("{H264}=25:intra-refresh=1"), true);
    assert_eq!(renders_all(&bench, "refresh"), Some(vec![0]));
}

#[test]
fn a_copy_of_a_film_with_false_marks_has_the_true_ones() {
    // Its true key frames lie where a copy needs them.
    let bench = film(&format!("{H264}=25:min-keyint=25"), false);
    let finished = bench.finish(&ladders([180, 90], 3), true);
    let copy = &finished.renditions[0];
    assert!(copy.planned.because[0].en.contains("copied"), "{:?}", copy.planned.because);
    let marked = outside::key_marks(&copy.file);
    assert_eq!(marked.len(), 250);
    assert!(marked.iter().enumerate().all(|(place, key)| *key == (place % 25 == 0)), "{marked:?}");
}

#[test]
fn a_segment_of_an_older_plan_finds_the_right_pictures_by_itself() {
    for (coding, name) in [(HEVC, "hevc"), (H264, "h264")] {
        for keyint in [125, 250] {
            let bench = film(&format!("{coding}={keyint}:min-keyint={keyint}"), false);
            let picture = Picture { entry_points: None, ..picture(&bench.probe("source"), None) };
            let segment = Segment { index: 1, first_frame: 100, frames: 75 };
            let encodes = vec![Wish::size(320, 180).video];
            let job = Job::EncodeSegment { file: "source".into(), picture, segment, warm_up: true, encodes };
            let report: SegmentReport = done(bench.run(job, Limits::encode_segment()));
            let made = bench.output(&report.encodes[0].file);
            assert_eq!(numbers(&made), (100..175).collect::<Vec<_>>(), "{name} {keyint}");
        }
    }
}

/// Quality control of `file`, of 250 pictures, beside the source.
fn qc(bench: &Bench, file: &str, entry_points: Option<Vec<i64>>) -> QcReport {
    let source = bench.probe("source");
    let picture = Picture { entry_points, ..picture(&source, None) };
    let frame_rate = Ratio::new(25, 1);
    let expected = Expected { width: 320, height: 180, frames: 250, frame_rate, video: None, audio: None, aigc: None };
    bench.qc_beside(file, expected, &source, Some(Mezzanine { file: "source".into(), picture }))
}

#[test]
fn a_rendition_of_rubble_is_parked_by_quality_control() {
    let bench = film(&format!("{HEVC}=125:min-keyint=125"), false);
    // The output of a program that trusts the marks: it begins in the middle of the first 5 s.
    let source = bench.input("source");
    let tags = "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv -pix_fmt yuv420p";
    let coding =
        format!("{tags} -c:v libx264 -preset veryfast -crf 12 -bf 0 -g 25 -an -movflags +faststart -fflags +bitexact");
    let source = source.display();
    let joined = format!(
        "-t 2 -f mp4 -i {source} -ss 2 -f mp4 -i {source} -filter_complex \
         [0:v][1:v]concat=n=2:v=1,setsar=1,tpad=stop_mode=clone:stop=9 -frames:v 250 {coding}"
    );
    outside::ffmpeg(&joined, &bench.input("rubble.mp4"));
    outside::ffmpeg(&format!("-f mp4 -i {source} {coding}"), &bench.input("whole.mp4"));
    let read = numbers(&bench.input("rubble.mp4"));
    let wrong = read.iter().zip(0..).filter(|(number, place)| **number != *place).count();
    assert!(read.len() == 250 && wrong > 20, "{wrong} of {} pictures are rubble", read.len());
    let entry_points = bench.probe("source").video.entry_points;
    // With the points that the probe proved, and with what an older plan knows.
    for entry_points in [entry_points, None] {
        let row = |file: &str| {
            let report = qc(&bench, file, entry_points.clone());
            let row = report.checks.iter().find(|check| check.check == "source_frames").unwrap();
            (report.pass, row.clone())
        };
        let (pass, rubble) = row("rubble.mp4");
        assert!(!pass && rubble.outcome != QcOutcome::Pass, "{rubble:?}");
        let (_, whole) = row("whole.mp4");
        assert_eq!(whole.outcome, QcOutcome::Pass, "{whole:?}");
    }
}
