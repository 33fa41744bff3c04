//! Stores the result of an event on a submission. Everything that follows without reading an answer is written with one
//! statement: a round trip costs both sides more than most of what it carries.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use pipeline::part::PartToDo;
use pipeline::submission::{State, Submission};
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::store::history::{self, By};
use crate::store::messages::Columns;
use crate::store::{bulk, webhooks};
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
pub(super) async fn stay(tx: &mut PgConnection, step: &Step<'_>) -> anyhow::Result<()> {
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
pub(super) async fn go(tx: &mut PgConnection, step: &Step<'_>, started: &[PartToDo]) -> anyhow::Result<()> {
    let (id, machine) = (step.id, step.machine);
    let traceparent = telemetry::current_traceparent();
    let changed = wire::submission_changed(id, step.contest, machine.run, &machine.state, step.at, traceparent.clone());
    let told = webhooks::Told::of(&changed, step.at)?;
    let hints = started.iter().map(|todo| wire::work_available(todo.stage, traceparent.clone()));
    let messages = Columns::of(&std::iter::once(changed).chain(hints).collect::<Vec<_>>())?;
    let item = bulk::Standing::of(machine);
    let (stage, wanted) = wanted(machine);
    let stages: Vec<String> = started.iter().map(|todo| todo.stage.name().to_owned()).collect();
    let names: Vec<String> = started.iter().map(|todo| todo.part.to_string()).collect();
    sqlx::query!(
        "/* move_submission */
        with saved as (
            update submissions set machine = $2, state = $3, run = $4, traceparent = coalesce($5, traceparent), updated_at = $6,
                moved_at = case when state = $3 and run = $4 then moved_at else $6 end
            where id = $1
        ), noted as (
            insert into history (submission, at, actor, what, detail) values ($1, clock_timestamp(), $7, $8, $9)
        ), sent as (
            insert into outbox (exchange, routing_key, kind, body, headers)
            select * from unnest($10::text[], $11::text[], $12::text[], $13::bytea[], $14::jsonb[])
        ), told as (
            insert into webhook_messages (endpoint, type, submission, body, status, finished_at)
            select id, $15, $1, $16, case when full_up then 'dropped' else 'pending' end,
                case when full_up then clock_timestamp() end
            from (
                select id, $17 <= (
                    select count(*) from (
                        select 1 from webhook_messages where endpoint = e.id and status = 'pending' limit $17
                    ) waiting
                ) as full_up
                from webhook_endpoints e
                where state = 'enabled' and (types = '{}' or $15 = any(types)) and (contest is null or contest = $18)
            ) interested
        ), followed as (
            update bulk_items set changed_at = clock_timestamp(),
                state = case when run < $4 then 'cancelled' else $19 end,
                why = case when run < $4 then 'overtaken' else $20 end,
                detail = case when run < $4 then 'run ' || $4 else $21 end
            where submission = $1 and state = 'started' and (run < $4 or $19 <> 'started')
        ), cancelled as (
            update parts set status = 'cancelled', fence = null, lease_until = null, finished_at = clock_timestamp()
            where submission = $1 and status in ('pending', 'waiting', 'claimed', 'parked')
                and case when stage = $22 and part = any($23) then run <> $4 else stage <> 'publish' end
        )
        insert into parts (submission, run, stage, part, contest, rank, effort_ms, traceparent, created_at, not_before)
        select $1, $4, stage, part, $18,
            coalesce((select j.rank from bulk_items i join bulk_jobs j on j.id = i.job
                where i.submission = $1 and i.run = $4 limit 1), 0),
            coalesce((select (s.plan -> 'effort_ms' ->> part)::bigint from submissions s where s.id = $1), 0),
            -- Untraced acts, such as those of the command line, leave the chain as it is.
            coalesce($5, (select traceparent from submissions where id = $1)), moment, moment
        from unnest($24::text[], $25::text[]) as new (stage, part), (select clock_timestamp() as moment) as now
        -- Only a partner that it was recalled from is started again in the same run; a recall still under way goes on to it.
        on conflict (submission, run, stage, part) do update set status = 'pending', attempt = 0, output = null,
            finished_at = null, not_before = excluded.not_before, traceparent = excluded.traceparent,
            created_at = excluded.created_at, started_at = null, contest = excluded.contest, call_at = null
            where parts.status in ('done', 'cancelled', 'parked')",
        id.0,
        Json(machine) as _,
        machine.state.name(),
        machine.run as i32,
        traceparent,
        step.at,
        step.by.actor.to_string(),
        step.what,
        history::signed(step.by, step.detail),
        &messages.exchanges,
        &messages.keys,
        &messages.kinds,
        &messages.bodies,
        &messages.headers,
        told.kind,
        told.payload,
        webhooks::QUEUE_BOUND,
        step.contest,
        item.state,
        item.why,
        item.detail,
        stage,
        &wanted,
        &stages,
        &names,
    )
    .execute(tx)
    .await
    .with_context(|| format!("move submission {id} to {}", machine.state.name()))?;
    Ok(())
}

/// The stage whose parts are needed, and those parts.
fn wanted(machine: &Submission) -> (&'static str, Vec<String>) {
    match &machine.state {
        State::At { stage, pending } => (stage.name(), pending.iter().map(ToString::to_string).collect()),
        State::Uploading
        | State::AwaitingReview
        | State::AwaitingRelease
        | State::Published
        | State::Rejected { .. }
        | State::Withdrawn
        | State::Revoked => ("", Vec::new()),
    }
}
