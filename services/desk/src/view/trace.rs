//! How a work's time was spent: its states in order, the parts within them, and who was waited for.
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use runtime::problem::Problem;
use runtime::serving::openapi::vocabulary::SubmissionState;
use runtime::store::submissions::SubmissionRow;
use runtime::store::watching::trace::{Attempt, DeliveryMove, Move};
use runtime::store::work::parts::PartRow;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Desk;
use phase::{measure, phases, split};
use span::total;

mod part_time;
mod phase;
mod span;

pub use part_time::{AttemptTime, PartTime};
pub use phase::{Phase, WaitedFor};
pub use span::seconds;

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
                phase.parts.push(PartTime::of(row, &attempts, now));
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

#[cfg(test)]
mod tests;
