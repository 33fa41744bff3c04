//! How fast frames follow each other, and key frames among them.
use std::collections::BTreeSet;

use pipeline::media_info::Ratio;

use crate::av;
use crate::read::isobmff::Length;

/// Longest time of a last frame that is believed, seconds: a closing title may stay for minutes, but what claims
/// hours is a mistake or a lie, of which a few bytes would cost hours of encoding.
const LAST_FRAME_S: i64 = 3600;
/// A last frame that stays longer than this is reported, seconds. Less comes from how writers round a film's end.
const TOLD_S: i64 = 1;
/// How many of the first distances between key frames are tried as their pace: a regular one shows within the first few.
const MOST_PACES: usize = 64;
/// A frame that stays longer than this many usual ones is followed by a hole.
const HOLE: i64 = 10;

/// How fast frames follow each other.
pub(super) struct Pace {
    pub(super) rate: Ratio,
    pub(super) variable: bool,
    /// First tick after the last frame.
    pub(super) end: i64,
    /// How much longer than usual the last frame stays, ticks; 0 if it does not.
    pub(super) stays: i64,
}

impl Pace {
    /// The pace of frames at `times`, of which the last one lasts `last_duration`, all in ticks of `base`.
    pub(super) fn of(times: &[i64], last_duration: i64, base: av::Rational) -> Self {
        let steps: Vec<i64> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
        let mut sorted = steps.clone();
        sorted.sort_unstable();
        let second = (i64::from(base.den) / i64::from(base.num.max(1))).max(1);
        let usual = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
        let usual = if usual > 0 { usual } else { last_duration.clamp(1, second) };
        let believed = last_duration > 0 && last_duration <= second.saturating_mul(LAST_FRAME_S);
        let last = times.last().copied().unwrap_or(0);
        let last_duration = if believed { last_duration } else { usual };
        let end = last.saturating_add(last_duration);
        let longer = last_duration.saturating_sub(usual);
        let stays = if longer > second.saturating_mul(TOLD_S).max(usual.saturating_mul(HOLE)) { longer } else { 0 };
        // Rounding of stamps moves each by up to a tick, or by a millisecond where a writer rounded to that.
        let rounding = 1.5f64.max(second as f64 * 0.0011);
        let mean = |steps: &[i64]| {
            let sum = steps.iter().fold(0i64, |sum, step| sum.saturating_add(*step));
            if steps.is_empty() { usual as f64 } else { sum as f64 / steps.len() as f64 }
        };
        // A frame lost here and there, or a pause, does not make 25 frames a second 24: where nearly all follow each other at
        // one pace, it is that pace. Else it is the mean of what is no pause.
        let near = rounding.min(usual as f64 / 4.0);
        let regular: Vec<i64> = sorted.iter().copied().filter(|step| step.abs_diff(usual) as f64 <= near).collect();
        let flow: Vec<i64> = sorted.iter().copied().take_while(|step| *step <= usual.saturating_mul(HOLE)).collect();
        let span = if regular.len() * 10 >= steps.len() * 9 { mean(&regular) } else { mean(&flow) };
        let variable = steps.iter().any(|step| (*step as f64 - span).abs() > rounding);
        Self {
            rate: nearest_rate(f64::from(base.den) / (f64::from(base.num.max(1)) * span.max(1e-9))),
            variable,
            end,
            stays,
        }
    }
}

/// How long the last of the frames at `times` is shown, in ticks of `base`: as its packet `stated`, or as the table of times of an ISO
/// file's track says. libav leaves the latter out where frames are coded in another order than they are shown in. What an edit list
/// cuts off is not shown.
pub(super) fn last_duration(times: &[i64], stated: i64, length: Option<Length>, base: av::Rational) -> i64 {
    // The time base of such a stream is its track's.
    let is_tracks = |length: &Length| i64::from(base.den) == i64::from(length.timescale) * i64::from(base.num);
    let Some(length) = length.filter(|length| length.samples > 0 && is_tracks(length)) else { return stated };
    let longest = stated.max(length.last_ticks.into());
    let (Some(first), Some(last)) = (times.first(), times.last()) else { return longest };
    let Some(edited_ms) = length.edited_ms else { return longest };
    let shown = i128::from(edited_ms) * i128::from(length.timescale) / 1000;
    let rest = i64::try_from(shown).unwrap_or(i64::MAX).saturating_sub(last.saturating_sub(*first));
    // Edit lists are rounded: they may cut off what the table adds, but nothing of the packet's length.
    longest.min(rest).max(stated)
}

/// The usual rate within 0.1 % of `fps`, or `fps` to a thousandth.
fn nearest_rate(fps: f64) -> Ratio {
    let whole = [12, 15, 20, 24, 25, 30, 48, 50, 60, 100, 120].map(|num| Ratio::new(num, 1));
    let broadcast = [24_000, 30_000, 48_000, 60_000, 120_000].map(|num| Ratio::new(num, 1001));
    let distance = |rate: &Ratio| (rate.value() / fps - 1.0).abs();
    let usual = broadcast.into_iter().chain(whole).min_by(|a, b| distance(a).total_cmp(&distance(b)));
    match usual {
        // 24000/1001 and 24 differ by 0.1 %, so the nearer one is taken and only within half of that.
        Some(rate) if distance(&rate) < 0.0005 => rate,
        _ => {
            let thousandths = (fps * 1000.0).round().clamp(1.0, 1e9) as u32;
            let divisor = greatest_common_divisor(thousandths, 1000);
            Ratio::new(thousandths / divisor, 1000 / divisor)
        }
    }
}

pub(super) fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a.max(1) } else { greatest_common_divisor(b, a % b) }
}

/// The shortest distance at every multiple of which a frame is a key frame, in frames; 0 if there is none. Stamps of key frames and
/// of all frames, the latter in order.
pub(super) fn pace_of(keys: &[i64], times: &[i64]) -> u32 {
    let places: BTreeSet<usize> = keys.iter().filter_map(|key| times.binary_search(key).ok()).collect();
    let kept = |pace: &usize| (0..times.len()).step_by(*pace).all(|place| places.contains(&place));
    let pace = places.iter().copied().filter(|place| *place > 0).take(MOST_PACES).find(kept);
    pace.and_then(|pace| u32::try_from(pace).ok()).unwrap_or(0)
}

/// Longest distance between key frames, the end of the picture counted as one.
pub(super) fn longest_gap(mut keys: Vec<i64>, end: i64) -> i64 {
    keys.push(end);
    keys.sort_unstable();
    keys.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
