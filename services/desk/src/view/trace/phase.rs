//! The time in one state, and who was waited for in it.
use chrono::{DateTime, Utc};
use pipeline::stage::Stage;
use runtime::serving::openapi::vocabulary::SubmissionState;
use runtime::store::watching::trace::Move;
use serde::Serialize;
use utoipa::ToSchema;

use super::part_time::PartTime;
use super::span::{seconds, total};

/// Who was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitedFor {
    /// The entrant, who uploads.
    Entrant,
    /// Our machines, while they worked.
    Work,
    /// Our machines, while they did not work: queues, back-off, a partner that is polled later.
    Machines,
    /// A person of the organisers.
    People,
}

/// The time in one state.
#[derive(Debug, Serialize, ToSchema)]
pub struct Phase {
    /// The run.
    pub run: u32,
    /// The state's name.
    #[schema(value_type = SubmissionState)]
    pub state: String,
    /// When it began.
    pub from: DateTime<Utc>,
    /// When it ended; null while it lasts.
    pub to: Option<DateTime<Utc>>,
    /// How long it took, or has lasted.
    pub took_s: f64,
    /// How much of it passed without work on any of its parts; null if machines have nothing to do.
    pub waited_s: Option<f64>,
    /// How much of it passed with work on its parts.
    pub busy_s: Option<f64>,
    /// The sum over all workers; more than `busy_s` if they worked in parallel.
    pub worked_s: Option<f64>,
    /// What ended it, and who.
    pub ended_by: Option<String>,
    /// The machines' parts in it.
    pub parts: Vec<PartTime>,
}

/// A state that nothing follows without a new decision.
fn is_an_end(state: &str) -> bool {
    matches!(state, "published" | "rejected" | "withdrawn" | "revoked")
}

/// The stays in states that wait for a party, in order.
pub(super) fn phases(moves: &[Move], now: DateTime<Utc>) -> Vec<Phase> {
    let mut phases = Vec::new();
    for (place, begun) in moves.iter().enumerate() {
        let ended = moves.get(place + 1);
        if is_an_end(&begun.state) {
            // No party is waited for; a later run starts by itself.
            continue;
        }
        let ended_by = ended.map(|ended| match &ended.by {
            Some(name) if *name != ended.actor => format!("{} ({name}, {})", ended.what, ended.actor),
            Some(_) | None => format!("{} ({})", ended.what, ended.actor),
        });
        phases.push(Phase {
            run: begun.run,
            state: begun.state.clone(),
            from: begun.at,
            to: ended.map(|ended| ended.at),
            took_s: seconds(begun.at, ended.map_or(now, |ended| ended.at)),
            waited_s: None,
            busy_s: None,
            worked_s: None,
            ended_by,
            parts: Vec::new(),
        });
    }
    phases
}

/// How long a phase was worked on, and how long not.
pub(super) fn measure(phase: &mut Phase, now: DateTime<Utc>) {
    if phase.state.parse::<Stage>().is_err() {
        return;
    }
    let end = phase.to.unwrap_or(now);
    let mut spans: Vec<_> = phase.parts.iter().flat_map(|part| &part.attempts).collect();
    spans.sort_by_key(|it| it.from);
    let (mut busy_s, mut until) = (0.0, phase.from);
    for span in spans {
        let to = span.to.unwrap_or(now).min(end);
        busy_s += seconds(span.from.max(until), to);
        until = until.max(to);
    }
    phase.busy_s = Some(busy_s);
    phase.waited_s = Some((phase.took_s - busy_s).max(0.0));
    phase.worked_s = Some(total(phase.parts.iter().map(|part| part.worked_s)));
}

/// Which parties a phase waited for, and how long for each.
pub(super) fn split(phase: &Phase) -> Vec<(WaitedFor, f64)> {
    match (phase.busy_s, phase.waited_s) {
        (Some(busy_s), Some(waited_s)) => vec![(WaitedFor::Work, busy_s), (WaitedFor::Machines, waited_s)],
        _ if phase.state == "uploading" => vec![(WaitedFor::Entrant, phase.took_s)],
        _ => vec![(WaitedFor::People, phase.took_s)],
    }
}
