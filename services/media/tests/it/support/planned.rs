//! A source from probe to quality control as the service does it: what the planner says is what is made, all by real children.
#![allow(clippy::unwrap_used, unreachable_pub, dead_code)] // a part of several test programs, none of which uses all of it
use std::path::PathBuf;

use media::protocol::{AudioReport, Expected, Job, Limits, PictureInput, QcReport, SegmentInput, SegmentReport};
use pipeline::catalogue::{Catalogue, Ladders};
use pipeline::media_info::MediaInfo;
use pipeline::planner::plan;
use pipeline::rendition::{Plan, PlannedRendition, QcOutcome, VideoSource};

use super::{Bench, done};

/// What came of a source.
pub struct Finished {
    pub source: MediaInfo,
    pub plan: Plan,
    pub sound: AudioReport,
    /// In the plan's order.
    pub renditions: Vec<Rendition>,
}

/// One finished file.
pub struct Rendition {
    pub planned: PlannedRendition,
    pub file: PathBuf,
    pub qc: QcReport,
}

impl Finished {
    /// The first rendition, after all of them have passed quality control.
    pub fn good(&self) -> &Rendition {
        for rendition in &self.renditions {
            let wrong: Vec<_> = rendition.qc.checks.iter().filter(|check| check.outcome != QcOutcome::Pass).collect();
            assert!(rendition.qc.pass && wrong.is_empty(), "{}: {wrong:#?}", rendition.planned.name);
            assert_eq!(rendition.qc.info.video.frames, self.plan.picture.frames);
        }
        &self.renditions[0]
    }

    /// Frames a second of what was made.
    pub fn rate(&self) -> f64 {
        self.plan.picture.frame_rate.value()
    }
}

/// Two rungs for one partner that takes copies, at a preset that wastes no time.
pub fn ladders(short_sides: [u32; 2], segment_s: u32) -> Ladders {
    let mut ladders = Catalogue::builtin().ladders;
    (ladders.preset, ladders.threads, ladders.gop_s, ladders.segment_s) = ("superfast".into(), 1, 1, segment_s);
    for (name, short_side) in ["social-1080", "web-720"].into_iter().zip(short_sides) {
        let rung = ladders.rungs.get_mut(&name.into()).unwrap();
        (rung.short_side, rung.crf) = (short_side, 14.0);
    }
    ladders
}

impl Bench {
    /// Makes what is planned for `source` with these ladders. `copies` is whether the picture may be passed through.
    pub fn finish(&self, ladders: &Ladders, copies: bool) -> Finished {
        let mut partner =
            Catalogue::builtin().partners().find(|partner| partner.id.as_str() == "bilibili").unwrap().clone();
        partner.rungs = vec!["social-1080".into(), "web-720".into()];
        partner.silent_track = true;
        if !copies {
            partner.passthrough = None;
        }
        let source = self.probe("source");
        let plan = plan(&source, &[&partner], ladders);
        self.encode_segments(&plan);
        let job = Job::EncodeAudio {
            file: "source".into(),
            picture_start_ms: plan.picture.output_start_ms(source.video.start_ms),
            frames: plan.picture.frames,
            frame_rate: plan.picture.frame_rate,
            encodes: plan.audios.clone(),
        };
        let sound: AudioReport = done(self.run(job, Limits::encode_audio()));
        for encode in &sound.encodes {
            self.hand_on(&encode.file, &encode.file);
        }
        let renditions = plan.renditions.iter().map(|planned| self.assemble(&source, &plan, planned)).collect();
        Finished { source, plan, sound, renditions }
    }

    fn encode_segments(&self, plan: &Plan) {
        for segment in plan.segments.iter().copied() {
            let (picture, encodes) = (plan.picture.clone(), plan.videos.clone());
            let job = Job::EncodeSegment { file: "source".into(), picture, segment, warm_up: true, encodes };
            let report: SegmentReport = done(self.run(job, Limits::encode_segment()));
            for made in &report.encodes {
                assert_eq!(made.frames, segment.frames);
                self.hand_on(&made.file, &format!("{}-{}", made.id, segment.index));
            }
        }
    }

    fn assemble(&self, source: &MediaInfo, plan: &Plan, planned: &PlannedRendition) -> Rendition {
        let video = match &planned.video {
            VideoSource::Copied => None,
            VideoSource::Encoded(id) => plan.videos.iter().find(|video| video.id == *id).cloned(),
        };
        let audio = planned.audio.as_ref().and_then(|id| plan.audios.iter().find(|audio| audio.id == *id).cloned());
        let picture = match &video {
            None => PictureInput::Copied { file: "source".into(), stream: plan.picture.stream },
            Some(encode) => PictureInput::Joined {
                encode: encode.clone(),
                frame_rate: plan.picture.frame_rate,
                segments: plan
                    .segments
                    .iter()
                    .map(|segment| SegmentInput {
                        file: format!("{}-{}", encode.id, segment.index),
                        segment: *segment,
                        buffer_start: encode.buffer_start,
                    })
                    .collect(),
            },
        };
        let file = format!("{}.mp4", planned.name);
        let sound = audio.as_ref().map(|audio| format!("{}.m4a", audio.id));
        let job = Job::Assemble { picture, sound, aigc: source.aigc.clone(), output: file.clone() };
        let _: media::protocol::AssembleReport = done(self.run(job, Limits::assemble()));
        self.hand_on(&file, &file);
        let (frames, frame_rate) = match &planned.video {
            VideoSource::Copied => (source.video.frames, source.video.frame_rate),
            VideoSource::Encoded(_) => (plan.picture.frames, plan.picture.frame_rate),
        };
        let expected = Expected {
            width: planned.width,
            height: planned.height,
            frames,
            frame_rate,
            video,
            audio,
            aigc: source.aigc.clone(),
        };
        let qc = self.qc(&file, expected, source);
        Rendition { planned: planned.clone(), file: self.input(&file), qc }
    }
}
