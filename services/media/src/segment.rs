//! Encodes one stretch of the output grid: one decode feeds all encodes, and the frames are the same whatever the cut.
use std::path::{Path, PathBuf};

use pipeline::rendition::{Picture, Segment, VideoEncode};

use crate::child::protocol::{EncodedSegment, Limits, SegmentReport};
use crate::encode::{FRAMES_AHEAD, FRAMES_BEFORE, VideoEncoder};
use crate::error::Result;
use crate::grid::Grid;
use crate::scale;

/// What is to be encoded.
pub(crate) struct Wish<'a> {
    pub(crate) picture: &'a Picture,
    pub(crate) segment: Segment,
    /// Encoders begin before the segment.
    pub(crate) warm_up: bool,
    pub(crate) encodes: &'a [VideoEncode],
}

/// Encodes a segment of the file at `path` once per encode. `output` gives each file's path.
///
/// # Errors
/// A failure when the source has not the frames that the plan promises.
pub(crate) fn encode(
    path: &Path,
    &Wish { picture, segment, warm_up, encodes }: &Wish,
    output: impl Fn(&str) -> Result<PathBuf>,
    limits: &Limits,
    progress: &mut dyn FnMut(f64),
) -> Result<SegmentReport> {
    let before = if warm_up { FRAMES_BEFORE.min(segment.first_frame) } else { 0 };
    let behind = picture.frames.saturating_sub(segment.first_frame.saturating_add(segment.frames));
    // Where it ends within a GOP, frames beyond would come out among its own.
    let whole = encodes.iter().all(|encode| segment.frames.is_multiple_of(u64::from(encode.gop_frames)));
    let ahead = if whole { FRAMES_AHEAD.min(behind) } else { 0 };
    let shown = Segment {
        first_frame: segment.first_frame - before,
        frames: segment.frames.saturating_add(before + ahead),
        ..segment
    };
    let mut outputs = Vec::new();
    let files: Vec<String> = encodes.iter().map(|encode| format!("{}.mp4", encode.id)).collect();
    for (encode, file) in encodes.iter().zip(&files) {
        outputs.push(VideoEncoder::create(&output(file)?, encode, picture.frame_rate, segment, before)?);
    }
    let (sizes, places) = scale::sizes(encodes);
    let mut grid = Grid::new(picture, shown, sizes, |_, pictures| {
        for (output, place) in outputs.iter_mut().zip(&places) {
            if let Some(picture) = pictures.get_mut(*place) {
                output.encode(picture)?;
            }
        }
        Ok(())
    });
    if !grid.run(path, limits, true, progress)? {
        // The index led to a place after the segment's start: read from the beginning instead.
        grid.run(path, limits, false, progress)?;
    }
    grid.end()?;
    let mut report = SegmentReport { encodes: Vec::new() };
    for ((encode, file), output) in encodes.iter().zip(files).zip(outputs) {
        let made = output.finish()?;
        report.encodes.push(EncodedSegment {
            id: encode.id.clone(),
            file,
            frames: made.frames,
            bytes: made.bytes,
            parameter_sets: made.parameter_sets,
        });
    }
    Ok(report)
}
