//! How far the machines' work on an entry is, and how long it still takes. Pure: parts and times in, a fraction and
//! seconds out.
//!
//! The end is when every rendition is finished: decisions of people before and after, and the time that partners take,
//! are not forecast. Parts are weighted by their estimated cost.
use serde::{Deserialize, Serialize};

use crate::part::Part;
use crate::planner::Estimate;
use crate::stage::Stage;
use crate::submission::{State, Submission};

/// The probe's share of the whole. The later stages are not planned yet, so it is the same for all works: the cost of
/// decoding relative to an encode of a usual ladder, rounded up, so that progress does not go back once there is a
/// plan.
const PROBE_SHARE: f64 = 0.1;

/// Before anything is measured, a core is assumed to work at the estimated speed; this many seconds of such work are
/// added to the measurement, so that the first seconds do not dominate it.
const PRIOR_S: f64 = 5.0;

/// No machine is faster than the estimate by this factor: a part done in less time was reused, not made.
const FASTEST: f64 = 50.0;

/// The progress of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    /// Share of the work that is done, 0–1.
    pub done: f64,
    /// Seconds that the rest takes on the machines, without decisions of people; `None` if unknown.
    pub remaining_s: Option<f64>,
}

/// A part of the run, from its row.
#[derive(Clone, Debug)]
pub struct PartAt {
    /// Its stage.
    pub stage: Stage,
    /// The part.
    pub part: Part,
    /// 0–1; 1 when done.
    pub done: f64,
    /// How long its current attempt has run, or ran; 0 before it began. Seconds.
    pub elapsed_s: f64,
}

impl Reached {
    /// Everything done.
    pub const END: Self = Self { done: 1.0, remaining_s: Some(0.0) };
}

/// The progress of a run. `parts` are all rows of the run; `elapsed_s` is the time since the first of its present phase
/// (the probe, or everything after the review) began.
pub fn reached(machine: &Submission, estimate: Option<&Estimate>, parts: &[PartAt], elapsed_s: f64) -> Reached {
    // A run that began after the probe does not count the probe as done.
    let probed = parts.iter().find(|part| part.stage == Stage::Probe);
    let lead = if probed.is_some() { PROBE_SHARE } else { 0.0 };
    match &machine.state {
        State::Uploading => Reached { done: 0.0, remaining_s: None },
        State::At { stage: Stage::Probe, .. } => probing(probed, elapsed_s),
        State::At { stage: Stage::Screen, .. } | State::AwaitingReview => Reached {
            done: lead,
            remaining_s: estimate.map(|estimate| estimate.transcode_cpu_s() + estimate.assemble_cpu_s()),
        },
        State::At { stage: Stage::Transcode | Stage::Assemble, .. } => match estimate {
            Some(estimate) => making(machine, estimate, parts, elapsed_s, lead),
            None => Reached { done: lead, remaining_s: None },
        },
        State::AwaitingRelease | State::At { stage: Stage::Publish, .. } | State::Published => Reached::END,
        // No more work is done.
        State::Rejected { .. } | State::Withdrawn | State::Revoked => Reached { done: 0.0, remaining_s: Some(0.0) },
    }
}

fn probing(probed: Option<&PartAt>, elapsed_s: f64) -> Reached {
    let done = probed.map_or(0.0, |part| part.done.clamp(0.0, 1.0)) * PROBE_SHARE;
    // Known are only the time that the probe has taken so far, and its usual share of the whole.
    let remaining_s = (done > 0.001).then(|| elapsed_s * (1.0 - done) / done);
    Reached { done, remaining_s }
}

fn making(machine: &Submission, estimate: &Estimate, parts: &[PartAt], elapsed_s: f64, lead: f64) -> Reached {
    let mut all = 0.0;
    let mut done = 0.0;
    let mut worked = 0.0;
    for stage in [Stage::Transcode, Stage::Assemble] {
        for part in machine.parts_of(stage) {
            // Every part has some cost, at least its overhead, so that a plan of copies has an end, too.
            let weight = estimate.of_part(stage, &part) + HOP_S;
            let at = parts.iter().find(|at| at.stage == stage && at.part == part);
            let of_it = at.map_or(0.0, |at| at.done.clamp(0.0, 1.0)) * weight;
            (all, done) = (all + weight, done + of_it);
            if at.is_some_and(|at| at.elapsed_s * FASTEST >= of_it) {
                worked += of_it;
            }
        }
    }
    if all <= 0.0 {
        return Reached { done: lead, remaining_s: None };
    }
    let rate = (worked + PRIOR_S) / (elapsed_s.max(0.0) + PRIOR_S);
    Reached { done: lead + (1.0 - lead) * done / all, remaining_s: Some((all - done) / rate) }
}

/// Overhead of a part beside its estimate: to be claimed, to start a child, to fetch and store.
const HOP_S: f64 = 0.5;

#[cfg(test)]
mod tests;
