//! The report of quality control, and its stills.
use std::collections::BTreeSet;

use media::protocol::{Expected, Job, QcReport, Request, Still, still_file};
use pipeline::object_key::Compared;
use pipeline::rendition::QcOutcome;
use runtime::child::ChildError;
use runtime::scratch::Left;

use super::checks::{JPEG, another_job, ensure, output, plain_numbers};

/// Rows of quality control at most; there are about thirty kinds.
const CHECKS: usize = 200;
/// Longest text of such a row, in characters.
const CHECK_CHARS: usize = 10_000;

/// The same frame of source and rendition, as two stills.
#[derive(Debug)]
pub struct Pair {
    /// Which frame of the output grid.
    pub frame: u64,
    /// Time of the frame, ms from the beginning.
    pub at_ms: u64,
    /// Width of both in pixels.
    pub width: u32,
    /// Height of both in pixels.
    pub height: u32,
    /// SSIM of their luma, at most 1.
    pub ssim: f64,
    /// The source's: JPEG.
    pub source: Left,
    /// The rendition's: JPEG.
    pub rendition: Left,
}

/// Checks the report of quality control on a file of `bytes` bytes, and opens its stills. Whether the file passes is then as reported.
///
/// # Errors
/// [`ChildError::Lied`] when the report contradicts itself, is about another file, or names stills that are not there.
pub fn qc(request: &Request, report: &QcReport, bytes: u64) -> Result<Vec<Pair>, ChildError> {
    let Job::Qc { expected, stills: most, .. } = &request.job else { return Err(another_job()) };
    plain_numbers(report)?;
    ensure((1..=CHECKS).contains(&report.checks.len()), "it has no checks, or too many")?;
    let names: BTreeSet<&str> = report.checks.iter().map(|check| &*check.check).collect();
    ensure(names.len() == report.checks.len(), "a check is there twice")?;
    let texts = report.checks.iter().flat_map(|check| [&check.check, &check.measured, &check.limit]);
    ensure(texts.into_iter().all(|text| text.chars().count() <= CHECK_CHARS), "a check is too long")?;
    let passes = report.checks.iter().all(|check| check.outcome == QcOutcome::Pass);
    ensure(report.pass == passes, "it passes what did not pass, or fails what passed")?;
    ensure(report.info.size_bytes == bytes, "it measured another file")?;
    let video = &report.info.video;
    let as_wanted = (video.display_width, video.display_height) == (expected.width, expected.height);
    ensure(!report.pass || as_wanted, "it passes a picture of another size")?;
    let most = if request.output_dir.is_some() { *most as usize } else { 0 };
    ensure(report.stills.len() <= most, "it left more stills than were asked for")?;
    ensure(report.stills.windows(2).all(|two| two[0].frame < two[1].frame), "stills out of order")?;
    report.stills.iter().enumerate().map(|(place, still)| pair(request, expected, place, still)).collect()
}

/// Opens the two stills of a pair.
fn pair(request: &Request, expected: &Expected, place: usize, still: &Still) -> Result<Pair, ChildError> {
    ensure(still.frame < expected.frames, "a still from beyond the end")?;
    ensure((-1.0..=1.0).contains(&still.ssim), "a similarity out of range")?;
    let sides = (1..=expected.width).contains(&still.width) && (1..=expected.height).contains(&still.height);
    ensure(sides, "a still of no size, or larger than its picture")?;
    let dir = output(request)?;
    let open = |of, bytes| {
        Left::open(dir, &still_file(place, of), request.limits.file_bytes)?.of_size(bytes)?.with_magic(0, JPEG)
    };
    Ok(Pair {
        frame: still.frame,
        at_ms: (still.frame as f64 * 1000.0 / expected.frame_rate.value()).round() as u64,
        width: still.width,
        height: still.height,
        ssim: still.ssim,
        source: open(Compared::Source, still.source_bytes)?,
        rendition: open(Compared::Rendition, still.rendition_bytes)?,
    })
}
