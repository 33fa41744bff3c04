//! Reads the known content back out of a file.
use std::path::Path;

use ffmpeg::{codec, frame};
use ffmpeg_next as ffmpeg;
use pipeline::media_info::FieldOrder;

use super::pattern::{self, Shown};
use crate::child::protocol::Limits;
use crate::error::{During, Result};
use crate::probe;
use crate::read::reader::Reader;
use crate::read::stereo::RATE;
use crate::sound::decoded;

/// Reads the pictures of a file made from a clip, whatever its size. Rotation tags are not applied.
///
/// # Errors
/// If decoding fails.
pub fn pictures(path: &Path) -> Result<Vec<Shown>> {
    let limits = Limits::probe();
    let mut reader = Reader::open(path, 0, FieldOrder::Progressive, 1, &limits)?;
    let mut shown = Vec::new();
    while let Some(next) = reader.next(&limits)? {
        shown.push(pattern::read(&next.frame, next.at));
    }
    Ok(shown)
}

/// Reads the picture back from a JPEG that was made from a clip.
///
/// # Errors
/// If decoding fails.
pub fn still(path: &Path) -> Result<Shown> {
    let bytes = std::fs::read(path).during("read a JPEG")?;
    let codec = ffmpeg::decoder::find_by_name("mjpeg").ok_or(ffmpeg::Error::DecoderNotFound).during("find MJPEG")?;
    let mut decoder = codec::Context::new_with_codec(codec).decoder().video().during("open MJPEG")?;
    decoder.send_packet(&ffmpeg::Packet::copy(&bytes)).during("decode a JPEG")?;
    let mut picture = frame::Video::empty();
    decoder.receive_frame(&mut picture).during("decode a JPEG")?;
    Ok(pattern::read(&picture, 0.0))
}

/// Where the beeps of a file begin, in seconds from its first picture.
///
/// # Errors
/// If decoding fails.
pub fn beeps(path: &Path) -> Result<Vec<f64>> {
    let limits = Limits::probe();
    let info = probe::probe(path, &limits, &mut |_| ())?;
    let Some(sound) = info.audio else { return Ok(Vec::new()) };
    let samples = info.duration_ms as usize * RATE as usize / 1000;
    let heard = decoded::read(path, sound.stream as usize, info.video.start_ms, samples, &limits, &mut |_| ())?;
    let loudest = heard.iter().map(|pair| pair[0].abs()).fold(0.0, f32::max);
    let (mut found, mut quiet) = (Vec::new(), usize::MAX / 2);
    for (index, pair) in heard.iter().enumerate() {
        if pair[0].abs() > loudest * 0.3 && loudest > 0.001 {
            if quiet > RATE as usize / 10 {
                found.push(index as f64 / f64::from(RATE));
            }
            quiet = 0;
        } else {
            quiet += 1;
        }
    }
    Ok(found)
}
