//! The one definition of stuck work: work that is needed and that no open part will do, or open parts that are not
//! needed.
//!
//! A part is open if it is pending, waiting, claimed or parked. Three facts hold after every transaction:
//! - a delivery on which a worker has something to do (`pipeline::delivery::Delivery::needs_part`) has an open publish
//!   part;
//! - an entry at a stage has an open part of its run for each part that it waits for;
//! - a delivery has at most one open part, and of the other stages only the parts that the entry waits for are open.
//!
//! Acts preserve them. Nothing relies on that: every test checks them at its end, `fsck` finds violations, and the
//! reconciler repairs them.
use anyhow::{Context, ensure};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::part::Part;
use pipeline::stage::Stage;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::store::outgoing::messages;
use crate::store::partners::deliveries;
use crate::store::submissions::history::{self, By};
use crate::store::{Policy, Store, submissions};
use crate::telemetry;

mod found;

pub use found::{KINDS, Stuck};

/// Every violation for these submissions, as of one moment. No transaction leaves one, so every result is an error,
/// even while services run.
pub async fn find(executor: impl PgExecutor<'_>, submissions: &[Uuid]) -> anyhow::Result<Vec<Stuck>> {
    sqlx::query_as!(
        Stuck,
        r#"/* find_stuck */
        with pending as (
            -- The state's name is copied out of the machine; a row in which they differ was not written by us.
            select id as submission, run, state as stage, part
            from submissions, jsonb_array_elements_text(machine #> '{state,pending}') as part
            where id = any($1) and machine #>> '{state,stage}' = state
        )
        select kind as "kind!", submission as "submission!", run as "run!", stage as "stage!", part as "part!" from (
            select 'delivery' as kind, d.submission, s.run, 'publish' as stage, 'partner/' || d.partner as part
            from deliveries d join submissions s on s.id = d.submission
            where d.submission = any($1) and (d.machine ->> 'desired' = 'gone' and d.state not in ('recalled', 'refused')
                or d.machine ->> 'desired' = 'live' and d.state not in ('live', 'refused', 'awaiting_operator'))
            and not exists (
                select from parts p where p.submission = d.submission and p.stage = 'publish'
                    and p.part = 'partner/' || d.partner and p.status in ('pending', 'waiting', 'claimed', 'parked'))
            union all
            select 'part', w.* from pending w where not exists (
                select from parts p where p.submission = w.submission and p.run = w.run and p.stage = w.stage
                    and p.part = w.part and p.status in ('pending', 'waiting', 'claimed', 'parked'))
            union all
            -- Of the parts of one delivery the newest run's is the one.
            select 'surplus', o.submission, o.run, o.stage, o.part from parts o
            where o.submission = any($1) and o.stage = 'publish' and o.status in ('pending', 'waiting', 'claimed', 'parked')
            and exists (
                select from parts p where p.submission = o.submission and p.stage = 'publish' and p.part = o.part
                    and p.run > o.run and p.status in ('pending', 'waiting', 'claimed', 'parked'))
            union all
            select 'surplus', o.submission, o.run, o.stage, o.part from parts o join submissions s on s.id = o.submission
            where o.submission = any($1) and o.stage <> 'publish' and o.status in ('pending', 'waiting', 'claimed', 'parked')
            and (s.machine #>> '{state,state}' <> 'at' or s.machine #>> '{state,stage}' = s.state)
            and not (o.run = s.run and o.stage = s.state and coalesce(s.machine #> '{state,pending}', '[]') ? o.part)
        ) as found order by submission, kind, run, stage, part"#,
        submissions,
    )
    .fetch_all(executor)
    .await
    .context("look for what is stuck")
}

impl Store {
    /// Submissions with something to do, in order of their ids, after `after`: those at a stage, and those with a
    /// delivery that is not settled. It reads only indexes of work in progress.
    pub async fn under_way_after(&self, after: Option<Uuid>, limit: i64) -> anyhow::Result<Vec<Uuid>> {
        sqlx::query_scalar!(
            r#"/* under_way_after */
            (select id as "id!" from submissions
                where state in ('probe', 'screen', 'transcode', 'assemble', 'publish') and ($1::uuid is null or id > $1)
                order by id limit $2)
            union
            (select distinct submission from deliveries
                where (machine ->> 'desired' = 'gone' and state not in ('recalled', 'refused')
                    or machine ->> 'desired' = 'live' and state not in ('live', 'refused', 'awaiting_operator'))
                    and ($1::uuid is null or submission > $1)
                order by submission limit $2)
            order by 1 limit $2"#,
            after,
            limit,
        )
        .fetch_all(self.pool())
        .await
        .context("list what is under way")
    }

    /// What is stuck of these submissions. See [`find`].
    pub async fn stuck(&self, submissions: &[Uuid]) -> anyhow::Result<Vec<Stuck>> {
        find(self.pool(), submissions).await
    }

    /// Repairs the stuck work of one submission, under its lock, with a line in its history. Returns what it repaired.
    pub async fn unstick(&self, id: SubmissionId) -> anyhow::Result<Vec<Stuck>> {
        self.transaction("unstick", |tx, _| Box::pin(async move { unstick(tx, self.policy(), id).await })).await
    }
}

async fn unstick(tx: &mut PgConnection, policy: &Policy, id: SubmissionId) -> anyhow::Result<Vec<Stuck>> {
    let run = submissions::lock(tx, id).await?.machine.0.run;
    let found = find(&mut *tx, &[id.0]).await?;
    for stuck in &found {
        let (stage, part): (Stage, Part) = (stuck.stage.parse()?, stuck.part.parse()?);
        match (stuck.kind.as_str(), part.partner()) {
            ("surplus", _) => end(tx, stuck).await?,
            (_, Some(partner)) => reopen_delivery(tx, policy, id, run, partner).await?,
            (_, None) => reopen(tx, stuck, stage).await?,
        }
    }
    if found.is_empty() {
        return Ok(found);
    }
    let left = find(&mut *tx, &[id.0]).await?;
    ensure!(left.is_empty(), "{left:?} of {id} is still stuck");
    history::add(tx, id, &By::WORKER, "unstuck", &serde_json::json!({ "run": run, "found": found })).await?;
    Ok(found)
}

/// Opens the part of the current run and ends those of earlier ones, whichever of them is missing.
async fn reopen_delivery(
    tx: &mut PgConnection,
    policy: &Policy,
    id: SubmissionId,
    run: u32,
    partner: &PartnerId,
) -> anyhow::Result<()> {
    let delivery = deliveries::locked(tx, id, partner).await?;
    deliveries::take_up(tx, policy, id, run, partner, &delivery).await
}

async fn reopen(tx: &mut PgConnection, stuck: &Stuck, stage: Stage) -> anyhow::Result<()> {
    sqlx::query!(
        "/* reopen_part */
        insert into parts (submission, run, stage, part, contest, traceparent)
        select id, $2, $3, $4, contest, $5 from submissions where id = $1
        on conflict (submission, run, stage, part) do update set status = 'pending', attempt = 0, output = null, fence = null,
            lease_until = null, finished_at = null, call_at = null, not_before = clock_timestamp()",
        stuck.submission,
        stuck.run,
        stuck.stage,
        stuck.part,
        telemetry::current_traceparent(),
    )
    .execute(&mut *tx)
    .await
    .context("open a part again")?;
    messages::add_hints(tx, [stage]).await
}

async fn end(tx: &mut PgConnection, stuck: &Stuck) -> anyhow::Result<()> {
    sqlx::query!(
        "/* end_surplus_part */
        update parts set status = 'cancelled', fence = null, lease_until = null, finished_at = clock_timestamp()
        where submission = $1 and run = $2 and stage = $3 and part = $4
            and status in ('pending', 'waiting', 'claimed', 'parked')",
        stuck.submission,
        stuck.run,
        stuck.stage,
        stuck.part,
    )
    .execute(tx)
    .await
    .context("end a part that is not needed")?;
    Ok(())
}
