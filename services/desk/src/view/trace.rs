//! How a work's time was spent: its states in order, the parts within them, and who was waited for.
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use pipeline::stage::Stage;
use runtime::problem::Problem;
use runtime::serving::openapi::vocabulary::{PartStatus, SubmissionState};
use runtime::store::parts::PartRow;
use runtime::store::submissions::SubmissionRow;
use runtime::store::trace::{Attempt, DeliveryMove, Move};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Desk;

/// An entry's time, without a gap from its form to its end or to now. All times are in seconds.
#[derive(Debug, Serialize, ToSchema)]
pub struct Timeline {
    /// The work.
    pub id: Uuid,
    /// As entered.
    pub title: String,
    /// Its present state.
    #[schema(value_type = SubmissionState)]
    pub state: &'static str,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// Until it entered its final state, or until now.
    pub took_s: f64,
    /// The sum for each party that was waited for.
    #[schema(value_type = BTreeMap<String, f64>)]
    pub sums: BTreeMap<WaitedFor, f64>,
    /// One for each stay in a state.
    pub phases: Vec<Phase>,
    /// The moves of its deliveries, which continue after the end of the phases.
    pub deliveries: Vec<DeliveryMove>,
}

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

/// One part's time.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartTime {
    /// Such as `segment/3`.
    pub part: String,
    /// As in the list of parts.
    #[schema(value_type = PartStatus)]
    pub status: String,
    /// The wait before the first claim.
    pub waited_s: f64,
    /// In all attempts together.
    pub worked_s: f64,
    /// Between attempts: back-off, a lost worker, a partner that is polled later.
    pub rested_s: f64,
    /// Each attempt.
    pub attempts: Vec<AttemptTime>,
}

/// One attempt at a part.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AttemptTime {
    /// When it began.
    pub from: DateTime<Utc>,
    /// When it ended; null while it runs.
    pub to: Option<DateTime<Utc>>,
    /// How long it took, or has lasted.
    pub worked_s: f64,
    /// `running`, the part's status at its end, or how an attempt ended that did not end the part.
    #[serde(rename = "ended")]
    pub outcome: String,
    /// Host and process.
    pub holder: Option<String>,
}

/// How a work's time was spent, from its history and its parts.
pub async fn trace(desk: &Desk, work: &SubmissionRow) -> Result<Timeline, Problem> {
    let (store, id) = (&desk.store, work.id);
    // The time is read first, so that nothing that is stored meanwhile lies in its future.
    let now = store.time().await?;
    let (moves, parts, attempts, deliveries) =
        tokio::try_join!(store.moves(id), store.parts(id), store.attempts(id), store.delivery_moves(id))?;
    Ok(Timeline { deliveries, ..Timeline::of(work, &moves, &parts, &attempts, now) })
}

impl Timeline {
    /// Computes it from rows of the database. `now` is the time of the database's clock.
    fn of(entry: &SubmissionRow, moves: &[Move], parts: &[PartRow], attempts: &[Attempt], now: DateTime<Utc>) -> Self {
        let mut phases = phases(moves, now);
        for row in parts {
            let attempts: Vec<_> = attempts
                .iter()
                .filter(|it| it.run == row.run && it.stage == row.stage && it.part == row.part)
                .collect();
            // If a stage was left and entered again, its part belongs to the visit in which the part was created.
            let of_stage = |phase: &&mut Phase| phase.run == row.run && phase.state == row.stage;
            let made_in = |phase: &Phase| phase.to.is_none_or(|to| row.created_at <= to);
            if let Some(phase) = phases.iter_mut().filter(of_stage).find(|phase| made_in(phase)) {
                phase.parts.push(part_time(row, &attempts, now));
            }
        }
        for phase in &mut phases {
            measure(phase, now);
        }
        let mut sums = BTreeMap::new();
        for phase in &phases {
            for (whom, seconds) in split(phase) {
                *sums.entry(whom).or_insert(0.0) += seconds;
            }
        }
        let took_s = total(phases.iter().map(|phase| phase.took_s));
        let (state, title) = (entry.machine.state.name(), entry.title.clone());
        let deliveries = Vec::new();
        Self { id: entry.id.0, title, state, created_at: entry.created_at, took_s, sums, phases, deliveries }
    }
}

/// A state that nothing follows without a new decision.
fn is_an_end(state: &str) -> bool {
    matches!(state, "published" | "rejected" | "withdrawn" | "revoked")
}

fn phases(moves: &[Move], now: DateTime<Utc>) -> Vec<Phase> {
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

fn part_time(row: &PartRow, before: &[&Attempt], now: DateTime<Utc>) -> PartTime {
    let mut attempts: Vec<AttemptTime> = before
        .iter()
        .map(|it| AttemptTime {
            from: it.started_at,
            to: Some(it.ended_at),
            worked_s: seconds(it.started_at, it.ended_at),
            outcome: it.outcome.clone(),
            holder: it.holder.clone(),
        })
        .collect();
    // The last claim is in the row itself, unless it is among the claims that ended without ending the part.
    let last = row.started_at.filter(|at| before.iter().all(|it| it.started_at != *at));
    if let Some(from) = last {
        let to = row.finished_at;
        let outcome = if to.is_some() { row.status.clone() } else { "running".to_owned() };
        let worked_s = seconds(from, to.unwrap_or(now));
        attempts.push(AttemptTime { from, to, worked_s, outcome, holder: row.holder.clone() });
    }
    let ended = row.finished_at.unwrap_or(now);
    let waited_s = seconds(row.created_at, attempts.first().map_or(ended, |first| first.from));
    let worked_s = total(attempts.iter().map(|it| it.worked_s));
    let rested_s = (seconds(row.created_at, ended) - waited_s - worked_s).max(0.0);
    PartTime { part: row.part.clone(), status: row.status.clone(), waited_s, worked_s, rested_s, attempts }
}

/// How long a phase was worked on, and how long not.
fn measure(phase: &mut Phase, now: DateTime<Utc>) {
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
fn split(phase: &Phase) -> Vec<(WaitedFor, f64)> {
    match (phase.busy_s, phase.waited_s) {
        (Some(busy_s), Some(waited_s)) => vec![(WaitedFor::Work, busy_s), (WaitedFor::Machines, waited_s)],
        _ if phase.state == "uploading" => vec![(WaitedFor::Entrant, phase.took_s)],
        _ => vec![(WaitedFor::People, phase.took_s)],
    }
}

/// The sum. It starts at 0.0, because the sum of no numbers is -0.0, which people would see.
fn total(seconds: impl Iterator<Item = f64>) -> f64 {
    seconds.fold(0.0, |sum, it| sum + it)
}

/// Seconds between two times, at least 0: the clocks of two transactions may cross by a moment.
pub fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    ((to - from).num_microseconds().unwrap_or(i64::MAX) as f64 / 1e6).max(0.0)
}

#[cfg(test)]
mod tests;
