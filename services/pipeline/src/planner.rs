//! What is made of one entry, for whom, and why. Pure: the same source, partners and ladder always give the same plan.
//!
//! Each partner's wish becomes an effective file, capped by what the source has and what the partner accepts; equal
//! encodes are made once; a source that already satisfies a partner is passed through; the timeline is cut at multiples
//! of the GOP. The number of threads of an encode is in the plan, too: x264's output depends on it, and must not depend
//! on the machine.
use std::collections::BTreeMap;

use crate::catalogue::{Ladders, Rung};
use crate::id::{EncodeId, PartnerId, RenditionName};
use crate::media_info::MediaInfo;
use crate::partner::Partner;
use crate::rendition::{AudioEncode, Because, Picture, Plan, PlannedRendition, VideoEncode, VideoSource};

mod covers;
mod effort;
mod estimate;
mod explain;
mod frame_rate;
mod level;
mod passthrough;
mod picture;
mod segments;
mod why;

use effort::Effort;
pub use estimate::{Estimate, RenditionEstimate};
pub use explain::{How, Line, explain};

/// One file that one partner wants, before equal ones are merged.
struct Wish<'a> {
    partner: &'a Partner,
    rung_name: &'a RenditionName,
    video: Option<VideoEncode>,
    audio: Option<AudioEncode>,
    width: u32,
    height: u32,
    because: Vec<Because>,
}

/// Plans what to make of a source for these partners, in their order. A rung that the ladder does not have is skipped:
/// the catalogue is checked for that when it is read.
pub fn plan(info: &MediaInfo, partners: &[&Partner], ladders: &Ladders) -> Plan {
    let (picture, picture_why) = picture::of(info);
    let mut plan = Plan {
        picture,
        segments: Vec::new(),
        videos: Vec::new(),
        audios: Vec::new(),
        renditions: Vec::new(),
        partners: partners.iter().map(|partner| partner.id.clone()).collect(),
        effort_ms: BTreeMap::new(),
    };
    for partner in partners {
        for wish in wishes(info, &plan.picture, partner, ladders) {
            add(&mut plan, wish);
        }
    }
    for rendition in &mut plan.renditions {
        if rendition.video != VideoSource::Copied {
            rendition.because.extend(picture_why.iter().cloned());
        }
        rendition.because.extend(why::shared(&rendition.partners));
    }
    covers::add(&mut plan, partners);
    if !plan.videos.is_empty() {
        let gop_frames = frame_rate::gop_frames(plan.picture.frame_rate, ladders.gop_s);
        let timeline = segments::Timeline {
            frames: plan.picture.frames,
            gop_frames,
            rate: plan.picture.frame_rate,
            scene_changes_ms: &info.video.scene_changes_ms,
            effort: &Effort::of(info, &plan.picture),
        };
        plan.segments = segments::cut(&timeline, ladders.segment_s);
        if plan.segments.len() > 1 {
            for video in &mut plan.videos {
                video.buffer_start = ladders.segment_buffer_start;
                // Segments in parallel keep the cores busier than the threads of one encoder can, and cost less in
                // total.
                video.threads = 1;
            }
        }
    }
    plan.effort_ms = Estimate::of(&plan, info).effort_ms(&plan);
    plan
}

/// x264's own default, correct if nothing is joined.
const FULL_BUFFER_START: f64 = 0.9;

/// The files that a partner gets, best first: its rungs, without those that become equal because of the source's size.
fn wishes<'a>(info: &MediaInfo, picture: &Picture, partner: &'a Partner, ladders: &'a Ladders) -> Vec<Wish<'a>> {
    let rungs: Vec<(&RenditionName, &Rung)> =
        partner.rungs.iter().filter_map(|name| ladders.rungs.get(name).map(|rung| (name, rung))).collect();
    let mut wishes: Vec<Wish> = Vec::new();
    let gop_frames = frame_rate::gop_frames(picture.frame_rate, ladders.gop_s);
    for (index, (rung_name, rung)) in rungs.iter().enumerate() {
        let audio = sound(info, partner, rung);
        // The list is best first, so a passed-through picture replaces its first rung; smaller rungs are still encoded.
        if index == 0
            && let Some(because) = passthrough::allows(info, partner, gop_frames)
        {
            let (width, height) = (info.video.display_width, info.video.display_height);
            let because = vec![because, why::sound(info, audio.as_ref())];
            wishes.push(Wish { partner, rung_name, video: None, audio, width, height, because });
            continue;
        }
        let (width, height) = picture::size(info, rung, partner);
        // Two rungs above the source's size become the same size; the lower one's settings fit it.
        if wishes.last().is_some_and(|last| last.video.is_some() && (last.width, last.height) == (width, height))
            && let Some(dropped) = wishes.pop()
        {
            let because = why::same_size(dropped.rung_name, rung_name, info.video.short_side());
            wishes.push(encoded(info, picture, partner, ladders, (rung_name, rung), Some(because)));
            continue;
        }
        wishes.push(encoded(info, picture, partner, ladders, (rung_name, rung), None));
    }
    wishes
}

/// A rung's effective encode for one partner.
fn encoded<'a>(
    info: &MediaInfo,
    picture: &Picture,
    partner: &'a Partner,
    ladders: &Ladders,
    (rung_name, rung): (&'a RenditionName, &Rung),
    first: Option<Because>,
) -> Wish<'a> {
    let (width, height) = picture::size(info, rung, partner);
    let cap = picture::cap(info, rung, partner);
    let buffer_kbit = (f64::from(cap.kbps) * ladders.buffer_s).round() as u32;
    let video = VideoEncode {
        id: EncodeId::new(""),
        width,
        height,
        crf: rung.crf,
        max_bitrate_kbps: cap.kbps,
        buffer_kbit,
        buffer_start: FULL_BUFFER_START,
        gop_frames: frame_rate::gop_frames(picture.frame_rate, ladders.gop_s),
        level: level::of(width, height, picture.frame_rate, cap.kbps, buffer_kbit),
        preset: ladders.preset.clone(),
        threads: ladders.threads,
    };
    let audio = sound(info, partner, rung);
    let mut because: Vec<Because> = first.into_iter().collect();
    because.extend(passthrough::why_not(info, partner, video.gop_frames));
    because.push(why::size(info, rung, (width, height)));
    because.push(cap.because);
    because.push(why::sound(info, audio.as_ref()));
    Wish { partner, rung_name, video: Some(video), audio, width, height, because }
}

/// The sound of a rung; `None` if the source has none and the partner accepts files without.
fn sound(info: &MediaInfo, partner: &Partner, rung: &Rung) -> Option<AudioEncode> {
    let stream = info.audio.as_ref().map(|audio| audio.stream);
    if stream.is_none() && !partner.silent_track {
        return None;
    }
    let limit = partner.limits.max_audio_bitrate_kbps.as_ref().map_or(u32::MAX, |limit| limit.value);
    Some(AudioEncode {
        id: EncodeId::new(""),
        stream,
        channels: 2,
        sample_rate: 48_000,
        bitrate_kbps: rung.audio_bitrate_kbps.min(limit),
        loudness_lufs: rung.loudness_lufs,
        loudness_tolerance_lu: rung.loudness_tolerance_lu,
        true_peak_dbtp: rung.true_peak_dbtp,
    })
}

/// Adds a wish to the plan, sharing what is already there.
fn add(plan: &mut Plan, wish: Wish) {
    let video = match wish.video {
        None => VideoSource::Copied,
        Some(video) => VideoSource::Encoded(shared(&mut plan.videos, video, 'v', |encode| &mut encode.id)),
    };
    let audio = wish.audio.map(|audio| shared(&mut plan.audios, audio, 'a', |encode| &mut encode.id));
    let same = plan.renditions.iter_mut().find(|other| other.video == video && other.audio == audio);
    if let Some(same) = same {
        if !same.partners.contains(&wish.partner.id) {
            same.partners.push(wish.partner.id.clone());
        }
        // Each partner may have reasons of its own for this file; a reason common to all is listed once.
        for because in wish.because {
            if !same.because.contains(&because) {
                same.because.push(because);
            }
        }
        return;
    }
    let name = name(plan, wish.rung_name, &video, audio.is_some(), &wish.partner.id);
    plan.renditions.push(PlannedRendition {
        name,
        video,
        audio,
        partners: vec![wish.partner.id.clone()],
        width: wish.width,
        height: wish.height,
        because: wish.because,
        covers: Vec::new(),
    });
}

/// The id of an encode equal to `encode`, which is added under the next free id if there is none.
fn shared<T: PartialEq>(
    encodes: &mut Vec<T>,
    mut encode: T,
    letter: char,
    id: fn(&mut T) -> &mut EncodeId,
) -> EncodeId {
    for known in encodes.iter_mut() {
        let known_id = id(known).clone();
        *id(&mut encode) = known_id.clone();
        if *known == encode {
            return known_id;
        }
    }
    let new = EncodeId::new(format!("{letter}{}", encodes.len() + 1));
    *id(&mut encode) = new.clone();
    encodes.push(encode);
    new
}

/// The rung's name, followed by `-copy` if the picture is passed through and by `-mute` if there is no sound; and by
/// the partner's name if its own limits make a file that differs from the rung's usual one.
fn name(plan: &Plan, rung: &RenditionName, video: &VideoSource, sounds: bool, partner: &PartnerId) -> RenditionName {
    let copy = if *video == VideoSource::Copied { "-copy" } else { "" };
    let mute = if sounds { "" } else { "-mute" };
    let usual = format!("{rung}{copy}{mute}");
    let own = format!("{usual}-{partner}");
    let numbered = (2..).map(|number| format!("{own}-{number}"));
    let free = |name: &String| plan.renditions.iter().all(|rendition| rendition.name.as_str() != name);
    // The sequence of names is endless, so one is free; nearly always the first.
    let name = [usual, own.clone()].into_iter().chain(numbered).find(free);
    RenditionName::new(name.unwrap_or(own))
}

#[cfg(test)]
pub(crate) mod tests;
