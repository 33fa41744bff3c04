//! Segments: the same bits wherever they are made, checked when they are joined, and within the cap behind each other.
use crate::support::{Bench, Wish, done, outside};
use media::protocol::{
    AssembleReport, Expected, Job, Limits, Line, Mezzanine, PictureInput, QcReport, SegmentInput, SegmentReport,
};
use media::synth::{Clip, Look, Tone, make, pictures};
use pipeline::media_info::Ratio;
use pipeline::rendition::{QcOutcome, Segment, VideoEncode};

/// Encodes one stretch into `name` of the input directory.
fn encode(bench: &Bench, segment: Segment, video: &VideoEncode, name: &str) {
    encode_from(bench, segment, true, video, name);
}

fn encode_from(bench: &Bench, segment: Segment, warm_up: bool, video: &VideoEncode, name: &str) {
    let picture = crate::support::picture(&bench.probe("source"), None);
    let encodes = vec![video.clone()];
    let job = Job::EncodeSegment { file: "source".into(), picture, segment, warm_up, encodes };
    let report: SegmentReport = done(bench.run(job, Limits::encode_segment()));
    bench.hand_on(&report.encodes[0].file, name);
}

/// Stretches of `frames` each, in order.
fn stretches(frames: u64, count: u32) -> Vec<Segment> {
    (0..count).map(|index| Segment { index, first_frame: u64::from(index) * frames, frames }).collect()
}

fn inputs(segments: &[Segment], starts: &[f64]) -> Vec<SegmentInput> {
    let input = |(segment, start): (&Segment, &f64)| SegmentInput {
        file: format!("segment-{}", segment.index),
        segment: *segment,
        buffer_start: *start,
    };
    segments.iter().zip(starts).map(input).collect()
}

fn join(bench: &Bench, video: &VideoEncode, segments: Vec<SegmentInput>) -> Vec<Line> {
    let frame_rate = bench.probe("source").video.frame_rate;
    let picture = PictureInput::Joined { encode: video.clone(), frame_rate, segments };
    let job = Job::Assemble { picture, sound: None, aigc: None, output: "done.mp4".into() };
    bench.run(job, Limits::assemble())
}

#[test]
fn a_segment_has_the_same_bits_whichever_child_makes_it() {
    let bench = Bench::new();
    make(&bench.input("source"), &Clip { duration_ms: 3000, ..Clip::default() }).unwrap();
    let segment = Segment { index: 1, first_frame: 25, frames: 50 };
    for threads in [1, 3] {
        let mut video = Wish::size(320, 180).video;
        video.threads = threads;
        let bits = |name: &str| {
            encode(&bench, segment, &video, name);
            std::fs::read(bench.input(name)).unwrap()
        };
        assert!(bits("one") == bits("other"), "{threads} threads");
    }
}

#[test]
fn at_a_seam_pictures_are_as_good_as_within_one_piece() {
    let bench = Bench::new();
    outside::ffmpeg(
        "-f lavfi -i mandelbrot=s=320x180:r=25 -t 4 -c:v libx264 -crf 12 -pix_fmt yuv420p -f mp4",
        &bench.input("source"),
    );
    let video = Wish::size(320, 180).video;
    let packets = |segment: Segment, name: &str| {
        encode(&bench, segment, &video, name);
        outside::packets(&bench.input(name))
    };
    let whole = packets(Segment { index: 0, first_frame: 0, frames: 100 }, "whole");
    let [first, second] = stretches(50, 2).try_into().unwrap();
    // At this preset x264 looks ten frames ahead, and it was shown more: bit for bit what one piece begins with.
    assert_eq!(packets(first, "first"), whole[..50]);
    let second = packets(second, "second");
    assert_eq!(second.len(), 50);
    // With the quantiser of a first picture it would be smaller by a quarter.
    let key = second[0].0 as f64 / whole[50].0 as f64;
    assert!((0.95..1.05).contains(&key), "{key}");
}

/// What joining says to two segments of which something is wrong.
fn refused(change: impl FnOnce(&mut Vec<SegmentInput>, &mut VideoEncode)) -> String {
    let bench = Bench::new();
    make(&bench.input("source"), &Clip { tone: Tone::None, ..Clip::default() }).unwrap();
    let segments = stretches(25, 2);
    let video = Wish::size(320, 180).video;
    let (mut joined, mut second) = (inputs(&segments, &[0.5; 2]), video.clone());
    change(&mut joined, &mut second);
    encode(&bench, segments[0], &video, "segment-0");
    encode(&bench, segments[1], &second, "segment-1");
    match join(&bench, &video, joined).pop() {
        Some(Line::Failed(text)) => text,
        Some(Line::Done(report)) => format!("joined: {report}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn segments_that_do_not_belong_together_are_not_joined() {
    assert!(refused(|_, _| ()).starts_with("joined: "), "what is right is joined");
    assert_eq!(refused(|_, second| second.level = 32), "segment 1 has other parameter sets");
    assert_eq!(refused(|_, second| second.width = 318), "segment 1 has other parameter sets");
    assert_eq!(refused(|inputs, _| inputs.swap(0, 1)), "segment 1 does not follow the one before");
    assert_eq!(refused(|inputs, _| inputs[1].segment.frames = 26), "segment 1: has not all of its 26 frames");
    assert_eq!(refused(|inputs, _| inputs[1].segment.frames = 24), "segment 1: has a frame outside its stretch");
}

#[test]
fn only_a_segment_that_breaks_the_cap_is_encoded_again_and_then_none_does() {
    let bench = Bench::new();
    let clip = Clip { look: Look::NoiseFrom(40), tone: Tone::None, duration_ms: 6000, ..Clip::default() };
    make(&bench.input("source"), &clip).unwrap();
    let segments = stretches(50, 3);
    let video = VideoEncode {
        crf: 24.0,
        max_bitrate_kbps: 1500,
        buffer_kbit: 1500,
        buffer_start: 0.9,
        gop_frames: 25,
        ..Wish::size(320, 180).video
    };
    for segment in &segments {
        encode_from(&bench, *segment, false, &video, &format!("segment-{}", segment.index));
    }
    let first = |index| std::fs::read(bench.input(&format!("segment-{index}"))).unwrap();
    let before: Vec<Vec<u8>> = (0..3).map(first).collect();
    let mut starts = [0.9; 3];
    let mut report: AssembleReport = done(join(&bench, &video, inputs(&segments, &starts)));
    assert!(!report.overdrawn.is_empty(), "every segment begins with a full buffer, and none is there");
    assert!(report.overdrawn.iter().all(|found| found.segment > 0 && found.lowest_kbit < 0.0), "{report:?}");
    let broken: Vec<u32> = report.overdrawn.iter().map(|found| found.segment).collect();
    for _ in 0..3 {
        for found in &report.overdrawn {
            let index = found.segment as usize;
            starts[index] = found.held.min(starts[index]) - 0.05;
            let video = VideoEncode { buffer_start: starts[index], ..video.clone() };
            encode_from(&bench, segments[index], false, &video, &format!("segment-{index}"));
        }
        report = done(join(&bench, &video, inputs(&segments, &starts)));
        if report.overdrawn.is_empty() {
            break;
        }
    }
    assert_eq!(report.overdrawn, [], "{starts:?}");
    assert!(broken.iter().all(|segment| report.encoded_again.contains(segment)), "{report:?}");
    for (index, bytes) in before.iter().enumerate() {
        let again = report.encoded_again.contains(&(index as u32));
        assert_eq!(first(index) != *bytes, again, "segment {index}");
    }
    // Quality control pours the whole through the same bucket.
    bench.hand_on("done.mp4", "done.mp4");
    let expected = Expected {
        width: 320,
        height: 180,
        frames: 150,
        frame_rate: Ratio::new(25, 1),
        video: Some(video),
        audio: None,
        aigc: None,
    };
    let qc = compared(&bench, expected, "source");
    let row = |name: &str| qc.checks.iter().find(|check| check.check == name).unwrap();
    let (buffer, frames) = (row("buffer"), row("source_frames"));
    assert_eq!(buffer.outcome, QcOutcome::Pass, "{buffer:?}");
    assert_eq!(frames.outcome, QcOutcome::Pass, "{frames:?}");
    assert!(!buffer.measured.starts_with('-'), "{buffer:?}");
    let numbers: Vec<u64> = pictures(&bench.input("done.mp4")).unwrap().iter().map(|shown| shown.number).collect();
    assert_eq!(numbers, (0..150).collect::<Vec<_>>());
}

/// Quality control of `done.mp4`, beside the source, of whose frames `file` is to be.
fn compared(bench: &Bench, expected: Expected, file: &str) -> QcReport {
    let source = bench.probe("source");
    let mut picture = crate::support::picture(&source, None);
    picture.frames = expected.frames;
    bench.qc_beside("done.mp4", expected, &source, Some(Mezzanine { file: file.into(), picture }))
}

#[test]
fn a_work_of_four_frames_is_compared_with_its_source_too() {
    let bench = Bench::new();
    make(&bench.input("source"), &Clip { tone: Tone::None, duration_ms: 160, ..Clip::default() }).unwrap();
    let video = Wish::size(320, 180).video;
    encode(&bench, Segment { index: 0, first_frame: 0, frames: 4 }, &video, "segment-0");
    let _: AssembleReport = done(join(&bench, &video, inputs(&stretches(4, 1), &[0.5])));
    bench.hand_on("done.mp4", "done.mp4");
    let (width, height, frame_rate) = (video.width, video.height, Ratio::new(25, 1));
    let expected = Expected { width, height, frames: 4, frame_rate, video: Some(video), audio: None, aigc: None };
    let qc = compared(&bench, expected, "source");
    let row = qc.checks.iter().find(|check| check.check == "source_frames").unwrap();
    assert!(row.outcome == QcOutcome::Pass && row.measured.contains("SSIM 0.9"), "{row:?}");
}

#[test]
fn frames_in_place_pass_shifted_ones_fail_and_another_film_is_invalid() {
    let clip = Clip { tone: Tone::None, duration_ms: 4000, ..Clip::default() };
    let check = |first_frame, file: &str, outcome, says: &str| {
        let bench = Bench::new();
        make(&bench.input("source"), &clip).unwrap();
        make(&bench.input("foreign"), &Clip { look: Look::NoiseFrom(0), ..clip.clone() }).unwrap();
        let video = Wish::size(320, 180).video;
        encode(&bench, Segment { index: 0, first_frame, frames: 90 }, &video, "segment-0");
        let _: AssembleReport = done(join(&bench, &video, inputs(&stretches(90, 1), &[0.5])));
        bench.hand_on("done.mp4", "done.mp4");
        let frame_rate = Ratio::new(25, 1);
        let (width, height) = (video.width, video.height);
        let expected = Expected { width, height, frames: 90, frame_rate, video: Some(video), audio: None, aigc: None };
        let qc = compared(&bench, expected, file);
        let row = qc.checks.iter().find(|check| check.check == "source_frames").unwrap();
        assert!(row.outcome == outcome && row.measured.contains(says), "{row:?}");
        // Of what could not be measured nothing is known, so it does not pass either.
        assert_eq!(qc.pass, outcome == QcOutcome::Pass, "{:?}", qc.checks);
    };
    check(0, "source", QcOutcome::Pass, "SSIM 0.9");
    check(2, "source", QcOutcome::Fail, "the source 2 frames later matches better");
    check(0, "foreign", QcOutcome::Invalid, "measurement invalid");
}
