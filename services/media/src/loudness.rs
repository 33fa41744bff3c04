//! Brings sound to a loudness: measure once, one linear gain, limit the true peak, encode, and measure what came out.
use std::path::Path;

use ebur128::{EbuR128, Mode};
use pipeline::rendition::AudioEncode;

use crate::audio::{self, RATE};
use crate::child::protocol::{EncodedAudio, Limits};
use crate::error::{Error, Result};
use crate::limiter::Limiter;

/// The encoder adds a little to peaks, so the limiter aims this much lower at first, dB.
const MARGIN_DB: f64 = 0.3;
/// Encodes at most; each learns from the one before.
const MAX_PASSES: u32 = 4;
/// A result this near to the target needs no further pass, LU.
const CLOSE_LU: f64 = 0.5;

/// Integrated loudness of stereo sound at 48 kHz, LUFS; `None` when all of it is gated away as silence.
pub(crate) fn measure(sound: &[[f32; 2]]) -> Result<Option<f64>> {
    let failed = |error| Error::Failed(format!("measure loudness: {error:?}"));
    let mut meter = EbuR128::new(2, RATE, Mode::I).map_err(failed)?;
    meter.add_frames_f32(sound.as_flattened()).map_err(failed)?;
    let loudness = meter.loudness_global().map_err(failed)?;
    Ok(loudness.is_finite().then_some(loudness))
}

/// Encodes `sound` of the measured loudness as `encode` says into `path`.
///
/// # Errors
/// A failure when the true peak does not hold after all passes; the loudness is left to QC and its tolerance.
pub(crate) fn encode(
    sound: &[[f32; 2]],
    measured: Option<f64>,
    encode: &AudioEncode,
    file: String,
    path: &Path,
    limits: &Limits,
) -> Result<EncodedAudio> {
    // Silence stays silence: there is nothing to bring anywhere.
    let mut gain_db = measured.map_or(0.0, |measured| encode.loudness_lufs - measured);
    let mut ceiling = encode.true_peak_dbtp - MARGIN_DB;
    for pass in 1..=MAX_PASSES {
        let gain = 10f64.powf(gain_db / 20.0) as f32;
        let limited = Limiter::new(ceiling).run(sound.iter().map(|[left, right]| [left * gain, right * gain]));
        let bytes = audio::encode_aac(limited, encode.bitrate_kbps, path)?;
        let info =
            audio::measure_file(path, limits)?.ok_or_else(|| Error::Failed("the encoded sound is not there".into()))?;
        let excess = info.true_peak_dbtp.map_or(0.0, |peak| peak - encode.true_peak_dbtp);
        let off =
            info.loudness_lufs.filter(|_| measured.is_some()).map_or(0.0, |loudness| encode.loudness_lufs - loudness);
        let last = pass == MAX_PASSES;
        if excess <= 0.0 && (off.abs() <= CLOSE_LU || last) {
            return Ok(audio::report(encode, file, bytes, gain_db, pass, &info));
        }
        if excess > 0.0 {
            ceiling -= excess + 0.1;
        }
        // Only what the limiter took is given back, and not on the last pass, whose peak must hold.
        if off.abs() > CLOSE_LU && pass + 1 < MAX_PASSES {
            gain_db += off;
        }
    }
    Err(Error::Failed(format!("the true peak of {} stays above {} dBTP", encode.id, encode.true_peak_dbtp)))
}
