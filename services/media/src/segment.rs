//! Encodes one stretch of the output grid: one decode feeds all encodes, and the frames are the same whatever the cut.
use std::path::{Path, PathBuf};

use pipeline::rendition::{Picture, Segment, VideoEncode};

use crate::child::protocol::{EncodedSegment, Limits, SegmentReport};
use crate::encode::VideoEncoder;
use crate::error::Result;
use crate::grid::Grid;
use crate::scale;

/// Encodes `segment` of the file at `path` once per encode. `output` gives each file's path.
///
/// # Errors
/// A failure when the source has not the frames that the plan promises.
pub(crate) fn encode(
    path: &Path,
    picture: &Picture,
    segment: Segment,
    encodes: &[VideoEncode],
    output: impl Fn(&str) -> Result<PathBuf>,
    limits: &Limits,
    progress: &mut dyn FnMut(f64),
) -> Result<SegmentReport> {
    let mut outputs = Vec::new();
    let files: Vec<String> = encodes.iter().map(|encode| format!("{}.mp4", encode.id)).collect();
    for (encode, file) in encodes.iter().zip(&files) {
        outputs.push(VideoEncoder::create(&output(file)?, encode, picture.frame_rate)?);
    }
    let (sizes, places) = scale::sizes(encodes);
    let mut grid = Grid::new(picture, segment, sizes, |_, pictures| {
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
