//! What each partner gets of a work: the rungs of the ladder, capped by what the source has and the partner accepts.
use super::{frame_rate, level, passthrough, picture, quality, why};
use crate::catalogue::{Ladders, Rung};
use crate::id::{EncodeId, RenditionName};
use crate::media_info::MediaInfo;
use crate::partner::Partner;
use crate::rendition::{AudioEncode, Because, Picture, VideoEncode};

/// One file that one partner wants, before equal ones are merged.
pub(super) struct Wish<'a> {
    pub(super) partner: &'a Partner,
    pub(super) rung_name: &'a RenditionName,
    pub(super) video: Option<VideoEncode>,
    pub(super) audio: Option<AudioEncode>,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) because: Vec<Because>,
}

/// x264's own default, correct if nothing is joined.
const FULL_BUFFER_START: f64 = 0.9;

/// The files that a partner gets, best first: its rungs, without those that become equal because of the source's size.
pub(super) fn wishes<'a>(
    info: &MediaInfo,
    picture: &Picture,
    partner: &'a Partner,
    ladders: &'a Ladders,
) -> Vec<Wish<'a>> {
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
    let quality = quality::of(info, ladders, rung, (width, height), cap.kbps);
    let buffer_kbit = (f64::from(cap.kbps) * ladders.buffer_s).round() as u32;
    let video = VideoEncode {
        id: EncodeId::new(""),
        width,
        height,
        crf: quality.crf,
        max_bitrate_kbps: cap.kbps,
        buffer_kbit,
        buffer_start: FULL_BUFFER_START,
        gop_frames: frame_rate::gop_frames(picture.frame_rate, ladders.gop_s),
        level: level::of(width, height, picture.frame_rate, cap.kbps, buffer_kbit),
        preset: quality.preset,
        target: Some(quality.target),
        threads: ladders.threads,
    };
    let audio = sound(info, partner, rung);
    let mut because: Vec<Because> = first.into_iter().collect();
    because.extend(passthrough::why_not(info, partner, video.gop_frames));
    because.push(why::size(info, rung, (width, height)));
    because.push(cap.because);
    because.push(quality.because);
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
