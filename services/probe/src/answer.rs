//! Whether what a child answered about an entrant's file can be so: one function for each kind of answer. The child is not trusted: the
//! file may have taken over its decoder. What is wrong here is [`ChildError::Lied`]: a failure of ours at first, and a verdict when it
//! happens again, as with a crash.
use std::path::Path;

use media::protocol::{CUES, PROXY, ProbeReport, Request, SHEET};
use pipeline::fingerprint::{Fingerprint, MAX_SAMPLES};
use pipeline::media_info::{AudioInfo, MediaInfo, Outline, Ratio, Stretch, VideoInfo};
use runtime::child::{ChildError, numbers};
use runtime::scratch::Left;
use serde::Serialize;

/// The longest side of a picture as people see it, pixels: 8K, with pixels of any shape.
const LONGEST_SIDE: u32 = 1 << 17;
/// The longest list of times that a probe leaves; it stops at 2000 of any kind itself.
const TIMES: usize = 4096;
/// Items of the sound's fingerprint at most: of 20 minutes there are 9693.
const SOUND_ITEMS: usize = 10_000;
/// Words of a fingerprint at most, and those that they become when weak bits flip.
const WORDS: usize = 1 << 16;
/// Channels of sound at most. The probe refuses more than 16.
const CHANNELS: u32 = 64;
/// Levels beyond this have no meaning, dB either way: 24 bits span 144 dB.
const MOST_DB: f64 = 1000.0;
/// The largest sheet of small pictures, bytes.
const SHEET_BYTES: u64 = 64 << 20;
/// The largest list of cues, bytes.
const CUES_BYTES: u64 = 1 << 20;

/// What the child left for reviewers.
#[derive(Debug)]
pub struct Preview {
    /// The work, small: mp4.
    pub proxy: Left,
    /// The storyboard's sheet: JPEG.
    pub storyboard: Left,
    /// The storyboard's cues: WebVTT.
    pub cues: Left,
}

fn ensure(holds: bool, what: &str) -> Result<(), ChildError> {
    if holds { Ok(()) } else { Err(ChildError::Lied(what.to_owned())) }
}

fn plain_numbers(part: &impl Serialize) -> Result<(), ChildError> {
    let value = serde_json::to_value(part).map_err(|error| ChildError::Lied(error.to_string()))?;
    numbers(&value).map_err(ChildError::Lied)
}

/// Checks what was measured of a file of `bytes` bytes.
///
/// # Errors
/// [`ChildError::Lied`] when no file of this size can be so.
pub fn probed(request: &Request, report: &ProbeReport, bytes: u64) -> Result<(), ChildError> {
    let ProbeReport { media_info: info, fingerprint } = report;
    plain_numbers(info)?;
    ensure(info.size_bytes == bytes, "it measured another file")?;
    let MediaInfo { video, audio, streams, .. } = info;
    let limits = &request.limits;
    let most = limits.max_streams;
    ensure([streams.video, streams.audio, streams.other].into_iter().all(|count| count <= most), "too many streams")?;
    picture(video, limits.max_pixels, limits.max_frames)?;
    audio.as_ref().map_or(Ok(()), heard)?;
    words(fingerprint)
}

fn picture(video: &VideoInfo, max_pixels: u64, max_frames: u64) -> Result<(), ChildError> {
    let pixels = u64::from(video.coded_width) * u64::from(video.coded_height);
    ensure((1..=max_pixels).contains(&pixels), "a picture of no size, or larger than may be")?;
    let side = |side: u32| (1..=LONGEST_SIDE).contains(&side);
    ensure(side(video.display_width) && side(video.display_height), "no size that can be shown")?;
    ensure((1..=max_frames).contains(&video.frames), "no frames, or more than may be")?;
    let fraction = |ratio: Ratio| ratio.den > 0;
    ensure(fraction(video.frame_rate) && fraction(video.pixel_aspect), "a fraction without a denominator")?;
    ensure(video.frame_rate.num > 0 && video.pixel_aspect.num > 0, "a fraction beyond its range")?;
    ensure(matches!(video.rotation_degrees, 0 | 90 | 180 | 270), "a rotation that is none")?;
    let stretches = [&video.black, &video.frozen, &video.calm];
    ensure(stretches.into_iter().all(|list| ordered(list)), "stretches out of order")?;
    ensure(video.scene_changes_ms.is_sorted() && video.scene_changes_ms.len() <= TIMES, "scenes out of order")?;
    ensure(video.cover_candidates_ms.len() <= TIMES, "too many moments")
}

fn heard(audio: &AudioInfo) -> Result<(), ChildError> {
    ensure(audio.sample_rate > 0 && (1..=CHANNELS).contains(&audio.channels), "a sound without samples or channels")?;
    let levels = [audio.loudness_lufs, audio.true_peak_dbtp];
    ensure(levels.into_iter().flatten().all(|level| level.abs() <= MOST_DB), "a level that is none")?;
    ensure(ordered(&audio.silent) && ordered(&audio.quiet), "stretches out of order")
}

fn ordered(stretches: &[Stretch]) -> bool {
    stretches.len() <= TIMES && stretches.iter().all(|stretch| stretch.start_ms <= stretch.end_ms)
}

fn words(fingerprint: &Fingerprint) -> Result<(), ChildError> {
    let Fingerprint { picture, sound, tokens, probes } = fingerprint;
    let bounded = picture.len() <= MAX_SAMPLES && sound.len() <= SOUND_ITEMS;
    ensure(bounded && tokens.len() <= WORDS && probes.len() <= WORDS, "a fingerprint without end")
}

/// Checks what headers claim.
///
/// # Errors
/// [`ChildError::Lied`] when it cannot be so.
pub fn outline(outline: &Outline) -> Result<(), ChildError> {
    plain_numbers(outline)?;
    let side = |side: u32| side <= LONGEST_SIDE;
    ensure(side(outline.display_width) && side(outline.display_height), "no size that can be shown")?;
    ensure(outline.format.chars().count() <= 64 && outline.brand.chars().count() <= 64, "no name of a format")
}

/// Opens what the child left for reviewers in `output`; `None` where it left nothing.
///
/// # Errors
/// [`ChildError::Lied`] when only a part is there, or something else than files of their kind.
pub fn preview(request: &Request, output: &Path) -> Result<Option<Preview>, ChildError> {
    let Some(cues) = Left::open_if_there(output, CUES, CUES_BYTES)? else { return Ok(None) };
    Ok(Some(Preview {
        proxy: Left::open(output, PROXY, request.limits.file_bytes)?.with_magic(4, b"ftyp")?,
        storyboard: Left::open(output, SHEET, SHEET_BYTES)?.with_magic(0, &[0xff, 0xd8, 0xff])?,
        cues: cues.with_magic(0, b"WEBVTT")?,
    }))
}

#[cfg(test)]
mod tests;
