//! The output's constant frame rate, and what follows from it.
use crate::media_info::{Ratio, VideoInfo};

/// The rates that cameras, editors and partners use.
const STANDARD: [Ratio; 8] = [
    Ratio { num: 24_000, den: 1001 },
    Ratio { num: 24, den: 1 },
    Ratio { num: 25, den: 1 },
    Ratio { num: 30_000, den: 1001 },
    Ratio { num: 30, den: 1 },
    Ratio { num: 50, den: 1 },
    Ratio { num: 60_000, den: 1001 },
    Ratio { num: 60, den: 1 },
];

/// No partner gets more frames a second than this.
const MAX: f64 = 60.0;

/// Largest deviation of a counted mean from the intended rate: milliseconds are rounded and the last frame's duration
/// is a guess. Smaller than half of the 0.1 % between 29.97 and 30, so that those are distinguished.
const COUNTING: f64 = 0.000_45;

/// The output's frame rate.
///
/// A variable rate becomes the nearest standard rate to its mean. A constant rate is kept if possible: resampling it
/// would repeat or drop frames unevenly, which is visible as judder, and H.264 allows any rate. Above 60 it is divided
/// by a whole number, so that frames are dropped evenly; a non-standard one (12.5) becomes a standard multiple, so that
/// frames are repeated evenly.
pub(super) fn output(video: &VideoInfo) -> Ratio {
    let mean = video.frame_rate.value();
    if video.variable_rate || mean < 1.0 {
        return nearest_standard(mean);
    }
    let divisor = (mean / (MAX * (1.0 + COUNTING))).ceil().max(1.0);
    exact(mean / divisor).or_else(|| multiple(mean)).unwrap_or_else(|| nearest_standard(mean))
}

/// The standard rate that shows each frame of a non-standard constant rate equally often, such as 25 for 12.5.
fn multiple(rate: f64) -> Option<Ratio> {
    STANDARD.into_iter().find(|standard| {
        let times = (standard.value() / rate).round();
        times >= 2.0 && (rate * times / standard.value() - 1.0).abs() <= COUNTING
    })
}

fn nearest_standard(rate: f64) -> Ratio {
    let mut best = STANDARD[0];
    for candidate in STANDARD {
        if (candidate.value() - rate).abs() < (best.value() - rate).abs() {
            best = candidate;
        }
    }
    best
}

/// The standard, integer or NTSC-like (n·1000/1001) rate that a counted mean stands for; `None` if there is none.
fn exact(rate: f64) -> Option<Ratio> {
    let whole = rate.round() as u32;
    let ntsc = Ratio::new((rate * 1.001).round() as u32 * 1000, 1001);
    let candidates = [nearest_standard(rate), Ratio::new(whole, 1), ntsc];
    candidates.into_iter().find(|candidate| (candidate.value() / rate - 1.0).abs() <= COUNTING)
}

/// Output frames of a picture of this length: those that begin within it, at least one.
pub(super) fn frames(duration_ms: u64, rate: Ratio) -> u64 {
    frames_within(duration_ms, rate).max(1)
}

/// Output frames that begin within `ms`.
pub(super) fn frames_within(ms: u64, rate: Ratio) -> u64 {
    let numerator = u128::from(ms) * u128::from(rate.num);
    let denominator = 1000 * u128::from(rate.den);
    // Rounded, not truncated: half a millisecond of rounding in the duration must not cost the last frame.
    u64::try_from((numerator + denominator / 2) / denominator).unwrap_or(u64::MAX)
}

/// Frames from one key frame to the next.
pub(super) fn gop_frames(rate: Ratio, gop_s: u32) -> u32 {
    (rate.value() * f64::from(gop_s)).round().max(1.0) as u32
}

#[cfg(test)]
mod tests;
