//! What a dry run says, counted from what is stored: the same pure function that will judge each work judges it here, and
//! times are those that this installation has measured.
use std::collections::BTreeMap;

use anyhow::Context;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::stage::Stage;
use pipeline::submission::Submission;
use serde::Serialize;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Ask, MAX_WORKS, Which, select};
use crate::store::Store;

/// What new runs would come to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Estimate {
    /// Works that would begin a run.
    pub works: u64,
    /// Works that cannot begin there, by the state that they are in.
    pub cannot_begin: BTreeMap<String, u64>,
    /// Works that another job has.
    pub in_another_job: u64,
    /// Works whose files are being made now.
    pub under_way: u64,
    /// Renditions that would be made.
    pub renditions: u64,
    /// What that would take.
    pub elapsed: Elapsed,
    /// What partners hold.
    pub holdings: BTreeMap<PartnerId, Holding>,
    /// Whether more works were found than one job takes.
    pub too_many: bool,
}

/// Time of one core's worth of worker, and where it is known from.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Elapsed {
    /// All of it, in seconds.
    pub seconds: f64,
    /// Works whose own earlier parts were measured.
    pub measured_works: u64,
    /// Works that were estimated by the length of their media.
    pub estimated_works: u64,
    /// Works of which nothing is known; not in `seconds`.
    pub unknown_works: u64,
    /// Seconds of work for a second of media: the median of what this installation measured. `None` where it has measured nothing.
    pub median_factor: Option<f64>,
}

/// What one partner holds of the works in question.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Holding {
    /// Works that it has, or may have.
    pub holds: u64,
    /// Those of them that would make room for the new run's files.
    pub replaced: u64,
}

struct Work {
    id: Uuid,
    machine: Json<Submission>,
    media_s: Option<f64>,
    renditions: i64,
    in_job: bool,
    under_way: bool,
}

/// Stages that cost processor time and that a run from `from` does.
fn costly(from: Stage) -> Vec<String> {
    let costs = |stage: &Stage| match stage {
        Stage::Probe | Stage::Transcode | Stage::Assemble => true,
        Stage::Screen | Stage::Publish => false,
    };
    Stage::ALL.iter().filter(|stage| **stage >= from && costs(stage)).map(|stage| stage.name().to_owned()).collect()
}

impl Store {
    /// Counts what `ask` would do to these works. Changes nothing.
    pub async fn bulk_estimate(&self, which: &Which, ask: &Ask) -> anyhow::Result<Estimate> {
        // One snapshot, so that the figures belong together.
        self.quiet_transaction("estimate_bulk_job", |tx, _| {
            Box::pin(async move {
                sqlx::query!("/* one_snapshot */ set transaction isolation level repeatable read, read only")
                    .execute(&mut *tx)
                    .await?;
                estimate(tx, which, ask).await
            })
        })
        .await
    }
}

async fn estimate(tx: &mut PgConnection, which: &Which, ask: &Ask) -> anyhow::Result<Estimate> {
    let mut ids = select::ids(tx, which).await?;
    let mut estimate = Estimate { too_many: ids.len() > MAX_WORKS, ..Estimate::default() };
    ids.truncate(MAX_WORKS);
    // A single named work is begun whatever is under way, as `Store::bulk_create` does.
    let single = matches!(which, Which::Named(ids) if ids.len() == 1);
    let mut begin = Vec::new();
    for work in works(tx, &ids).await? {
        let before = work.machine.0.clone();
        let mut after = before.clone();
        after.advance(ask.event());
        if work.in_job {
            estimate.in_another_job += 1;
        } else if after == before {
            *estimate.cannot_begin.entry(before.state.name().to_owned()).or_default() += 1;
        } else if work.under_way && !single {
            estimate.under_way += 1;
        } else {
            begin.push(work);
        }
    }
    estimate.works = begin.len() as u64;
    if ask.from < Stage::Publish {
        estimate.renditions = begin.iter().map(|work| work.renditions.max(0) as u64).sum();
        estimate.elapsed = elapsed(tx, &begin, ask.from).await?;
    }
    let ids: Vec<Uuid> = begin.iter().map(|work| work.id).collect();
    estimate.holdings = holdings(tx, &ids, ask).await?;
    Ok(estimate)
}

async fn works(tx: &mut PgConnection, ids: &[Uuid]) -> anyhow::Result<Vec<Work>> {
    sqlx::query_as!(
        Work,
        r#"/* works_to_estimate */
        select s.id, s.machine as "machine: Json<Submission>",
            ((s.media_info ->> 'duration_ms')::float8 / 1000) as media_s,
            coalesce(jsonb_array_length(s.plan -> 'renditions'), 0)::int8 as "renditions!",
            exists (select from bulk_items i where i.submission = s.id and i.state in ('waiting', 'started')) as "in_job!",
            exists (select from parts p where p.submission = s.id and p.stage <> 'publish'
                and p.status in ('pending', 'waiting', 'claimed')) as "under_way!"
        from submissions s where s.id = any($1) order by s.id"#,
        ids,
    )
    .fetch_all(tx)
    .await
    .context("read the works")
}

async fn elapsed(tx: &mut PgConnection, works: &[Work], from: Stage) -> anyhow::Result<Elapsed> {
    let stages = costly(from);
    let ids: Vec<Uuid> = works.iter().map(|work| work.id).collect();
    let measured = measured(tx, &ids, &stages).await?;
    let factor = median_factor(tx, &stages).await?;
    let mut elapsed = Elapsed { median_factor: factor, ..Elapsed::default() };
    for work in works {
        match (measured.get(&SubmissionId(work.id)), work.media_s, factor) {
            (Some(seconds), _, _) => {
                elapsed.measured_works += 1;
                elapsed.seconds += seconds;
            }
            (None, Some(media_s), Some(factor)) => {
                elapsed.estimated_works += 1;
                elapsed.seconds += media_s * factor;
            }
            (None, _, _) => elapsed.unknown_works += 1,
        }
    }
    Ok(elapsed)
}

/// What the parts of each work took, in seconds: those of the last run that did a stage whole. Only works that were assembled.
async fn measured(
    tx: &mut PgConnection,
    ids: &[Uuid],
    stages: &[String],
) -> anyhow::Result<BTreeMap<SubmissionId, f64>> {
    let rows = sqlx::query!(
        r#"/* measured_works */
        with timed as (
            select submission, stage, run, sum(extract(epoch from finished_at - started_at))::float8 as seconds
            from parts where submission = any($1) and stage = any($2)
            group by submission, stage, run having bool_and(status = 'done')
        ), latest as (
            select distinct on (submission, stage) submission, stage, seconds
            from timed order by submission, stage, run desc
        )
        select submission as "submission!", sum(seconds) as "seconds!" from latest
        group by submission having bool_or(stage = 'assemble')"#,
        ids,
        stages,
    )
    .fetch_all(tx)
    .await
    .context("sum up what earlier runs took")?;
    Ok(rows.into_iter().map(|row| (SubmissionId(row.submission), row.seconds)).collect())
}

/// The median, over the works assembled last, of seconds of work for a second of media.
async fn median_factor(tx: &mut PgConnection, stages: &[String]) -> anyhow::Result<Option<f64>> {
    sqlx::query_scalar!(
        r#"/* median_factor */
        with recent as (
            select distinct submission, run from (
                select submission, run from parts
                where stage = 'assemble' and status = 'done' order by finished_at desc limit 5000
            ) as done
        ), timed as (
            select r.submission, sum(extract(epoch from p.finished_at - p.started_at))::float8 as seconds
            from recent r join parts p on p.submission = r.submission and p.run = r.run and p.stage = any($1)
            group by r.submission, r.run having bool_and(p.status = 'done')
        )
        select percentile_cont(0.5) within group (order by t.seconds / (s.media_info ->> 'duration_ms')::float8 * 1000)
            as factor
        from timed t join submissions s on s.id = t.submission and (s.media_info ->> 'duration_ms')::float8 > 0"#,
        stages,
    )
    .fetch_one(tx)
    .await
    .context("measure the median factor")
}

/// Deliveries of these works that are, or may be, with a partner.
async fn holdings(tx: &mut PgConnection, ids: &[Uuid], ask: &Ask) -> anyhow::Result<BTreeMap<PartnerId, Holding>> {
    let rows = sqlx::query!(
        r#"/* holdings */
        select partner, count(*) as "holds!" from deliveries
        where submission = any($1)
            and state in ('sending', 'unknown', 'awaiting_operator', 'in_review', 'live', 'recalling')
        group by partner order by partner"#,
        ids,
    )
    .fetch_all(tx)
    .await
    .context("count what partners hold")?;
    let holding = |partner: PartnerId, holds: i64| {
        let replaced = if ask.redo.replace.contains(&partner) { holds } else { 0 };
        (partner, Holding { holds: holds as u64, replaced: replaced as u64 })
    };
    Ok(rows.into_iter().map(|row| holding(PartnerId::new(row.partner), row.holds)).collect())
}
