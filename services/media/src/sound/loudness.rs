//! Brings sound to a loudness: measure once, one linear gain, limit the true peak, encode, and measure what came out. Where the encoder
//! put something on top, the ceiling is lowered there, and only there.
use std::path::Path;

use ebur128::{EbuR128, Mode};
use pipeline::media_info::AudioInfo;
use pipeline::rendition::AudioEncode;

use crate::child::protocol::{EncodedAudio, Limits};
use crate::error::{Error, Result};
use crate::read::stereo::RATE;
use crate::sound::limiter::{BLOCK, Limiter};
use crate::sound::{aac, measure};

/// The encoder adds a little to peaks, so the limiter aims this much lower at first, dB.
const MARGIN_DB: f64 = 0.3;
/// Encodes at most; each learns from the one before. Steady sound needs one, beats of noise two to five.
const MAX_PASSES: u32 = 16;
/// Passes that may change the gain. Later ones keep it, since a sound that is limited harder each time would never get below the ceiling.
const GAIN_PASSES: u32 = 4;
/// From this pass on the ceiling is lowered everywhere as well: of a thousand beats some come out higher at every try, never the same.
const EVERYWHERE_FROM: u32 = 5;
/// More than what was too much is taken off by this, dB: what the encoder adds differs from try to try.
const MORE_DB: f64 = 0.4;
/// A result this near to the target needs no further pass, LU.
const CLOSE_LU: f64 = 0.5;
/// No sound is turned up by more than this, dB: a sound that needs more is the noise of a room.
const MAX_GAIN_DB: f64 = 24.0;
/// The limiter may take this much off the highest peak, dB; more is heard as pumping.
const MAX_LIMITING_DB: f64 = 12.0;

/// How loud sound is as it came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Level {
    /// Integrated loudness, LUFS.
    pub(crate) loudness_lufs: f64,
    /// Highest sample or true peak, dBFS.
    pub(crate) peak_db: f64,
}

impl Level {
    /// The most gain that it may get for `encode`, dB.
    fn max_gain_db(self, encode: &AudioEncode) -> f64 {
        MAX_GAIN_DB.min(encode.true_peak_dbtp + MAX_LIMITING_DB - self.peak_db)
    }

    /// The loudness that it surely comes to for `encode`: the target, or less where it is nearly silent, or where its peaks
    /// stand so high above the rest that they would be at the ceiling first. LUFS.
    pub(crate) fn reachable_lufs(self, encode: &AudioEncode) -> f64 {
        let by_peaks = encode.true_peak_dbtp - (self.peak_db - self.loudness_lufs);
        encode.loudness_lufs.min(self.loudness_lufs + MAX_GAIN_DB).min(by_peaks)
    }
}

/// The level of stereo sound at 48 kHz; `None` when all of it is gated away as silence.
pub(crate) fn measure(sound: &[[f32; 2]]) -> Result<Option<Level>> {
    let failed = |error| Error::Failed(format!("measure loudness: {error:?}"));
    let mut meter = EbuR128::new(2, RATE, Mode::I).map_err(failed)?;
    meter.add_frames_f32(sound.as_flattened()).map_err(failed)?;
    let loudness_lufs = meter.loudness_global().map_err(failed)?;
    let peak = sound.as_flattened().iter().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
    let peak_db = 20.0 * f64::from(peak).log10();
    Ok(loudness_lufs.is_finite().then_some(Level { loudness_lufs, peak_db }))
}

/// Encodes `sound` of the measured level as `encode` says into `path`.
///
/// # Errors
/// A failure when the true peak does not hold after all passes; the loudness is left to QC and its tolerance.
pub(crate) fn encode(
    sound: &[[f32; 2]],
    measured: Option<Level>,
    encode: &AudioEncode,
    file: String,
    path: &Path,
    limits: &Limits,
) -> Result<EncodedAudio> {
    // Silence stays silence: there is nothing to bring anywhere.
    let most_db = measured.map_or(0.0, |level| level.max_gain_db(encode));
    let mut gain_db = measured.map_or(0.0, |level| encode.loudness_lufs - level.loudness_lufs).min(most_db);
    let mut ceilings = vec![amplitude(encode.true_peak_dbtp - MARGIN_DB); sound.len().div_ceil(BLOCK)];
    for pass in 1..=MAX_PASSES {
        let gain = amplitude(gain_db);
        let limited = Limiter::new(&ceilings).run(sound.iter().map(move |[left, right]| [left * gain, right * gain]));
        let mut put = vec![0.0f32; ceilings.len()];
        let limited = limited.enumerate().map(|(index, sample)| {
            let most = &mut put[index / BLOCK];
            *most = most.max(sample[0].abs()).max(sample[1].abs());
            sample
        });
        let bytes = aac::encode_aac(limited, encode.bitrate_kbps, path)?;
        let info = measure::measure_file(path, limits)?
            .ok_or_else(|| Error::Failed("the encoded sound is not there".into()))?;
        let excess = info.true_peak_dbtp.map_or(0.0, |peak| peak - encode.true_peak_dbtp);
        let off =
            info.loudness_lufs.filter(|_| measured.is_some()).map_or(0.0, |loudness| encode.loudness_lufs - loudness);
        let settled = pass >= GAIN_PASSES || (off > 0.0 && gain_db >= most_db);
        if excess <= 0.0 && (off.abs() <= CLOSE_LU || settled) {
            return Ok(report(encode, file, bytes, gain_db, pass, &info));
        }
        if excess > 0.0 {
            let heard = measure::peaks(path, amplitude(encode.true_peak_dbtp), limits)?;
            lower(&mut ceilings, &put, &heard, excess);
            if pass >= EVERYWHERE_FROM {
                let less = amplitude(-excess);
                ceilings.iter_mut().for_each(|ceiling| *ceiling *= less);
            }
        }
        // Only what the limiter took is given back.
        if off.abs() > CLOSE_LU && pass < GAIN_PASSES {
            gain_db = (gain_db + off).min(most_db);
        }
    }
    Err(Error::Failed(format!("the true peak of {} stays above {} dBTP", encode.id, encode.true_peak_dbtp)))
}

/// A finished encode of the sound as it is reported.
fn report(encode: &AudioEncode, file: String, bytes: u64, gain_db: f64, passes: u32, info: &AudioInfo) -> EncodedAudio {
    EncodedAudio {
        id: encode.id.clone(),
        file,
        bytes,
        duration_ms: info.duration_ms,
        gain_db,
        loudness_lufs: info.loudness_lufs,
        true_peak_dbtp: info.true_peak_dbtp,
        passes,
    }
}

/// Lowers the ceilings of the blocks that were `heard` above the limit, of which the highest was by `excess_db`, and of their
/// neighbours, whose windows overlap. `put` are the peaks that went into the encoder: a ceiling above them takes nothing off.
fn lower(ceilings: &mut [f32], put: &[f32], heard: &[f32], excess_db: f64) {
    // Two meters of true peak differ a little, so the highest of this one is what the other one has measured.
    let limit = heard.iter().copied().fold(0.0f32, f32::max) / amplitude(excess_db);
    for (block, heard) in heard.iter().enumerate().filter(|(_, heard)| **heard > limit) {
        let near = block.saturating_sub(1)..(block + 2).min(ceilings.len());
        let highest = put[near.clone()].iter().copied().fold(0.0f32, f32::max);
        let less = limit / heard / amplitude(MORE_DB);
        ceilings[near].iter_mut().for_each(|ceiling| *ceiling = ceiling.min(highest * less));
    }
}

/// The factor of an amplitude for a level in decibels.
fn amplitude(db: f64) -> f32 {
    10f64.powf(db / 20.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ceilings_fall_where_the_encoder_went_over_and_nowhere_else() {
        let mut ceilings = [0.75; 6];
        lower(&mut ceilings, &[0.1, 0.5, 0.6, 0.1, 0.7, 0.7], &[0.1, 0.5, 1.0, 0.2, 0.7, 0.5], 2.0);
        let lowered = 0.6 * amplitude(-2.0 - MORE_DB);
        assert_eq!(ceilings[0], 0.75);
        assert!(ceilings[1..4].iter().all(|ceiling| (ceiling - lowered).abs() < 1e-6), "{ceilings:?}");
        assert_eq!(ceilings[4..], [0.75; 2]);
    }
}
