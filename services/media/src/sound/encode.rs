//! The sound of a whole work: decoded once, converted to 48 kHz stereo, cut to the picture, and encoded for each encode of the plan.
use std::path::{Path, PathBuf};

use pipeline::media_info::Ratio;
use pipeline::rejection::Rejection;
use pipeline::rendition::AudioEncode;

use crate::child::protocol::{AudioReport, EncodedAudio, Limits, audio_file};
use crate::error::{Error, Result};
use crate::read::stereo::RATE;
use crate::sound::decoded;
use crate::sound::loudness::{self, Level};

/// Encodes that are made at the same time: each in a thread of its own, from the same samples, and none changes another's bits.
const SIDE_BY_SIDE: usize = 4;
/// The parameters of `encode`, see `Job::EncodeAudio`.
pub(crate) struct Wish<'a> {
    pub(crate) picture_start_ms: i64,
    pub(crate) frames: u64,
    pub(crate) frame_rate: Ratio,
    pub(crate) encodes: &'a [AudioEncode],
}

/// Encodes the sound of the file at `path`.
pub(crate) fn encode(
    path: &Path,
    wish: &Wish,
    output: impl Fn(&str) -> Result<PathBuf>,
    limits: &Limits,
    progress: &mut dyn FnMut(f64),
) -> Result<AudioReport> {
    let samples = length(wish)?;
    let stream = wish.encodes.first().and_then(|encode| encode.stream);
    if wish.encodes.iter().any(|encode| encode.stream != stream || encode.channels != 2 || encode.sample_rate != RATE) {
        return Err(Error::Failed("all encodes of the sound must be of one stream, stereo at 48 kHz".into()));
    }
    let sound = match stream {
        Some(stream) => decoded::read(path, stream as usize, wish.picture_start_ms, samples, limits, &mut |part| {
            progress(part * 0.5)
        })?,
        None => vec![[0.0; 2]; samples],
    };
    let measured = loudness::measure(&sound)?;
    let mut encodes = Vec::new();
    // The sound is often the last part of a work that is still running, while cores are idle.
    for some in wish.encodes.chunks(SIDE_BY_SIDE) {
        encodes.extend(side_by_side(&sound, measured, some, &output, limits)?);
        progress(0.5 + 0.5 * encodes.len() as f64 / wish.encodes.len() as f64);
    }
    Ok(AudioReport { encodes })
}

/// Makes these encodes, each in a thread of its own.
fn side_by_side(
    sound: &[[f32; 2]],
    measured: Option<Level>,
    encodes: &[AudioEncode],
    output: impl Fn(&str) -> Result<PathBuf>,
    limits: &Limits,
) -> Result<Vec<EncodedAudio>> {
    std::thread::scope(|scope| {
        let mut running = Vec::new();
        for encode in encodes {
            let file = audio_file(&encode.id);
            let path = output(&file)?;
            running.push(scope.spawn(move || loudness::encode(sound, measured, encode, file, &path, limits)));
        }
        let done = running.into_iter().map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        done.collect()
    })
}

/// Samples that last as long as the picture.
fn length(wish: &Wish) -> Result<usize> {
    let samples = u128::from(wish.frames) * u128::from(RATE) * u128::from(wish.frame_rate.den);
    let samples = (samples + u128::from(wish.frame_rate.num) / 2) / u128::from(wish.frame_rate.num.max(1));
    // A day: more would not fit into memory, and no entry lasts so long.
    match usize::try_from(samples) {
        Ok(samples) if samples as u64 <= 86_400 * u64::from(RATE) => Ok(samples),
        _ => Err(Rejection::BudgetExceeded { budget: "memory".into() }.into()),
    }
}
