//! What the scores of compared frames say about a rendition.
//!
//! - *fail*, our fault: at two places or more (at the only one, if there is one) the frames clearly match neighbours at one and the
//!   same distance better than those of their own index: the picture is shifted in time. Clearly means by [`CLEARLY`], and by half
//!   of the difference to 1; a smaller lead occurs by chance in still scenes or strongly compressed ones.
//! - *pass*: the mean over all places is at least [`LIMIT`], and no place is below [`PLAUSIBLE`]. Where the whole lies at its cap, the
//!   mean need only be that: the plan wants the cap, which cannot keep rain, sparks or the noise of a night scene.
//!   Places of noise are left out: where the source's frames are noise ([`Luma::is_noise`]), of which no encode keeps a likeness, and the
//!   rendition's are like them from afar.
//! - *invalid*: the measurement is not reliable. No frame of the source could be sampled; or a score is below
//!   [`PLAUSIBLE`] although its frames match no neighbour better; or large blocks of a frame are unlike those of every neighbour, as in
//!   a picture that was decoded without its reference pictures, whose details may still score 0.8. No encode is that bad, so one of the two
//!   was decoded wrongly. Then nothing is known about the rendition, and the part is parked.
//! - *fail* otherwise: below the limit, and reliable.
use pipeline::rendition::QcOutcome;

use crate::check::ssim::{Luma, ssim};

/// Neighbours that are compared, on each side.
pub(super) const NEIGHBOURS: u64 = 3;
/// Lowest mean over all places. Encodes of the ladder score 0.93 to 0.99; noise that is held down by a cap 0.7 and less.
pub(super) const LIMIT: f64 = 0.75;

/// Scores below this do not occur with correct decoding.
pub(super) const PLAUSIBLE: f64 = 0.5;

/// By how much a neighbour has to match better to count as clearly better.
const CLEARLY: f64 = 0.02;

/// A measure of how alike two pictures are; `None` where they cannot be compared.
type Likeness = fn(&Luma, &Luma) -> Option<f64>;

/// One place: how well the rendition's frames from `frame` on match the source's, by distance in frames.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    frame: u64,
    scores: Vec<(i64, f64)>,
    /// How alike they are from afar, at the distance where they are most alike; 1 for pictures too small for it.
    afar: f64,
    /// Whether the score is so low because the source's frames are noise.
    noise: bool,
}

/// The result, as a row of quality control.
pub(super) struct Compared {
    pub(super) measured: String,
    pub(super) limit: String,
    pub(super) outcome: QcOutcome,
}

impl Sample {
    /// Compares the rendition's frames from `frame` on with `theirs`, the source's from `from` on. `None` where their own are missing.
    pub(super) fn of(frame: u64, made: &[&Luma], theirs: &[Luma], from: u64) -> Option<Self> {
        let (mut scores, mut afar) = (Vec::new(), None);
        for distance in -(NEIGHBOURS as i64)..=NEIGHBOURS as i64 {
            let pair = |(index, one): (usize, &&Luma), measure: Likeness| {
                let other = (frame + index as u64).checked_add_signed(distance)?.checked_sub(from)?;
                measure(one, theirs.get(usize::try_from(other).ok()?)?)
            };
            let mean = |measure: Likeness| {
                let pairs = made.iter().enumerate().map(|one| pair(one, measure));
                // At the very ends some neighbours are missing: that distance is left out.
                let all = pairs.collect::<Option<Vec<f64>>>().filter(|all| !all.is_empty())?;
                Some(all.iter().sum::<f64>() / all.len() as f64)
            };
            scores.extend(mean(ssim).map(|score| (distance, score)));
            afar = [afar, mean(Luma::likeness_from_afar)].into_iter().flatten().reduce(f64::max);
        }
        let sample = Self { frame, scores, afar: afar.unwrap_or(1.0), noise: false };
        let noise = || {
            let own = theirs.iter().skip(usize::try_from(frame.saturating_sub(from)).unwrap_or(usize::MAX));
            afar.is_some() && sample.afar >= LIMIT && own.take(made.len()).all(Luma::is_noise)
        };
        let noise = sample.own() < PLAUSIBLE && noise();
        sample.scores.iter().any(|(distance, _)| *distance == 0).then_some(Self { noise, ..sample })
    }

    fn own(&self) -> f64 {
        self.scores.iter().find(|(distance, _)| *distance == 0).map_or(0.0, |(_, score)| *score)
    }

    /// The neighbour that matches clearly better: its distance and score.
    fn shifted(&self) -> Option<(i64, f64)> {
        let best = self.scores.iter().copied().max_by(|(_, one), (_, other)| one.total_cmp(other))?;
        let (distance, score) = best;
        let clearly = score - self.own() >= CLEARLY && 1.0 - score <= (1.0 - self.own()) / 2.0;
        (distance != 0 && clearly).then_some(best)
    }
}

/// The rule at the head of this file.
pub(super) fn judge(samples: &[Sample], least: f64) -> Compared {
    let limit = format!("≥ {least} at their own index");
    let kept: Vec<&Sample> = samples.iter().filter(|sample| !sample.noise).collect();
    // Where all is noise, its scores are shown and decide nothing.
    let shown = if kept.is_empty() { samples.iter().collect() } else { kept.clone() };
    let Some(worst) = shown.iter().min_by(|one, other| one.own().total_cmp(&other.own())) else {
        let measured = "measurement invalid: no frame of the source could be sampled".to_owned();
        return Compared { measured, limit, outcome: QcOutcome::Invalid };
    };
    let (mean, lowest) = (shown.iter().map(|sample| sample.own()).sum::<f64>() / shown.len() as f64, worst.own());
    let mut scores = format!("SSIM {mean:.3} at {} places, lowest {lowest:.3} at frame {}", shown.len(), worst.frame);
    if let Some((distance, score, at)) = shift(samples) {
        let way = if distance > 0 { "later" } else { "earlier" };
        let frames = if distance.abs() == 1 { "frame" } else { "frames" };
        let measured = format!(
            "{scores}; shifted: the source {} {frames} {way} matches better, with {score:.3} at frame {at}",
            distance.abs()
        );
        return Compared { measured, limit, outcome: QcOutcome::Fail };
    }
    if kept.is_empty() {
        let measured = format!("{scores}; the source is noise at all of them, of which no encode keeps a likeness");
        return Compared { measured, limit, outcome: QcOutcome::Pass };
    }
    if kept.len() < samples.len() {
        scores.push_str(&format!("; {} places of noise are left out", samples.len() - kept.len()));
    }
    let unlike = kept.iter().find(|sample| sample.afar < LIMIT);
    if lowest < PLAUSIBLE || unlike.is_some() {
        let afar = unlike.map(|sample| format!(", from afar {:.3} at frame {}", sample.afar, sample.frame));
        let afar = afar.unwrap_or_default();
        let measured =
            format!("measurement invalid: {scores}{afar}, which is no encode's score, and no neighbour matches better");
        return Compared { measured, limit, outcome: QcOutcome::Invalid };
    }
    Compared { measured: scores, limit, outcome: QcOutcome::of(mean >= least) }
}

/// The distance at which enough places agree, with the score and the frame of the first of them.
fn shift(samples: &[Sample]) -> Option<(i64, f64, u64)> {
    let shifted: Vec<(i64, f64, u64)> = samples
        .iter()
        .filter_map(|sample| sample.shifted().map(|(distance, score)| (distance, score, sample.frame)))
        .collect();
    let enough = samples.len().min(2);
    let agree = |distance: i64| shifted.iter().filter(|(other, ..)| *other == distance).count() >= enough;
    shifted.iter().copied().find(|(distance, ..)| agree(*distance))
}

#[cfg(test)]
mod tests;
