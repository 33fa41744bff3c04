//! Takes the covers of a finished rendition at one moment: the picture as it is, and what is cut out of it for partners.
use std::path::Path;

use ffmpeg_next::frame;
use pipeline::media_info::FieldOrder;

use crate::av;
use crate::child::protocol::{Cover, CoverWish, CoversReport, Limits};
use crate::error::{During, Error, Result};
use crate::read::reader::{Reader, Shown};
use crate::write::jpeg::{self, Window};

/// Pictures that are compared where no moment was given. They are spread over the work, without its very beginning and end.
const CANDIDATES: u64 = 8;
/// JPEG qualities as ffmpeg counts them, the best first: each step makes a file about a tenth to a quarter smaller.
const QUALITIES: [i32; 13] = [3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 22, 26, 31];
/// At most this share of the samples may be dark, in percent, or the picture counts as black.
const DARK_SHARE: u64 = 90;
/// What a window at the very edge has to have more than one in the middle, in percent: where nothing stands out, the middle it is.
const EDGE: u64 = 10;

/// Which covers to take of a rendition.
pub(crate) struct Wish<'a> {
    /// Name of the whole picture's file.
    pub(crate) whole: &'a str,
    /// The partners' covers.
    pub(crate) covers: &'a [CoverWish],
    /// Moments of the picture, ms, best first.
    pub(crate) moments_ms: &'a [u64],
    /// The mp4's length, ms.
    pub(crate) duration_ms: u64,
}

/// Takes the covers of the mp4 at `path`. `output` gives each file's path.
pub(crate) fn take(
    path: &Path,
    wish: &Wish,
    output: impl Fn(&str) -> Result<std::path::PathBuf>,
    limits: &Limits,
) -> Result<CoversReport> {
    let mut reader = Reader::open(path, 0, FieldOrder::Progressive, 1, limits)?;
    let found = match at_moment(&mut reader, wish.moments_ms, wish.duration_ms, limits)? {
        Some(found) => Some(found),
        None => search(&mut reader, wish.duration_ms, limits)?,
    };
    let (frame, at) = found.ok_or_else(|| Error::Failed("no picture to take a cover of".into()))?;
    let at_ms = (at * 1000.0).round().max(0.0) as u64;
    let write = |wish: &CoverWish, bytes: &[u8], (width, height): (u32, u32)| {
        std::fs::write(output(&wish.file)?, bytes).during("write a cover")?;
        Ok(Cover { file: wish.file.clone(), width, height, bytes: bytes.len() as u64, at_ms })
    };
    let size = (frame.width(), frame.height());
    let plain = CoverWish { file: wish.whole.to_owned(), width: size.0, height: size.1, max_bytes: None };
    let (whole, _) = encode(&frame, Window { x: 0, y: 0, width: size.0, height: size.1 }, &plain)?;
    let cut = |wish: &CoverWish| {
        // Most covers are the whole picture.
        if (wish.width, wish.height) == size && wish.max_bytes.is_none_or(|most| whole.len() as u64 <= most) {
            return write(wish, &whole, size);
        }
        let (bytes, made) = encode(&frame, window(&frame, (wish.width, wish.height)), wish)?;
        write(wish, &bytes, made)
    };
    let covers = wish.covers.iter().map(cut).collect::<Result<_>>()?;
    Ok(CoversReport { whole: write(&plain, &whole, size)?, covers })
}

/// The picture at the first of the moments that the rendition has, and its second.
fn at_moment(
    reader: &mut Reader,
    moments_ms: &[u64],
    duration_ms: u64,
    limits: &Limits,
) -> Result<Option<(frame::Video, f64)>> {
    let Some(moment) = moments_ms.iter().find(|moment| **moment < duration_ms) else { return Ok(None) };
    let wanted = *moment as f64 / 1000.0;
    reader.seek(wanted, limits)?;
    // Stamps were rounded to milliseconds, and the output grid moves pictures by up to half a frame.
    let mut shown = None;
    while let Some(next) = reader.next(limits)? {
        let enough = next.at + next.length.max(0.001) > wanted;
        shown = Some((next.frame, next.at));
        if enough {
            break;
        }
    }
    Ok(shown)
}

/// The sharpest of a few key frames that is not black, and its second.
fn search(reader: &mut Reader, duration_ms: u64, limits: &Limits) -> Result<Option<(frame::Video, f64)>> {
    let mut best: Option<(u64, Shown)> = None;
    for candidate in 0..CANDIDATES {
        let wanted = duration_ms as f64 / 1000.0 * (candidate as f64 + 0.5) / CANDIDATES as f64;
        reader.seek(wanted, limits)?;
        let Some(next) = reader.next(limits)? else { continue };
        let score = score(&next.frame);
        // Of equals the first, so that the same file always gives the same cover.
        if best.as_ref().is_none_or(|(most, _)| score > *most) {
            best = Some((score, next));
        }
    }
    Ok(best.map(|(_, next)| (next.frame, next.at)))
}

/// A measure of visible detail: the mean step between neighbours, a thousandth of it for dark pictures.
fn score(frame: &frame::Video) -> u64 {
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    let (mut steps, mut dark) = (0u64, 0u64);
    let mut all = 0u64;
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

/// The largest part of a picture that has the shape of `wanted`, placed where the most detail is.
fn window(frame: &frame::Video, wanted: (u32, u32)) -> Window {
    let (width, height) = (frame.width(), frame.height());
    let (across, down) = (u64::from(wanted.0.max(1)), u64::from(wanted.1.max(1)));
    let fit = |side: u32, part: u64, whole: u64| {
        let exact = (u64::from(side) * part + whole / 2) / whole;
        u32::try_from(exact).unwrap_or(u32::MAX)
    };
    let even = |pixels: u32, most: u32| (pixels.next_multiple_of(2)).min(most & !1).max(2);
    let wide = fit(height, across, down);
    if wide <= width {
        let wide = even(wide, width);
        return Window { x: best_place(&details(frame, true), wide), y: 0, width: wide, height };
    }
    let high = even(fit(width, down, across), height);
    Window { x: 0, y: best_place(&details(frame, false), high), width, height: high }
}

/// How much detail each column has, or each row.
fn details(frame: &frame::Video, columns: bool) -> Vec<u64> {
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    let mut details = vec![0u64; if columns { width } else { height }];
    for y in (0..height.saturating_sub(1)).step_by(2) {
        let (Some(row), Some(next)) = (av::row(frame, 0, y, width), av::row(frame, 0, y + 1, width)) else { continue };
        for x in 1..width {
            let detail = u64::from(row[x].abs_diff(row[x - 1])) + u64::from(row[x].abs_diff(next[x]));
            details[if columns { x } else { y }] += detail;
        }
    }
    details
}

/// Where a window of `length` begins best: even, as chroma has half the places.
fn best_place(details: &[u64], length: u32) -> u32 {
    let length = (length as usize).min(details.len());
    let last = (details.len() - length) & !1;
    let mut sum: u64 = details[..length].iter().sum();
    let mut best = (0, 0);
    for place in 0..=last {
        if place > 0 {
            sum = sum + details[place + length - 1] - details[place - 1];
        }
        if place % 2 == 1 {
            continue;
        }
        let off = (2 * place).abs_diff(last) as u64 * EDGE / (last as u64).max(1);
        // Rounded, so that a little noise does not move the window.
        let worth = sum / 256 * (100 - off);
        let nearer = |other: usize| (2 * place).abs_diff(last) < (2 * other).abs_diff(last);
        if worth > best.0 || (worth == best.0 && nearer(best.1)) {
            best = (worth, place);
        }
    }
    u32::try_from(best.1).unwrap_or(0)
}

/// A part of the picture as JPEG and its size, at the best quality that keeps to its limit; smaller where none does.
fn encode(frame: &frame::Video, part: Window, wish: &CoverWish) -> Result<(Vec<u8>, (u32, u32))> {
    for quarters in (1..=4).rev() {
        let size = (wish.width * quarters / 4, wish.height * quarters / 4);
        let mut picture = jpeg::convert(frame, part, size)?;
        for quality in QUALITIES {
            let bytes = jpeg::encode(&mut picture, quality)?;
            if wish.max_bytes.is_none_or(|most| bytes.len() as u64 <= most) {
                return Ok((bytes, size));
            }
        }
    }
    Err(Error::Failed(format!("{} cannot be made with {} bytes", wish.file, wish.max_bytes.unwrap_or(0))))
}

#[cfg(test)]
mod tests;
