//! The requests to the sandboxed child for each part of a plan. Pure: directories and names in, request and deadline out.
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use media::protocol::{CoverWish, Expected, Job, Limits, Mezzanine, PictureInput, Request, SegmentInput};
use pipeline::id::EncodeId;
use pipeline::media_info::MediaInfo;
use pipeline::rendition::{
    AudioEncode, Picture, Plan, PlannedCover, PlannedRendition, Segment, VideoEncode, VideoSource,
};

use crate::again::Again;

/// The mezzanine's name in every input directory. The entrant's own name is text to show and never comes here.
pub const SOURCE: &str = "source";
/// The finished rendition's name in the output directory.
pub const RENDITION: &str = "rendition.mp4";
/// The cover's name in the output directory.
pub const COVER: &str = "cover.jpg";
/// Most pairs of stills that quality control leaves: at up to 1 MiB a still (`Limits::qc`), at most 16 MiB a rendition.
pub const STILLS: u32 = 8;
/// The encoded sound's name in the input directory of an assembly.
pub const SOUND: &str = "sound";

/// Where a child reads and writes, and whether it may work without Landlock.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The one directory it reads.
    pub input: &'a Path,
    /// The one directory it writes.
    pub output: &'a Path,
    /// See `Request::allow_missing_landlock`.
    pub allow_missing_landlock: bool,
}

/// A request and its deadline.
#[derive(Clone, Debug)]
pub struct Timed {
    /// The request.
    pub request: Request,
    /// Wall-clock time after which the child is considered hung and is killed.
    pub deadline: Duration,
}

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

/// Joins (or copies) one rendition. The input directory holds `SOURCE` for a copied picture, else one
/// file per segment named by [`segment_file`], and `SOUND` where the rendition has sound. `again` are those of them that
/// were encoded again.
///
/// # Errors
/// When the rendition names an encode that the plan does not have.
pub fn assemble(
    plan: &Plan,
    rendition: &PlannedRendition,
    source: &MediaInfo,
    again: &Again,
    place: Place<'_>,
) -> Result<Timed> {
    let picture = match &rendition.video {
        VideoSource::Copied => PictureInput::Copied { file: SOURCE.into(), stream: plan.picture.stream },
        VideoSource::Encoded(id) => {
            let encode = video(plan, id)?.clone();
            let start = |segment: &Segment| again.start_of(segment.index).unwrap_or(encode.buffer_start);
            let segments = plan.segments.iter().map(|segment| joined(*segment, start(segment))).collect();
            PictureInput::Joined { encode, frame_rate: plan.picture.frame_rate, segments }
        }
    };
    let job = Job::Assemble {
        picture,
        sound: rendition.audio.as_ref().map(|_| SOUND.into()),
        aigc: source.aigc.clone(),
        output: RENDITION.into(),
    };
    Ok(timed(job, Limits::assemble(), plan.picture.frames, place))
}

/// Cuts the covers out of the finished rendition, `RENDITION` in the input directory, which lasts `duration_ms`. Where the sound begins
/// before the picture, the first picture is held until then; moments count from the picture's own beginning.
pub fn covers(rendition: &PlannedRendition, source: &MediaInfo, duration_ms: u64, place: Place<'_>) -> Timed {
    let job = Job::Covers {
        file: RENDITION.into(),
        duration_ms,
        whole: COVER.into(),
        covers: rendition.covers.iter().enumerate().map(|(place, cover)| wish(place, cover)).collect(),
        moments_ms: source.video.cover_candidates_ms.iter().map(|at| at + source.sound_before_ms()).collect(),
    };
    timed(job, Limits::covers(), 0, place)
}

/// Opens the finished rendition again, measures it and compares some of its frames with the source's. The input directory
/// holds `RENDITION` and `SOURCE`. Stills of compared frames are left in the output directory, except where the picture is a copy.
///
/// # Errors
/// When the rendition names an encode that the plan does not have.
pub fn qc(plan: &Plan, rendition: &PlannedRendition, source: &MediaInfo, place: Place<'_>) -> Result<Timed> {
    // A copy has the source's own frames, which encodes need not have: 120 a second become 60.
    let (video, picture) = match &rendition.video {
        VideoSource::Copied => {
            let (frames, frame_rate) = (source.video.frames, source.video.frame_rate);
            (None, Picture { frames, frame_rate, ..plan.picture.clone() })
        }
        VideoSource::Encoded(id) => (Some(video(plan, id)?.clone()), plan.picture.clone()),
    };
    let stills = if video.is_some() { STILLS } else { 0 };
    let audio = rendition.audio.as_ref().map(|id| audio(plan, id).cloned()).transpose()?;
    let expected = Expected {
        width: rendition.width,
        height: rendition.height,
        frames: picture.frames,
        frame_rate: picture.frame_rate,
        video,
        audio,
        aigc: source.aigc.clone(),
    };
    let frames = picture.frames;
    let mezzanine = Some(Mezzanine { file: SOURCE.into(), picture });
    let job = Job::Qc { file: RENDITION.into(), expected, source: Box::new(source.clone()), mezzanine, stills };
    Ok(timed(job, Limits::qc(), frames, place))
}

/// The name of a segment's file in the input directory of an assembly.
pub fn segment_file(index: u32) -> String {
    format!("segment-{index}")
}

fn wish(place: usize, cover: &PlannedCover) -> CoverWish {
    let PlannedCover { width, height, max_bytes, .. } = *cover;
    CoverWish { file: format!("cover-{place}.jpg"), width, height, max_bytes }
}

fn joined(segment: Segment, buffer_start: f64) -> SegmentInput {
    SegmentInput { file: segment_file(segment.index), segment, buffer_start }
}

/// The encode `id` of the plan.
///
/// # Errors
/// When the plan has none of this name.
pub fn video<'a>(plan: &'a Plan, id: &EncodeId) -> Result<&'a VideoEncode> {
    plan.videos.iter().find(|video| video.id == *id).with_context(|| format!("the plan has no picture {id}"))
}

fn audio<'a>(plan: &'a Plan, id: &EncodeId) -> Result<&'a AudioEncode> {
    plan.audios.iter().find(|audio| audio.id == *id).with_context(|| format!("the plan has no sound {id}"))
}

fn timed(job: Job, limits: Limits, frames: u64, place: Place<'_>) -> Timed {
    let request = Request {
        input_dir: Some(place.input.to_owned()),
        output_dir: Some(place.output.to_owned()),
        limits,
        allow_missing_landlock: place.allow_missing_landlock,
        job,
    };
    // Ten minutes for what does not grow with the frames: process start, reading and writing the files.
    Timed { request, deadline: Duration::from_secs(600 + frames) }
}
