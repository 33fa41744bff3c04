//! A directory with one work, and the jobs on it: from the source to a checked rendition.
use std::fs;
use std::path::PathBuf;

use media::protocol::{
    AssembleReport, AudioReport, CoversReport, Expected, Job, Limits, Line, Mezzanine, PictureInput, ProbeReport,
    QcReport, SegmentInput, SegmentReport,
};
use pipeline::media_info::{MediaInfo, Outline};
use pipeline::rejection::Rejection;
use tempfile::TempDir;

use super::child::{done, run};
use super::wish::{Rendered, Wish, audio, cut, picture};

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
