//! A rendition out of its encodes: joined, with covers, and checked.
use anyhow::Result;
use media::protocol::{CoverWish, Expected, Job, Limits, Mezzanine, PictureInput, SegmentInput};
use pipeline::media_info::MediaInfo;
use pipeline::rendition::{Picture, Plan, PlannedCover, PlannedRendition, Segment, VideoSource};

use super::{COVER, Place, RENDITION, SOUND, SOURCE, STILLS, Timed, audio, timed, video};
use crate::again::Again;

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
