//! The joined file.
use std::collections::BTreeSet;

use media::protocol::{AssembleReport, Job, PictureInput, Request};
use runtime::child::ChildError;
use runtime::scratch::Left;

use super::checks::{FTYP, another_job, ensure, output, plain_numbers};

/// A joined picture may be longer or shorter than its frames by so much, ms: lengths are rounded.
const ROUNDING_MS: u64 = 1000;

/// Checks what was said of a joined file, and that the file is there.
///
/// # Errors
/// [`ChildError::Lied`] when it cannot be so.
pub fn assembled(request: &Request, report: &AssembleReport) -> Result<(), ChildError> {
    let Job::Assemble { picture, output: name, .. } = &request.job else { return Err(another_job()) };
    plain_numbers(report)?;
    let (segments, joined): (BTreeSet<u32>, Option<(u64, u64)>) = match picture {
        PictureInput::Joined { segments, frame_rate, .. } => {
            let frames: u64 = segments.iter().map(|input| input.segment.frames).sum();
            let lasts_ms = frames as f64 * 1000.0 / frame_rate.value();
            (segments.iter().map(|input| input.segment.index).collect(), Some((frames, lasts_ms as u64)))
        }
        PictureInput::Copied { .. } => (BTreeSet::new(), None),
    };
    ensure(report.frames <= request.limits.max_frames, "it has too many frames")?;
    ensure(joined.is_none_or(|(frames, _)| report.frames == frames), "it has other frames than its segments")?;
    let rounded = |lasts_ms: u64| report.duration_ms.abs_diff(lasts_ms) <= ROUNDING_MS;
    ensure(joined.is_none_or(|(_, lasts_ms)| rounded(lasts_ms)), "it lasts longer or shorter than its frames")?;
    let known = |named: Vec<u32>| {
        let distinct: BTreeSet<u32> = named.iter().copied().collect();
        distinct.len() == named.len() && distinct.is_subset(&segments)
    };
    ensure(known(report.overdrawn.iter().map(|it| it.segment).collect()), "it names segments that do not exist")?;
    ensure(known(report.encoded_again.clone()), "it names segments that do not exist")?;
    // Of its size; a buffer may be in debt by some of it.
    ensure(report.overdrawn.iter().all(|it| it.held.abs() <= 100.0), "a buffer level out of range")?;
    Left::open(output(request)?, name, request.limits.file_bytes)?.of_size(report.bytes)?.with_magic(4, FTYP)?;
    Ok(())
}
