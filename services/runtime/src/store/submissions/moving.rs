//! Stores the result of an event on a submission. Everything that follows without reading an answer is written with one
//! statement (`move_submission.sql`): a round trip costs both sides more than most of what it carries.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use pipeline::part::PartToDo;
use pipeline::submission::{State, Submission};
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::store::bulk;
use crate::store::outgoing::messages::Columns;
use crate::store::outgoing::webhooks;
use crate::store::submissions::history::{self, By};
use crate::{telemetry, wire};

/// An event that was applied.
pub(super) struct Step<'a> {
    pub(super) id: SubmissionId,
    pub(super) contest: &'a str,
    /// After the event.
    pub(super) machine: &'a Submission,
    /// By the database's clock, taken under the submission's lock.
    pub(super) at: DateTime<Utc>,
    pub(super) by: &'a By,
    /// The event's stable name, and details for readers.
    pub(super) what: &'a str,
    pub(super) detail: &'a Value,
}

/// The submission stays in its state, with one part fewer to wait for. Nothing that this changes is in an index, so
/// PostgreSQL stores the new version of the row beside the old one.
pub(super) async fn store_step(tx: &mut PgConnection, step: &Step<'_>) -> anyhow::Result<()> {
    sqlx::query!(
        "/* save_step */
        with saved as (
            update submissions set machine = $2, state = $3, run = $4, traceparent = coalesce($5, traceparent), updated_at = $6
            where id = $1
        )
        insert into history (submission, at, actor, what, detail, passing) values ($1, clock_timestamp(), $7, $8, $9, $10)",
        step.id.0,
        Json(step.machine) as _,
        step.machine.state.name(),
        step.machine.run as i32,
        telemetry::current_traceparent(),
        step.at,
        step.by.actor.to_string(),
        step.what,
        history::signed(step.by, step.detail),
        history::is_passing(step.what),
    )
    .execute(tx)
    .await
    .with_context(|| format!("save submission {}", step.id))?;
    Ok(())
}

/// The submission changed its state: writes the state, a line of history, the event for subscribers, including webhooks
/// and bulk jobs, the parts that it no longer needs and those that it starts, with a hint for each.
///
/// Parts that it no longer needs: those of other runs, of stages that it left, of a settled state. A running one
/// notices at its next renewal; its commit is fenced off. A partner's part continues whatever the next run is, because
/// its delivery may be half sent or awaiting a check there, until that run reaches the same partner itself. The
/// delivery decides what a recall does with it, in `recalls`. No part is both cancelled and started here: a started
/// part is needed.
pub(super) async fn store_move(tx: &mut PgConnection, step: &Step<'_>, started: &[PartToDo]) -> anyhow::Result<()> {
    let Step { id, machine, .. } = *step;
    let it = Move::of(step, started)?;
    sqlx::query_file!(
        "src/store/submissions/move_submission.sql",
        id.0,
        Json(machine) as _,
        machine.state.name(),
        machine.run as i32,
        it.traceparent,
        step.at,
        step.by.actor.to_string(),
        step.what,
        history::signed(step.by, step.detail),
        &it.messages.exchanges,
        &it.messages.keys,
        &it.messages.kinds,
        &it.messages.bodies,
        &it.messages.headers,
        it.webhook.kind,
        it.webhook.payload,
        webhooks::QUEUE_BOUND,
        step.contest,
        it.item.state,
        it.item.why,
        it.item.detail,
        it.needed.stage,
        &it.needed.parts,
        &it.started.stages,
        &it.started.parts,
    )
    .execute(tx)
    .await
    .with_context(|| format!("move submission {id} to {}", machine.state.name()))?;
    Ok(())
}

/// What follows from a step, in the form of `move_submission.sql`.
struct Move {
    traceparent: Option<String>,
    /// The event for subscribers, and a hint for each part that starts.
    messages: Columns,
    /// The same event for webhooks.
    webhook: webhooks::Message,
    /// What becomes of the work's item in a bulk job.
    item: bulk::ItemState,
    needed: Needed,
    started: Started,
}

/// The stage whose parts are needed, and those parts; both are empty if none are.
#[derive(Default)]
struct Needed {
    stage: &'static str,
    parts: Vec<String>,
}

/// Parts that start, as columns.
struct Started {
    stages: Vec<String>,
    parts: Vec<String>,
}

impl Move {
    fn of(step: &Step<'_>, started: &[PartToDo]) -> anyhow::Result<Self> {
        let Step { id, machine, at, .. } = *step;
        let traceparent = telemetry::current_traceparent();
        let changed = wire::submission_changed(id, step.contest, machine.run, &machine.state, at, traceparent.clone());
        let webhook = webhooks::Message::of(&changed, at)?;
        let hints = started.iter().map(|todo| wire::work_available(todo.stage, traceparent.clone()));
        let messages = Columns::of(&std::iter::once(changed).chain(hints).collect::<Vec<_>>())?;
        let started = Started {
            stages: started.iter().map(|todo| todo.stage.name().to_owned()).collect(),
            parts: started.iter().map(|todo| todo.part.to_string()).collect(),
        };
        let item = bulk::ItemState::of(machine);
        Ok(Self { traceparent, messages, webhook, item, needed: Needed::of(machine), started })
    }
}

impl Needed {
    fn of(machine: &Submission) -> Self {
        let State::At { stage, pending } = &machine.state else { return Self::default() };
        Self { stage: stage.name(), parts: pending.iter().map(ToString::to_string).collect() }
    }
}
