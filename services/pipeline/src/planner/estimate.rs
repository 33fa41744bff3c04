//! The estimated cost of a plan: processor time and bytes, from measured figures. Pure, and an estimate: it depends on
//! the content, and a busy picture takes twice as long to encode as a calm one.
use std::collections::BTreeMap;

use serde::Serialize;

use super::effort::Effort;
use crate::id::RenditionName;
use crate::media_info::MediaInfo;
use crate::part::Part;
use crate::rendition::{Plan, PlannedRendition, Segment, VideoSource};
use crate::stage::Stage;
use cost::{DECODE_S, FULL_HD, LOUDNESS_S, REMUX_S, bytes, decode, encode, seconds, sound_encode, sound_length, video};

mod cost;

/// The estimated cost of a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Decoding all of the source once for the probe, seconds of one core.
    pub probe_cpu_s: f64,
    /// Each segment, in the plan's order: decoded once, and all its encodes.
    pub segments_cpu_s: Vec<f64>,
    /// The whole sound with all its encodes.
    pub sound_cpu_s: f64,
    /// Each file, in the plan's order.
    pub renditions: Vec<RenditionEstimate>,
}

/// The estimated cost of one file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RenditionEstimate {
    /// Its name in the plan.
    pub name: RenditionName,
    /// Encodes that this file is the first in the plan to need, seconds of one core. What it shares with an earlier one
    /// costs nothing here.
    pub encode_cpu_s: f64,
    /// Files before it in the plan that have the same picture or the same sound, which is made once for all.
    pub shares_with: Vec<RenditionName>,
    /// Joining it, and decoding it again for quality control.
    pub assemble_cpu_s: f64,
    /// Its size: the cap, or less where the source itself has less.
    pub bytes: u64,
}

impl Estimate {
    /// Estimates a plan of this source.
    pub fn of(plan: &Plan, info: &MediaInfo) -> Self {
        let sound_s = if plan.audios.is_empty() { 0.0 } else { seconds(plan) };
        Self {
            probe_cpu_s: Self::of_probe(info),
            segments_cpu_s: segments(plan, info),
            sound_cpu_s: LOUDNESS_S * sound_s + plan.audios.iter().map(|_| sound_encode(plan)).sum::<f64>(),
            renditions: (0..plan.renditions.len()).map(|index| rendition(plan, info, index)).collect(),
        }
    }

    /// Decoding all of a source once, and measuring its sound; seconds of one core.
    pub fn of_probe(info: &MediaInfo) -> f64 {
        decode(info, info.video.frames) + LOUDNESS_S * sound_length(info)
    }

    /// The total, in seconds of one core.
    pub fn cpu_s(&self) -> f64 {
        self.probe_cpu_s + self.transcode_cpu_s() + self.assemble_cpu_s()
    }

    /// The encodes, including decoding the source for them.
    pub fn transcode_cpu_s(&self) -> f64 {
        self.segments_cpu_s.iter().sum::<f64>() + self.sound_cpu_s
    }

    /// The files.
    pub fn assemble_cpu_s(&self) -> f64 {
        self.renditions.iter().map(|rendition| rendition.assemble_cpu_s).sum()
    }

    /// Every part of transcode and assemble of `plan`, in ms of one core.
    pub(super) fn effort_ms(&self, plan: &Plan) -> BTreeMap<Part, u64> {
        let segments = plan.segments.iter().map(|segment| (Stage::Transcode, Part::Segment(segment.index)));
        let sound = (!plan.audios.is_empty()).then_some((Stage::Transcode, Part::Audio));
        let renditions = plan.renditions.iter().map(|it| (Stage::Assemble, Part::Rendition(it.name.clone())));
        let parts = segments.chain(sound).chain(renditions);
        parts.map(|(stage, part)| (part.clone(), (self.of_part(stage, &part) * 1000.0).round() as u64)).collect()
    }

    /// One part, seconds of one core. Delivery waits for others and takes negligible processor time.
    pub fn of_part(&self, stage: Stage, part: &Part) -> f64 {
        match (stage, part) {
            (Stage::Probe, _) => self.probe_cpu_s,
            (Stage::Transcode, Part::Segment(index)) => {
                self.segments_cpu_s.get(*index as usize).copied().unwrap_or_default()
            }
            (Stage::Transcode, _) => self.sound_cpu_s,
            (Stage::Assemble, Part::Rendition(name)) => {
                let rendition = self.renditions.iter().find(|rendition| rendition.name == *name);
                rendition.map_or(0.0, |rendition| rendition.assemble_cpu_s)
            }
            (Stage::Screen | Stage::Assemble | Stage::Publish, _) => 0.0,
        }
    }
}

/// The whole, distributed over the segments.
fn segments(plan: &Plan, info: &MediaInfo) -> Vec<f64> {
    let whole = decode(info, info.video.frames)
        + plan.videos.iter().map(|video| encode(video, plan.picture.frames)).sum::<f64>();
    let effort = Effort::of(info, &plan.picture);
    let before = |frame: u64| effort.before(frame as f64 / plan.picture.frame_rate.value());
    let share = |segment: &Segment| before(segment.first_frame + segment.frames) - before(segment.first_frame);
    plan.segments.iter().map(|segment| whole * share(segment)).collect()
}

fn rendition(plan: &Plan, info: &MediaInfo, index: usize) -> RenditionEstimate {
    let this = &plan.renditions[index];
    let before = &plan.renditions[..index];
    let picture = match &this.video {
        VideoSource::Encoded(id) if !before.iter().any(|other| other.video == this.video) => {
            video(plan, id).map_or(0.0, |video| encode(video, plan.picture.frames))
        }
        VideoSource::Encoded(_) | VideoSource::Copied => 0.0,
    };
    let first_sound = this.audio.is_some() && !before.iter().any(|other| other.audio == this.audio);
    let sound = if first_sound { sound_encode(plan) } else { 0.0 };
    let encoded = |other: &&PlannedRendition| {
        let picture = this.video != VideoSource::Copied && other.video == this.video;
        picture || this.audio.is_some() && other.audio == this.audio
    };
    let area = f64::from(this.width) * f64::from(this.height) / FULL_HD;
    RenditionEstimate {
        name: this.name.clone(),
        encode_cpu_s: picture + sound,
        shares_with: before.iter().filter(encoded).map(|other| other.name.clone()).collect(),
        assemble_cpu_s: plan.picture.frames as f64 * area * (REMUX_S + DECODE_S) + LOUDNESS_S * seconds(plan),
        bytes: bytes(plan, info, this),
    }
}

#[cfg(test)]
mod tests;
