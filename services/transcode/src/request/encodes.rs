//! Encodes: of segments of the picture, and of the sound.
use anyhow::{Context, Result};
use media::protocol::{Job, Limits};
use pipeline::id::EncodeId;
use pipeline::media_info::MediaInfo;
use pipeline::rendition::{AudioEncode, Plan, VideoEncode};

use super::{Place, SOURCE, Timed, audio, timed, video};

/// Encodes segment `index` of the picture, all encodes from one decode.
///
/// # Errors
/// When the plan has no such segment.
pub fn segment(plan: &Plan, index: u32, place: Place<'_>) -> Result<Timed> {
    stretch(plan, index, plan.videos.clone(), true, place)
}

/// Encodes segment `index` once more as the plan's encode `id`, to the same bits as with all others.
///
/// # Errors
/// When the plan has no such segment or encode.
pub fn lost_segment(plan: &Plan, index: u32, id: &EncodeId, place: Place<'_>) -> Result<Timed> {
    stretch(plan, index, vec![video(plan, id)?.clone()], true, place)
}

/// Encodes segment `index` of one encode again, which differs from the plan's in the fill of its buffer at the segment's start.
///
/// # Errors
/// When the plan has no such segment.
pub fn segment_again(plan: &Plan, index: u32, encode: VideoEncode, place: Place<'_>) -> Result<Timed> {
    stretch(plan, index, vec![encode], false, place)
}

fn stretch(plan: &Plan, index: u32, encodes: Vec<VideoEncode>, warm_up: bool, place: Place<'_>) -> Result<Timed> {
    let segment = *plan
        .segments
        .iter()
        .find(|segment| segment.index == index)
        .with_context(|| format!("the plan has no segment {index}"))?;
    // Less than a frame a second for each encode is a hang and no slow machine. Decoding up to the segment is added.
    let frames = segment.frames * encodes.len() as u64 + plan.picture.frames;
    let job = Job::EncodeSegment { file: SOURCE.into(), picture: plan.picture.clone(), segment, warm_up, encodes };
    Ok(timed(job, Limits::encode_segment(), frames, place))
}

/// Encodes the sound once more as the plan's encode `id`, to the same bits as with all others.
///
/// # Errors
/// When the plan has no such encode.
pub fn lost_sound(plan: &Plan, id: &EncodeId, source: &MediaInfo, place: Place<'_>) -> Result<Timed> {
    Ok(sounds(plan, vec![audio(plan, id)?.clone()], source, place))
}

/// Encodes the sound, all encodes from one decode.
pub fn sound(plan: &Plan, source: &MediaInfo, place: Place<'_>) -> Timed {
    sounds(plan, plan.audios.clone(), source, place)
}

fn sounds(plan: &Plan, encodes: Vec<AudioEncode>, source: &MediaInfo, place: Place<'_>) -> Timed {
    let job = Job::EncodeAudio {
        file: SOURCE.into(),
        picture_start_ms: plan.picture.output_start_ms(source.video.start_ms),
        frames: plan.picture.frames,
        frame_rate: plan.picture.frame_rate,
        encodes,
    };
    timed(job, Limits::encode_audio(), plan.picture.frames, place)
}
