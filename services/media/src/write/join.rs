//! Makes one finished mp4: joins the segments of an encode or copies the source's picture, and adds the sound.
use std::path::Path;

use ffmpeg_next as ffmpeg;

use crate::av;
use crate::child::protocol::{AssembleReport, Limits, PictureInput, Request};
use crate::error::Result;
use crate::read::times::to_us;
use crate::write::mux::Mux;
use copied::Copied;
use pictures::Pictures;
use segments::Joined;
use sound::Sound;

mod copied;
mod pictures;
mod segments;
mod sound;

/// What is to be written, see `Job::Assemble`.
pub(crate) struct Wish<'a> {
    pub(crate) picture: &'a PictureInput,
    pub(crate) sound: Option<&'a str>,
    pub(crate) aigc: Option<&'a str>,
    pub(crate) output: &'a str,
}

/// Writes the file.
pub(crate) fn join(request: &Request, wish: &Wish, progress: &mut dyn FnMut(f64)) -> Result<AssembleReport> {
    let limits = &request.limits;
    let path = request.output(wish.output)?;
    let mut pictures: Box<dyn Pictures> = match wish.picture {
        PictureInput::Joined { encode, frame_rate, segments } => {
            Box::new(Joined::open(request, segments, *frame_rate, encode)?)
        }
        PictureInput::Copied { file, stream } => {
            Box::new(Copied::open(&request.input(file)?, *stream as usize, limits)?)
        }
    };
    let mut sound = wish.sound.map(|file| Sound::open(&request.input(file)?, limits)).transpose()?;
    let made = write(&path, wish, pictures.as_mut(), &mut sound, limits, progress)?;
    Ok(AssembleReport { overdrawn: pictures.overdrawn(), encoded_again: encoded_again(wish.picture), ..made })
}

/// Segments that were encoded for another fill of the buffer than planned.
fn encoded_again(picture: &PictureInput) -> Vec<u32> {
    let PictureInput::Joined { encode, segments, .. } = picture else { return Vec::new() };
    let again = segments.iter().filter(|input| input.buffer_start != encode.buffer_start);
    again.map(|input| input.segment.index).collect()
}

/// Interleaves picture and sound by time, so that neither has to wait in memory for the other.
fn write(
    path: &Path,
    wish: &Wish,
    pictures: &mut dyn Pictures,
    sound: &mut Option<Sound>,
    limits: &Limits,
    progress: &mut dyn FnMut(f64),
) -> Result<AssembleReport> {
    let mut mux = Mux::create(path)?;
    let base = pictures.base();
    let video = mux.add(pictures.parameters(), base)?;
    if let Some(rate) = pictures.rate() {
        mux.frame_rate(video, ffmpeg::Rational::new(rate.num as i32, rate.den as i32));
    }
    let audio = sound.as_ref().map(|sound| mux.add(sound.parameters(), sound.base)).transpose()?;
    let tags: Vec<(&str, &str)> = wish.aigc.map(|label| ("AIGC", label)).into_iter().collect();
    mux.begin(true, &tags)?;
    let (mut frames, mut end) = (0, 0);
    while let Some(packet) = pictures.next(limits)? {
        let at_us = to_us(packet.dts().unwrap_or(0), av::Rational { num: base.0, den: base.1 });
        if let (Some(sound), Some(audio)) = (sound.as_mut(), audio) {
            sound.write_until(Some(at_us), &mut mux, audio, limits)?;
        }
        frames += u64::from(!av::is_discarded(&packet));
        end = end.max(packet.pts().unwrap_or(0).saturating_add(packet.duration()));
        mux.write(packet, video, base)?;
        progress(pictures.done());
    }
    if let (Some(sound), Some(audio)) = (sound.as_mut(), audio) {
        sound.write_until(None, &mut mux, audio, limits)?;
    }
    let bytes = mux.finish()?;
    let end_us = to_us(end, av::Rational { num: base.0, den: base.1 });
    let duration_ms = u64::try_from(end_us / 1000).unwrap_or(0);
    Ok(AssembleReport { bytes, frames, duration_ms, overdrawn: Vec::new(), encoded_again: Vec::new() })
}
