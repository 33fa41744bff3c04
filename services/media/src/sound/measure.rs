//! Measures encoded files of our own: what the encoder made of the sound.
use std::path::Path;

use ffmpeg_next::frame;
use pipeline::media_info::AudioInfo;

use crate::av;
use crate::child::protocol::Limits;
use crate::error::{Error, Result};
use crate::probe::sound::SoundMeasure;
use crate::read::decode::{self, Tally};
use crate::read::source::Source;
use crate::read::tracks;
use crate::sound::limiter::Peaks;

/// Decodes the sound of a file of ours and measures it.
pub(crate) fn measure_file(path: &Path, limits: &Limits) -> Result<Option<AudioInfo>> {
    let mut source = Source::open(path, limits)?;
    let Some(index) = tracks::choice(&source).sound else { return Ok(None) };
    let mut sound = SoundMeasure::open(&source, index, limits)?;
    let mut tally = Tally::default();
    while let Some(packet) = tally.next(&mut source, limits)? {
        if packet.stream() == index {
            sound.packet(Some(&packet), &mut tally, None)?;
        }
    }
    sound.packet(None, &mut tally, None)?;
    if tally.errors > 0 {
        return Err(Error::Failed(format!("the encoded sound has {} errors", tally.errors)));
    }
    Ok(sound.finish(source.origin_us()))
}

/// The true peaks of the blocks of a stereo file of ours, full scale being 1; below `least` they may be the samples' own.
pub(crate) fn peaks(path: &Path, least: f32, limits: &Limits) -> Result<Vec<f32>> {
    let mut source = Source::open(path, limits)?;
    let missing = || Error::Failed("the encoded sound is not there".into());
    let index = tracks::choice(&source).sound.ok_or_else(missing)?;
    let mut decoder = decode::open(&source, index, limits, 1)?;
    let (mut tally, mut frame) = (Tally::default(), frame::Audio::empty());
    let (mut peaks, mut channels) = (Peaks::new(least), [Vec::new(), Vec::new()]);
    loop {
        let packet = tally.next(&mut source, limits)?;
        if packet.as_ref().is_some_and(|packet| packet.stream() != index) {
            continue;
        }
        decode::feed(&mut decoder, packet.as_ref(), &mut frame, &mut tally, |frame| {
            channels.iter_mut().for_each(Vec::clear);
            if av::samples(frame, &mut channels) {
                let [left, right] = &channels;
                left.iter().zip(right).for_each(|(left, right)| peaks.push([*left, *right]));
            }
            Ok(())
        })?;
        if packet.is_none() {
            return Ok(peaks.finish());
        }
    }
}
