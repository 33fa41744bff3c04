//! Whether a child's answer fits its request: one function for each kind of answer. The child is not trusted: an entrant's file may have
//! taken control of its decoder. Every file that these functions return is named by the request, exists, and has the size that was
//! reported. Anything else is [`ChildError::Lied`], a failure of ours that is tried again.
use std::collections::BTreeSet;
use std::path::Path;

use media::protocol::{
    AssembleReport, AudioReport, CoverWish, CoversReport, EncodedAudio, Expected, Job, PictureInput, QcReport, Request,
    SegmentReport, Still, audio_file, still_file, video_file,
};
use pipeline::id::EncodeId;
use pipeline::object_key::Compared;
use pipeline::rendition::QcOutcome;
use runtime::child::{ChildError, numbers};
use runtime::scratch::Left;
use serde::Serialize;

/// The largest avcC record that is kept, in hexadecimal digits. Those of x264 have about a hundred.
const PARAMETER_SETS: usize = 4096;
/// Rows of quality control at most; there are about thirty kinds.
const CHECKS: usize = 200;
/// Longest text of such a row, in characters.
const CHECK_CHARS: usize = 10_000;
/// The longest side of a picture, pixels: JPEG allows no more.
const LONGEST_SIDE: u32 = 65_500;
/// Levels and gains beyond this have no meaning, dB either way.
const MOST_DB: f64 = 1000.0;
/// A joined picture may be longer or shorter than its frames by so much, ms: lengths are rounded.
const ROUNDING_MS: u64 = 1000;
/// How a JPEG begins.
const JPEG: &[u8] = &[0xff, 0xd8, 0xff];
/// The four bytes of an mp4 after the size of its first box.
const FTYP: &[u8] = b"ftyp";

/// A file of one encode.
#[derive(Debug)]
pub struct Encoded {
    /// Which encode of the request.
    pub id: EncodeId,
    /// Its name in the output directory.
    pub name: String,
    /// The file.
    pub file: Left,
}

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

/// The covers that were cut, in the request's order.
#[derive(Debug)]
pub struct Cut {
    /// The whole picture.
    pub whole: Left,
    /// The others.
    pub covers: Vec<Left>,
}

fn lied(what: impl Into<String>) -> ChildError {
    ChildError::Lied(what.into())
}

fn ensure(holds: bool, what: &str) -> Result<(), ChildError> {
    if holds { Ok(()) } else { Err(lied(what)) }
}

fn plain_numbers(report: &impl Serialize) -> Result<(), ChildError> {
    let value = serde_json::to_value(report).map_err(|error| lied(error.to_string()))?;
    numbers(&value).map_err(lied)
}

fn another_job() -> ChildError {
    lied("it answers another job")
}

/// The request's output directory.
fn output(request: &Request) -> Result<&Path, ChildError> {
    request.output_dir.as_deref().ok_or_else(|| ChildError::Failed("the request has no output directory".into()))
}

/// The files of a segment, in the request's order.
///
/// # Errors
/// [`ChildError::Lied`] when they are not exactly those that were asked for.
pub fn segment(request: &Request, report: &SegmentReport) -> Result<Vec<Encoded>, ChildError> {
    let Job::EncodeSegment { encodes, segment, .. } = &request.job else { return Err(another_job()) };
    plain_numbers(report)?;
    ensure(report.encodes.iter().all(|made| made.frames == segment.frames), "a segment has other frames")?;
    let hex = |text: &str| text.len() <= PARAMETER_SETS && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    ensure(report.encodes.iter().all(|made| hex(&made.parameter_sets)), "parameter sets are not hexadecimal")?;
    let wanted: Vec<_> = encodes.iter().map(|encode| (&encode.id, video_file(&encode.id))).collect();
    let said = report.encodes.iter().map(|made| Said { id: &made.id, name: &made.file, bytes: made.bytes }).collect();
    files(request, &wanted, said)
}

/// The files of the sound, in the request's order.
///
/// # Errors
/// [`ChildError::Lied`] when they are not exactly those that were asked for.
pub fn sound(request: &Request, report: &AudioReport) -> Result<Vec<Encoded>, ChildError> {
    let Job::EncodeAudio { encodes, .. } = &request.job else { return Err(another_job()) };
    plain_numbers(report)?;
    let levels = |made: &EncodedAudio| [Some(made.gain_db), made.loudness_lufs, made.true_peak_dbtp];
    let mut levels = report.encodes.iter().flat_map(levels).flatten();
    ensure(levels.all(|level| level.abs() <= MOST_DB), "a level out of range")?;
    let wanted: Vec<_> = encodes.iter().map(|encode| (&encode.id, audio_file(&encode.id))).collect();
    let said = report.encodes.iter().map(|made| Said { id: &made.id, name: &made.file, bytes: made.bytes }).collect();
    files(request, &wanted, said)
}

/// What the child says of one encode.
struct Said<'a> {
    id: &'a EncodeId,
    /// Its file's name.
    name: &'a str,
    bytes: u64,
}

/// Opens the files that were wanted, if the child says the same of them, one by one.
fn files(request: &Request, wanted: &[(&EncodeId, String)], said: Vec<Said<'_>>) -> Result<Vec<Encoded>, ChildError> {
    ensure(said.len() == wanted.len(), "it names more or fewer encodes than were asked for")?;
    let dir = output(request)?;
    let mut found = Vec::new();
    for ((id, name), said) in wanted.iter().zip(said) {
        ensure(*id == said.id, "it names another encode")?;
        ensure(name == said.name, "it names another file")?;
        let file = Left::open(dir, name, request.limits.file_bytes)?.of_size(said.bytes)?.with_magic(4, FTYP)?;
        found.push(Encoded { id: (*id).clone(), name: name.clone(), file });
    }
    Ok(found)
}

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

/// The covers that were cut.
///
/// # Errors
/// [`ChildError::Lied`] when they are not exactly those that were asked for.
pub fn covers(request: &Request, report: &CoversReport) -> Result<Cut, ChildError> {
    let Job::Covers { whole, covers, duration_ms, .. } = &request.job else { return Err(another_job()) };
    plain_numbers(report)?;
    ensure(report.covers.len() == covers.len(), "it names more or fewer covers than were asked for")?;
    let dir = output(request)?;
    let open = |wish: &CoverWish, made: &media::protocol::Cover| {
        ensure(wish.file == made.file, "it names another file")?;
        let sides = (1..=wish.width).contains(&made.width) && (1..=wish.height).contains(&made.height);
        ensure(sides, "a cover is larger than was asked for")?;
        ensure(made.at_ms <= duration_ms.saturating_add(1000), "a cover is from beyond the end")?;
        let most = wish.max_bytes.unwrap_or(u64::MAX).min(request.limits.file_bytes);
        Left::open(dir, &wish.file, most)?.of_size(made.bytes)?.with_magic(0, JPEG)
    };
    let plain = CoverWish { file: whole.clone(), width: LONGEST_SIDE, height: LONGEST_SIDE, max_bytes: None };
    let whole = open(&plain, &report.whole)?;
    let covers = covers.iter().zip(&report.covers).map(|(wish, made)| open(wish, made)).collect::<Result<_, _>>()?;
    Ok(Cut { whole, covers })
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

#[cfg(test)]
mod tests;
