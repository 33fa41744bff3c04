//! Whether a child's answer about an entrant's file is possible: one function for each kind of answer. The child is not trusted: the file
//! may have taken control of its decoder. An impossible answer is [`ChildError::Lied`]: the first time it counts as our failure, the
//! second time as a verdict, as with a crash.
use std::path::Path;

use media::protocol::{CUES, PROXY, ProbeReport, Request, SHEET};
use pipeline::fingerprint::{Fingerprint, MAX_SAMPLES};
use pipeline::media_info::{AudioInfo, MediaInfo, Oddity, Outline, Ratio, ShortTerm, Stretch, VideoInfo};
use runtime::child::{ChildError, numbers};
use runtime::scratch::Left;
use serde::Serialize;

mod cues;

/// The longest side of a picture as people see it, pixels: 8K, with pixels of any shape.
const LONGEST_SIDE: u32 = 1 << 17;
/// The longest list of times in an answer; the probe itself stops at 2000 of a kind.
const TIMES: usize = 4096;
/// Items of the sound's fingerprint at most: of 20 minutes there are 9693.
const SOUND_ITEMS: usize = 10_000;
/// Most words of a fingerprint, including those that it has when weak bits flip.
const WORDS: usize = 1 << 16;
/// Channels of sound at most. The probe refuses more than 16.
const CHANNELS: u32 = 64;
/// Longest name of a codec, a format, a colour or a brand, in characters.
const NAME_CHARS: usize = 256;
/// Oddities at most; there are five kinds.
const ODDITIES: usize = 32;
/// Compatible brands at most. The probe reads no more than 64.
const BRANDS: usize = 256;
/// Seconds whose bytes are counted: an hour of them, and what rounding adds.
const SECONDS: usize = 3700;
/// Most that a time may lie beyond the end, ms: lengths are rounded, and sound may be longer than the picture.
const BEYOND_MS: u64 = 10_000;
/// Levels beyond this have no meaning, dB either way: 24 bits span 144 dB.
const MOST_DB: f64 = 1000.0;
/// The largest sheet of small pictures, bytes.
const SHEET_BYTES: u64 = 64 << 20;
/// The largest list of cues, bytes.
const CUES_BYTES: u64 = 1 << 20;

/// What the child left for reviewers.
#[derive(Debug)]
pub struct Preview {
    /// The proxy, a small mp4.
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
/// [`ChildError::Lied`] when no file of this size can have these properties.
pub fn probed(request: &Request, report: &ProbeReport, bytes: u64) -> Result<(), ChildError> {
    let ProbeReport { media_info: info, fingerprint } = report;
    measured(info)?;
    ensure(info.size_bytes == bytes, "it measured another file")?;
    let MediaInfo { video, audio, streams, .. } = info;
    let limits = &request.limits;
    let most = limits.max_streams;
    ensure([streams.video, streams.audio, streams.other].into_iter().all(|count| count <= most), "too many streams")?;
    let sound = audio.as_ref().map(|audio| audio.stream);
    let used = [Some(video.stream), sound];
    ensure(used.into_iter().flatten().all(|index| index < most), "a stream that does not exist")?;
    ensure(sound != Some(video.stream), "a stream that is both picture and sound")?;
    ensure(info.other_tracks.len() <= most as usize, "too many tracks")?;
    let end_ms = info.duration_ms.max(video.duration_ms).saturating_add(video.start_ms.unsigned_abs());
    let end_ms = end_ms.saturating_add(BEYOND_MS);
    picture(video, limits.max_pixels, limits.max_frames)?;
    ensure(times(video).all(|ms| ms <= end_ms), "a time beyond the end")?;
    ensure(
        info.damage.len() <= MediaInfo::MOST_DAMAGE && ordered(&info.damage),
        "damage out of order, or too much of it",
    )?;
    ensure(info.damage.iter().all(|stretch| stretch.end_ms <= end_ms), "damage beyond the end")?;
    audio.as_ref().map_or(Ok(()), |audio| heard(audio, end_ms))?;
    words(fingerprint)
}

/// Bounds numbers, texts and lists. What a header claims may be of any size: it is shown, and nothing is computed from it.
fn measured(info: &MediaInfo) -> Result<(), ChildError> {
    let MediaInfo { video, audio, compatible_brands, other_tracks, oddities, .. } = info;
    let mut value = serde_json::to_value(info).map_err(|error| ChildError::Lied(error.to_string()))?;
    if oddities.iter().any(|oddity| matches!(oddity, Oddity::LongMovieHeader { .. })) {
        value["oddities"] = serde_json::Value::Null;
    }
    numbers(&value).map_err(ChildError::Lied)?;
    ensure(oddities.len() <= ODDITIES && compatible_brands.len() <= BRANDS, "a list that is too long")?;
    let oddity_names = oddities.iter().flat_map(|oddity| match oddity {
        Oddity::ForeignBrand { major } => vec![major],
        Oddity::ColourInConflict { container, bitstream } => vec![container, bitstream],
        Oddity::LongMovieHeader { .. }
        | Oddity::PacketsWithoutPicture { .. }
        | Oddity::TimesByOrder
        | Oddity::LastPictureStays { .. } => vec![],
    });
    let colour = &video.colour;
    let names = [&info.format, &info.brand, &video.codec, &video.profile, &video.pixel_format];
    let names = names.into_iter().chain([&colour.matrix, &colour.primaries, &colour.transfer_name]);
    let names = names.chain(audio.iter().flat_map(|audio| [&audio.codec, &audio.profile, &audio.layout]));
    let names = names.chain(compatible_brands).chain(other_tracks.iter().map(|track| &track.codec)).chain(oddity_names);
    ensure(names.into_iter().all(|name| name.chars().nth(NAME_CHARS).is_none()), "a name that is too long")
}

/// Every moment that is given for the picture.
fn times(video: &VideoInfo) -> impl Iterator<Item = u64> {
    let stretches = [&video.black, &video.frozen, &video.calm].into_iter().flatten().map(|stretch| stretch.end_ms);
    stretches.chain(video.scene_changes_ms.iter().copied()).chain(video.cover_candidates_ms.iter().copied())
}

fn picture(video: &VideoInfo, max_pixels: u64, max_frames: u64) -> Result<(), ChildError> {
    let pixels = u64::from(video.coded_width) * u64::from(video.coded_height);
    ensure((1..=max_pixels).contains(&pixels), "a picture of no size, or larger than may be")?;
    let side = |side: u32| (1..=LONGEST_SIDE).contains(&side);
    ensure(side(video.display_width) && side(video.display_height), "a display size out of range")?;
    ensure((1..=max_frames).contains(&video.frames), "no frames, or more than may be")?;
    let fraction = |ratio: Ratio| ratio.den > 0;
    ensure(fraction(video.frame_rate) && fraction(video.pixel_aspect), "a fraction without a denominator")?;
    ensure(video.frame_rate.num > 0 && video.pixel_aspect.num > 0, "a fraction beyond its range")?;
    ensure(matches!(video.rotation_degrees, 0 | 90 | 180 | 270), "an invalid rotation")?;
    let stretches = [&video.black, &video.frozen, &video.calm];
    ensure(stretches.into_iter().all(|list| ordered(list)), "stretches out of order")?;
    ensure(video.scene_changes_ms.is_sorted() && video.scene_changes_ms.len() <= TIMES, "scenes out of order")?;
    ensure(video.cover_candidates_ms.len() <= TIMES, "too many moments")?;
    let points = video.entry_points.as_deref().unwrap_or_default();
    ensure(points.is_sorted() && points.len() as u64 <= max_frames, "entry points out of order, or too many")?;
    ensure(video.bytes_by_second.len() <= SECONDS, "too many seconds")?;
    ensure((1..=64).contains(&video.bit_depth), "samples of no depth")?;
    ensure(u64::from(video.key_frame_pace_frames) <= video.frames, "a pace beyond the end")?;
    ensure(video.last_picture_stays_ms <= video.duration_ms, "a last picture that stays beyond the end")
}

fn heard(audio: &AudioInfo, end_ms: u64) -> Result<(), ChildError> {
    ensure(audio.sample_rate > 0 && (1..=CHANNELS).contains(&audio.channels), "a sound without samples or channels")?;
    let levels = [audio.loudness_lufs, audio.true_peak_dbtp];
    ensure(levels.into_iter().flatten().all(|level| level.abs() <= MOST_DB), "a level out of range")?;
    if let Some(ShortTerm { step_s, lufs }) = &audio.short_term {
        ensure(*step_s > 0 && lufs.len() <= ShortTerm::MOST, "a curve that is too long")?;
        ensure(lufs.iter().all(|level| level.abs() <= MOST_DB), "a level out of range")?;
    }
    ensure(ordered(&audio.silent) && ordered(&audio.quiet), "stretches out of order")?;
    let mut stretches = audio.silent.iter().chain(&audio.quiet);
    ensure(stretches.all(|stretch| stretch.end_ms <= end_ms), "a time beyond the end")
}

fn ordered(stretches: &[Stretch]) -> bool {
    stretches.len() <= TIMES && stretches.iter().all(|stretch| stretch.start_ms <= stretch.end_ms)
}

fn words(fingerprint: &Fingerprint) -> Result<(), ChildError> {
    let Fingerprint { picture, sound, tokens, probes } = fingerprint;
    let bounded = picture.len() <= MAX_SAMPLES && sound.len() <= SOUND_ITEMS;
    ensure(bounded && tokens.len() <= WORDS && probes.len() <= WORDS, "a fingerprint that is too long")
}

/// Checks what headers claim.
///
/// # Errors
/// [`ChildError::Lied`] when the claims are impossible.
pub fn outline(outline: &Outline) -> Result<(), ChildError> {
    plain_numbers(outline)?;
    let side = |side: u32| side <= LONGEST_SIDE;
    ensure(side(outline.display_width) && side(outline.display_height), "a display size out of range")?;
    let names = [&outline.format, &outline.brand].into_iter().chain(&outline.compatible_brands);
    ensure(names.into_iter().all(|name| name.chars().nth(NAME_CHARS).is_none()), "no name of a format")?;
    ensure(outline.compatible_brands.len() <= BRANDS, "a list that is too long")
}

/// Opens what the child left for reviewers in `output`; `None` where it left nothing.
///
/// # Errors
/// [`ChildError::Lied`] when only a part is there, or something else than files of their kind.
pub fn preview(request: &Request, output: &Path) -> Result<Option<Preview>, ChildError> {
    let Some(cues) = Left::open_if_there(output, CUES, CUES_BYTES)? else { return Ok(None) };
    let text = String::from_utf8(cues.content()?).map_err(|_| ChildError::Lied("its cues are not text".into()))?;
    cues::check(&text).map_err(|what| ChildError::Lied(format!("its cues hold {what}")))?;
    Ok(Some(Preview {
        proxy: Left::open(output, PROXY, request.limits.file_bytes)?.with_magic(4, b"ftyp")?,
        storyboard: Left::open(output, SHEET, SHEET_BYTES)?.with_magic(0, &[0xff, 0xd8, 0xff])?,
        cues,
    }))
}

#[cfg(test)]
mod tests;
