//! The preset and CRF of x264 that reach a rung's quality in the least time. Where a picture needs little of the cap, quicker
//! settings reach it with more bits; where the cap binds, quality comes from the preset.
use super::{picture, why};
use crate::catalogue::{Ladders, Quicker, Rung};
use crate::media_info::{MediaInfo, Trial};
use crate::rendition::{Because, Target};

/// Settings of one encode.
pub(super) struct Quality {
    pub(super) preset: String,
    pub(super) crf: f64,
    /// What they have to be as good as.
    pub(super) target: Target,
    pub(super) because: Because,
}

/// The settings of a rung whose picture has this size and this cap.
pub(super) fn of(
    info: &MediaInfo,
    ladders: &Ladders,
    rung: &Rung,
    (width, height): (u32, u32),
    cap_kbps: u32,
) -> Quality {
    let target = Target { preset: ladders.preset.clone(), crf: rung.crf };
    let pixels = f64::from(width) * f64::from(height);
    let rows = || ladders.quicker.iter().filter(|row| row.purpose == rung.purpose);
    let (Some(trial), Some(first)) = (&info.video.trial, rows().next()) else {
        let measured = info.video.trial.is_some();
        return own(target, |target| why::settings_of_rung(target, measured));
    };
    let needs = |row: &Quicker| needed_kbps(trial, pixels, rung.crf - row.crf_less);
    let fits = |row: &&Quicker| needs(row) <= row.up_to * f64::from(cap_kbps);
    match rows().find(fits) {
        Some(row) => {
            let crf = rung.crf - row.crf_less;
            let because = why::quicker((&row.preset, crf), &target, needs(row).round() as u64, cap_kbps);
            Quality { preset: row.preset.clone(), crf, target, because }
        }
        None => own(target, |target| why::too_hard(target, needs(first).round() as u64, cap_kbps)),
    }
}

/// The target's own settings.
fn own(target: Target, because: impl FnOnce(&Target) -> Because) -> Quality {
    Quality { preset: target.preset.clone(), crf: target.crf, because: because(&target), target }
}

/// What the hardest stretch of the picture would take in kbit/s at this CRF. x264's bitrate doubles about every 6 steps of
/// its CRF. Presets differ less than the films that the rows were measured with, and their limits hold that difference.
fn needed_kbps(trial: &Trial, pixels: f64, crf: f64) -> f64 {
    let tried = f64::from(trial.width) * f64::from(trial.height);
    picture::resized_kbps(trial.hardest_kbps as f64, tried, pixels) * f64::powf(2.0, (trial.crf - crf) / 6.0)
}

#[cfg(test)]
mod tests;
