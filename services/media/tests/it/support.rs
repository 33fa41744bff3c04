//! Runs real, sandboxed children as the service does, and makes a whole rendition with them.
#![allow(unreachable_pub, dead_code, reason = "each file of tests takes what it needs")]
pub mod boxes;
pub mod outside;
pub mod patch;
pub mod planned;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use media::protocol::{
    AssembleReport, AudioReport, CoverWish, CoversReport, Expected, Job, Limits, Line, Mezzanine, PictureInput,
    ProbeReport, QcReport, Request, SegmentInput, SegmentReport,
};
use pipeline::media_info::{MediaInfo, Outline, Ratio};
use pipeline::rejection::Rejection;
use pipeline::rendition::{AudioEncode, Picture, QcOutcome, Segment, VideoEncode};
use serde::de::DeserializeOwned;
use tempfile::TempDir;

/// Everything a child said, in order.
pub fn run(job: Job, limits: Limits, input: Option<&Path>, output: Option<&Path>) -> Vec<Line> {
    let request = Request {
        input_dir: input.map(Into::into),
        output_dir: output.map(Into::into),
        limits,
        allow_missing_landlock: false,
        job,
    };
    speak(&serde_json::to_vec(&request).unwrap())
}

/// Everything a child says in answer to `request`.
pub fn speak(request: &[u8]) -> Vec<Line> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_media-child"))
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // A child that refuses a request stops reading it.
    let _ = child.stdin.take().unwrap().write_all(request);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the child ended with {}", output.status);
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The report of a job that must succeed.
pub fn done<T: DeserializeOwned>(lines: Vec<Line>) -> T {
    let mut last = 0.0;
    for line in &lines[..lines.len() - 1] {
        let part = match line {
            Line::Progress(part) => part,
            other => panic!("{other:?} before the end"),
        };
        assert!((last..=1.0).contains(part), "progress fell from {last} to {part}");
        last = *part;
    }
    let Some(Line::Done(report)) = lines.last() else { panic!("{lines:?}") };
    serde_json::from_value(report.clone()).unwrap()
}

/// A directory for one work: `in` holds the source and what the next job reads, `out` what jobs write.
pub struct Bench {
    dir: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("in")).unwrap();
        fs::create_dir(dir.path().join("out")).unwrap();
        Self { dir }
    }

    pub fn input(&self, name: &str) -> PathBuf {
        self.dir.path().join("in").join(name)
    }

    pub fn output(&self, name: &str) -> PathBuf {
        self.dir.path().join("out").join(name)
    }

    /// Runs a job on the bench.
    pub fn run(&self, job: Job, limits: Limits) -> Vec<Line> {
        run(job, limits, Some(&self.dir.path().join("in")), Some(&self.dir.path().join("out")))
    }

    pub fn probe(&self, name: &str) -> MediaInfo {
        self.report(name).media_info
    }

    /// All that the probe says, without a preview.
    pub fn report(&self, name: &str) -> ProbeReport {
        done(run(Job::Probe { file: name.into() }, Limits::probe(), Some(&self.dir.path().join("in")), None))
    }

    /// Probes `name` and leaves its preview among the outputs.
    pub fn preview(&self, name: &str) -> MediaInfo {
        done::<ProbeReport>(self.run(Job::Probe { file: name.into() }, Limits::preview())).media_info
    }

    /// What the headers of `name` say.
    pub fn outline(&self, name: &str) -> Option<Outline> {
        let job = Job::Outline { file: name.into() };
        let lines = run(job, Limits::outline(), Some(&self.dir.path().join("in")), None);
        if matches!(lines.last(), Some(Line::Rejected(_))) { None } else { done(lines) }
    }

    /// The rejection that `name` ends with.
    pub fn refused(&self, name: &str) -> Rejection {
        let lines = run(Job::Probe { file: name.into() }, Limits::probe(), Some(&self.dir.path().join("in")), None);
        match lines.last() {
            Some(Line::Rejected(rejection)) => rejection.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// What the probe says of `name`, or what it refuses it with.
    pub fn judged(&self, name: &str) -> Result<MediaInfo, Rejection> {
        let lines = run(Job::Probe { file: name.into() }, Limits::probe(), Some(&self.dir.path().join("in")), None);
        match lines.last() {
            Some(Line::Rejected(rejection)) => Err(rejection.clone()),
            _ => Ok(done::<ProbeReport>(lines).media_info),
        }
    }

    /// Hands what a job made to the next one.
    pub fn hand_on(&self, name: &str, under: &str) {
        fs::rename(self.output(name), self.input(under)).unwrap();
    }

    /// Encodes `source` in segments of `segment_frames`, with sound, assembles `done.mp4` and `cover.jpg`, and checks it.
    pub fn render(&self, wish: &Wish) -> Rendered {
        let info = self.probe("source");
        let picture = picture(&info, wish.rate);
        let video = wish.video.clone();
        let mut segments = Vec::new();
        for segment in cut(picture.frames, wish.segment_frames) {
            let job = Job::EncodeSegment {
                file: "source".into(),
                picture: picture.clone(),
                segment,
                warm_up: true,
                encodes: vec![video.clone()],
            };
            let report: SegmentReport = done(self.run(job, Limits::encode_segment()));
            let made = &report.encodes[0];
            assert_eq!((made.frames, &made.id), (segment.frames, &video.id));
            let name = format!("segment-{}", segment.index);
            self.hand_on(&made.file, &name);
            segments.push(SegmentInput { file: name, segment, buffer_start: video.buffer_start });
        }
        let audio = audio(&info);
        let job = Job::EncodeAudio {
            file: "source".into(),
            picture_start_ms: info.video.start_ms,
            frames: picture.frames,
            frame_rate: picture.frame_rate,
            encodes: vec![audio.clone()],
        };
        let sound: AudioReport = done(self.run(job, Limits::encode_audio()));
        self.hand_on(&sound.encodes[0].file, "sound");
        let job = Job::Assemble {
            picture: PictureInput::Joined { encode: video.clone(), frame_rate: picture.frame_rate, segments },
            sound: Some("sound".into()),
            aigc: info.aigc.clone(),
            output: "done.mp4".into(),
        };
        let assembled: AssembleReport = done(self.run(job, Limits::assemble()));
        self.hand_on("done.mp4", "done.mp4");
        let job = Job::Covers {
            file: "done.mp4".into(),
            duration_ms: assembled.duration_ms,
            whole: "cover.jpg".into(),
            covers: wish.covers.clone(),
            moments_ms: wish.cover_candidates_ms.clone(),
        };
        let covers: CoversReport = done(self.run(job, Limits::covers()));
        let expected = Expected {
            width: video.width,
            height: video.height,
            frames: picture.frames,
            frame_rate: picture.frame_rate,
            video: Some(video),
            audio: Some(audio),
            aigc: info.aigc.clone(),
        };
        let mezzanine = Some(Mezzanine { file: "source".into(), picture: picture.clone() });
        let qc = self.qc_beside("done.mp4", expected, &info, mezzanine);
        Rendered { source: info, picture, sound, assembled, covers, qc }
    }

    /// Quality control without a look at the source's frames.
    pub fn qc(&self, name: &str, expected: Expected, source: &MediaInfo) -> QcReport {
        self.qc_beside(name, expected, source, None)
    }

    pub fn qc_beside(
        &self,
        name: &str,
        expected: Expected,
        source: &MediaInfo,
        mezzanine: Option<Mezzanine>,
    ) -> QcReport {
        let job = Job::Qc { file: name.into(), expected, source: Box::new(source.clone()), mezzanine, stills: 3 };
        done(self.run(job, Limits::qc()))
    }
}

/// What `render` makes.
pub struct Wish {
    pub video: VideoEncode,
    pub segment_frames: u64,
    pub rate: Option<Ratio>,
    pub covers: Vec<CoverWish>,
    pub cover_candidates_ms: Vec<u64>,
}

impl Wish {
    /// One segment of this size.
    pub fn size(width: u32, height: u32) -> Self {
        let video = VideoEncode {
            id: "v1".into(),
            width,
            height,
            crf: 20.0,
            max_bitrate_kbps: 4000,
            buffer_kbit: 4000,
            buffer_start: 0.5,
            gop_frames: 25,
            level: 31,
            preset: "veryfast".into(),
            threads: 1,
        };
        Self { video, segment_frames: u64::MAX, rate: None, covers: vec![], cover_candidates_ms: vec![] }
    }
}

/// What `render` made.
pub struct Rendered {
    pub source: MediaInfo,
    pub picture: Picture,
    pub sound: AudioReport,
    pub assembled: AssembleReport,
    pub covers: CoversReport,
    pub qc: QcReport,
}

impl Rendered {
    /// Every check passed.
    pub fn assert_good(&self) {
        let wrong: Vec<_> = self.qc.checks.iter().filter(|check| check.outcome != QcOutcome::Pass).collect();
        assert!(self.qc.pass && wrong.is_empty(), "{wrong:#?}");
        assert!(self.qc.checks.len() > 20);
    }
}

/// Output frames of a source.
pub fn picture(info: &MediaInfo, rate: Option<Ratio>) -> Picture {
    let video = &info.video;
    let frame_rate = rate.unwrap_or(video.frame_rate);
    Picture {
        stream: video.stream,
        rotation_degrees: video.rotation_degrees,
        mirrored: video.mirrored,
        field_order: video.field_order,
        transfer: video.colour.transfer,
        matrix: video.colour.matrix.clone(),
        full_range: video.colour.full_range,
        frame_rate,
        frames: (video.duration_ms as f64 / 1000.0 * frame_rate.value()).round() as u64,
        lead_frames: 0,
        hold_frames: 0,
        entry_points: video.entry_points.clone(),
    }
}

fn cut(frames: u64, length: u64) -> Vec<Segment> {
    let starts = (0..frames).step_by(usize::try_from(length).unwrap_or(usize::MAX));
    let segment = |(index, first_frame): (usize, u64)| Segment {
        index: index as u32,
        first_frame,
        frames: length.min(frames - first_frame),
    };
    starts.enumerate().map(segment).collect()
}

/// The social rung's sound.
pub fn audio(info: &MediaInfo) -> AudioEncode {
    AudioEncode {
        id: "a1".into(),
        stream: info.audio.as_ref().map(|audio| audio.stream),
        channels: 2,
        sample_rate: 48_000,
        bitrate_kbps: 128,
        loudness_lufs: -15.0,
        loudness_tolerance_lu: 2.0,
        true_peak_dbtp: -2.0,
    }
}

/// Width and height of a JPEG, from its frame header.
pub fn jpeg_size(bytes: &[u8]) -> (u32, u32) {
    let mut at = 2;
    while at + 9 < bytes.len() {
        let pair = |at: usize| u32::from(bytes[at]) << 8 | u32::from(bytes[at + 1]);
        assert_eq!(bytes[at], 0xff, "no marker at {at}");
        if matches!(bytes[at + 1], 0xc0..=0xc2) {
            return (pair(at + 7), pair(at + 5));
        }
        at += 2 + pair(at + 2) as usize;
    }
    panic!("no frame header in a JPEG of {} bytes", bytes.len());
}
