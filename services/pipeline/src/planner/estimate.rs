//! The estimated cost of a plan: processor time and bytes, from measured figures. Pure, and an estimate: it depends on
//! the content, and a busy picture takes twice as long to encode as a calm one.
use std::collections::BTreeMap;

use serde::Serialize;

use super::effort::Effort;
use crate::id::{EncodeId, RenditionName};
use crate::media_info::MediaInfo;
use crate::part::Part;
use crate::rendition::{AudioEncode, Plan, PlannedRendition, Segment, VideoEncode, VideoSource};
use crate::stage::Stage;

/// Pixels of the picture that the figures were measured with.
const FULL_HD: f64 = 1920.0 * 1080.0;

// Seconds of one core (AMD EPYC, FFmpeg 5.1.9) for one frame of 1920×1080.
/// x264, preset medium: 0.21 with 64 s of camera footage at 23 Mbit/s, 0.09 with Big Buck Bunny scaled up, both at CRF
/// 20.
const ENCODE_S: f64 = 0.15;
/// Decoding H.264 takes 7 % of a medium encode, with either source.
const DECODE_S: f64 = 0.07 * ENCODE_S;
/// Reading and writing packets takes 1/290 of a medium encode.
const REMUX_S: f64 = ENCODE_S / 290.0;

// Seconds of one core for one second of stereo sound at 48 kHz, measured over two minutes of pink noise.
/// AAC at 192 kbit/s, by libav's `fast` coder; `twoloop` takes twice that.
const AAC_S: f64 = 0.006;
/// Integrated loudness and true peak by ebur128; once before the encode, once after it.
const LOUDNESS_S: f64 = 0.004;

/// x264's presets relative to medium, Big Buck Bunny at 1920×1080, one thread, without decoding.
const PRESETS: [(&str, f64); 9] = [
    ("ultrafast", 0.11),
    ("superfast", 0.24),
    ("veryfast", 0.36),
    ("faster", 0.59),
    ("fast", 0.81),
    ("medium", 1.0),
    ("slow", 1.45),
    ("slower", 2.7),
    ("veryslow", 5.0),
];

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

/// Decoding this many frames of the source.
fn decode(info: &MediaInfo, frames: u64) -> f64 {
    let area = f64::from(info.video.coded_width) * f64::from(info.video.coded_height) / FULL_HD;
    frames as f64 * area * DECODE_S
}

/// Encoding this many frames.
fn encode(video: &VideoEncode, frames: u64) -> f64 {
    let area = f64::from(video.width) * f64::from(video.height) / FULL_HD;
    let preset = PRESETS.iter().find(|(name, _)| *name == video.preset).map_or(1.0, |(_, factor)| *factor);
    frames as f64 * area * ENCODE_S * preset
}

/// One encode of the sound, and measuring the result.
fn sound_encode(plan: &Plan) -> f64 {
    (AAC_S + LOUDNESS_S) * seconds(plan)
}

fn sound_length(info: &MediaInfo) -> f64 {
    info.audio.as_ref().map_or(0.0, |audio| audio.duration_ms as f64 / 1000.0)
}

/// Length of the output, in seconds.
fn seconds(plan: &Plan) -> f64 {
    plan.picture.frames as f64 / plan.picture.frame_rate.value()
}

/// The picture at its cap, or at the source's own mean for this size, whichever is less; and the sound.
fn bytes(plan: &Plan, info: &MediaInfo, rendition: &PlannedRendition) -> u64 {
    let source_kbps = info.video.bitrate_kbps as f64;
    let picture_kbps = match &rendition.video {
        VideoSource::Copied => source_kbps,
        VideoSource::Encoded(id) => video(plan, id).map_or(0.0, |video| {
            let (is, was) = (f64::from(video.width) * f64::from(video.height), source_pixels(info));
            // The bit rate of smaller pictures falls with the power of 0.75 of the pixels, a rule of thumb among
            // encoder authors.
            let useful = source_kbps * super::picture::efficiency(&info.video.codec) as f64 * (is / was).powf(0.75);
            let cap = f64::from(video.max_bitrate_kbps);
            if useful > 0.0 { useful.min(cap) } else { cap }
        }),
    };
    let sound = rendition.audio.as_ref().and_then(|id| audio(plan, id));
    let sound_kbps = sound.map_or(0.0, |audio| f64::from(audio.bitrate_kbps));
    ((picture_kbps + sound_kbps) * 125.0 * seconds(plan)).round() as u64
}

fn source_pixels(info: &MediaInfo) -> f64 {
    (f64::from(info.video.display_width) * f64::from(info.video.display_height)).max(1.0)
}

fn video<'a>(plan: &'a Plan, id: &EncodeId) -> Option<&'a VideoEncode> {
    plan.videos.iter().find(|video| video.id == *id)
}

fn audio<'a>(plan: &'a Plan, id: &EncodeId) -> Option<&'a AudioEncode> {
    plan.audios.iter().find(|audio| audio.id == *id)
}

#[cfg(test)]
mod tests;
