//! Takes the cover of a finished rendition: the sharpest of a few key frames that is not black.
use std::path::Path;

use ffmpeg_next::frame;
use pipeline::media_info::FieldOrder;

use crate::av;
use crate::child::protocol::{Cover, Limits};
use crate::error::{During, Error, Result};
use crate::jpeg::{self, Window};
use crate::reader::Reader;

/// How many pictures are looked at, spread over the work, its very beginning and end left out.
const CANDIDATES: u64 = 8;
/// JPEG quality as ffmpeg counts it, 2 (best) to 31.
const QUALITY: i32 = 3;
/// At most this share of the samples may be dark, in percent, or the picture counts as black.
const DARK_SHARE: u64 = 90;

/// Takes a cover of the mp4 at `path` and writes it to `output`.
pub(crate) fn take(path: &Path, file: &str, output: &Path, duration_ms: u64, limits: &Limits) -> Result<Cover> {
    let mut reader = Reader::open(path, 0, FieldOrder::Progressive, limits)?;
    let mut best: Option<(u64, f64, frame::Video)> = None;
    for candidate in 0..CANDIDATES {
        let wanted = duration_ms as f64 / 1000.0 * (candidate as f64 + 0.5) / CANDIDATES as f64;
        reader.seek(wanted, limits)?;
        let Some((frame, at, _)) = reader.next(limits)? else { continue };
        let score = score(&frame);
        // Of equals the first, so that the same file always gives the same cover.
        if best.as_ref().is_none_or(|(most, _, _)| score > *most) {
            best = Some((score, at, frame));
        }
    }
    let (_, at, frame) = best.ok_or_else(|| Error::Failed("no picture to take a cover of".into()))?;
    let whole = Window { x: 0, y: 0, width: frame.width(), height: frame.height() };
    let bytes = jpeg::encode(&mut jpeg::convert(&frame, whole, (whole.width, whole.height))?, QUALITY)?;
    std::fs::write(output, &bytes).during("write the cover")?;
    let at_ms = (at * 1000.0).round().max(0.0) as u64;
    Ok(Cover { file: file.into(), width: frame.width(), height: frame.height(), bytes: bytes.len() as u64, at_ms })
}

/// How much there is to see: mean step between neighbours, and next to nothing for the dark ones.
fn score(frame: &frame::Video) -> u64 {
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    let (mut steps, mut dark, mut all) = (0u64, 0u64, 0u64);
    for y in (0..height).step_by(4) {
        let Some(row) = av::row(frame, 0, y, width) else { continue };
        for pair in row.windows(2).step_by(2) {
            steps += u64::from(pair[0].abs_diff(pair[1]));
            dark += u64::from(pair[0] < 40);
            all += 1;
        }
    }
    let black = dark * 100 > all * DARK_SHARE;
    steps * 1000 / all.max(1) / if black { 1000 } else { 1 }
}
