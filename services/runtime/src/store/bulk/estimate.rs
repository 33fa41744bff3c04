//! The figures of a dry run, computed from stored data. Times are those that this installation has measured.
use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::media_info::MediaInfo;
use pipeline::planner;
use pipeline::rendition::Plan;
use pipeline::stage::Stage;
use pipeline::submission::Redo;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::ask::Ask;
use super::look::{Beginning, Looked};

/// The cost of new runs.
#[derive(Clone, Debug, Default)]
pub struct Estimate {
    /// Renditions that would be produced.
    pub renditions: u64,
    /// The work that they would take.
    pub elapsed: Elapsed,
    /// What partners have, by the stage at which runs start.
    pub holdings: BTreeMap<PartnerId, Holding>,
    /// What each partner would receive from a release, or lose through a recall.
    pub effects: BTreeMap<PartnerId, Effect>,
}

/// The effect of a release or a recall at one partner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// Works that it would receive, or be asked to remove.
    pub works: u64,
    /// How many of them are live there now.
    pub live: u64,
}

/// Processor time of workers in core-seconds, and how it is known.
#[derive(Clone, Debug, Default)]
pub struct Elapsed {
    /// The total, in seconds.
    pub seconds: f64,
    /// Works whose own earlier parts were measured.
    pub measured_works: u64,
    /// Works that were estimated from their plans.
    pub estimated_works: u64,
    /// Works without any data; not included in `seconds`.
    pub unknown_works: u64,
    /// Works whose files all exist already under the same address, so that nothing is encoded for them. `None` if this
    /// was not checked.
    pub found_works: Option<u64>,
    /// Seconds of work for each second of a plan's estimate: the median of what this installation measured. `None` if
    /// it has measured nothing; then estimates are used unchanged.
    pub median_factor: Option<f64>,
}

/// What one partner has of the selected works.
#[derive(Clone, Copy, Debug, Default)]
pub struct Holding {
    /// Works that it has, or may have.
    pub holds: u64,
    /// How many of them would be replaced by the new run's files.
    pub replaced: u64,
}

/// The addresses of all files of a plan, from its source's measurements and SHA-256, with the caller's version of the
/// code.
pub type Addresses = fn(&Plan, &MediaInfo, &[u8]) -> anyhow::Result<Vec<[u8; 32]>>;

/// What is known about a work in advance.
struct Planned {
    id: Uuid,
    plan: Json<Plan>,
    media_info: Json<MediaInfo>,
    mezzanine_sha256: Option<Vec<u8>>,
}

/// Plans in memory at the same time; each has about ten kilobytes.
const PLANS_AT_ONCE: usize = 200;
/// A dry run of more works than this does not check for finished files: a digest and a query for each would take too
/// long.
const MOST_LOOKED_FOR: usize = 2000;

/// Stages that cost processor time and that a run from `from` performs.
fn costly(from: Stage) -> Vec<String> {
    let costs = |stage: &Stage| match stage {
        Stage::Probe | Stage::Transcode | Stage::Assemble => true,
        Stage::Screen | Stage::Publish => false,
    };
    Stage::ALL.iter().filter(|stage| **stage >= from && costs(stage)).map(|stage| stage.name().to_owned()).collect()
}

/// Computes what `ask` would do to these works. It changes nothing. With `addresses`, works whose files exist cost
/// nothing.
pub async fn estimate(
    tx: &mut PgConnection,
    looked: &Looked,
    ask: &Ask,
    addresses: Option<Addresses>,
) -> anyhow::Result<Estimate> {
    let mut estimate = Estimate::default();
    let ids: Vec<Uuid> = looked.begin.iter().map(|work| work.id).collect();
    match ask {
        Ask::Reprocess { from, redo } => {
            if *from < Stage::Publish {
                estimate.renditions = looked.begin.iter().map(|work| work.renditions).sum();
                estimate.elapsed = elapsed(tx, &looked.begin, *from, addresses).await?;
            }
            estimate.holdings = holdings(tx, &ids, redo).await?;
        }
        Ask::Release { .. } => {
            for (partners, works) in &looked.recipients {
                for partner in partners {
                    estimate.effects.entry(partner.clone()).or_default().works += works.len() as u64;
                }
            }
        }
        Ask::Recall { partners, .. } => estimate.effects = losses(tx, &ids, partners.as_ref()).await?,
    }
    Ok(estimate)
}

/// Deliveries of these works that partners would be asked to remove.
async fn losses(
    tx: &mut PgConnection,
    ids: &[Uuid],
    partners: Option<&BTreeSet<PartnerId>>,
) -> anyhow::Result<BTreeMap<PartnerId, Effect>> {
    let partners: Option<Vec<String>> = partners.map(|some| some.iter().map(ToString::to_string).collect());
    let rows = sqlx::query!(
        r#"/* losses */
        select partner, count(*) as "works!", count(*) filter (where state = 'live') as "live!" from deliveries
        where submission = any($1) and ($2::text[] is null or partner = any($2))
            and (machine ->> 'desired' = 'live' or state <> 'recalled')
        group by partner order by partner"#,
        ids,
        partners.as_deref(),
    )
    .fetch_all(tx)
    .await
    .context("count what partners would lose")?;
    let effect = |works: i64, live: i64| Effect { works: works.unsigned_abs(), live: live.unsigned_abs() };
    Ok(rows.into_iter().map(|row| (PartnerId::new(row.partner), effect(row.works, row.live))).collect())
}

async fn elapsed(
    tx: &mut PgConnection,
    works: &[Beginning],
    from: Stage,
    addresses: Option<Addresses>,
) -> anyhow::Result<Elapsed> {
    let stages = costly(from);
    let ids: Vec<Uuid> = works.iter().map(|work| work.id).collect();
    let measured = measured(tx, &ids, &stages).await?;
    let factor = median_factor(tx, &stages, from).await?;
    let mut elapsed = Elapsed { median_factor: factor, ..Elapsed::default() };
    // The plan of a run that starts before transcode is not known yet, and thousands of works are not checked one by
    // one.
    let addresses = addresses.filter(|_| from >= Stage::Transcode && works.len() <= MOST_LOOKED_FOR);
    elapsed.found_works = addresses.map(|_| 0);
    for works in works.chunks(PLANS_AT_ONCE) {
        let unknown = |work: &&Beginning| addresses.is_some() || !measured.contains_key(&SubmissionId(work.id));
        let plans = plans(tx, &works.iter().filter(unknown).map(|work| work.id).collect::<Vec<_>>()).await?;
        for work in works {
            let plan = plans.get(&work.id);
            if let (Some(addresses), Some(plan)) = (addresses, plan)
                && all_found(tx, plan, addresses).await?
            {
                elapsed.found_works = elapsed.found_works.map(|found| found + 1);
                continue;
            }
            let planned_s = plan.and_then(|plan| seconds_of(&plan.plan.0, &plan.media_info.0, from));
            match (measured.get(&SubmissionId(work.id)), planned_s) {
                (Some(seconds), _) => {
                    elapsed.measured_works += 1;
                    elapsed.seconds += seconds;
                }
                (None, Some(seconds)) => {
                    elapsed.estimated_works += 1;
                    elapsed.seconds += seconds * factor.unwrap_or(1.0);
                }
                (None, None) => elapsed.unknown_works += 1,
            }
        }
    }
    Ok(elapsed)
}

async fn plans(tx: &mut PgConnection, ids: &[Uuid]) -> anyhow::Result<BTreeMap<Uuid, Planned>> {
    let rows = sqlx::query_as!(
        Planned,
        r#"/* plans_to_estimate */
        select id, plan as "plan!: Json<Plan>", media_info as "media_info!: Json<MediaInfo>", mezzanine_sha256
        from submissions where id = any($1) and plan is not null and media_info is not null"#,
        ids,
    )
    .fetch_all(tx)
    .await
    .context("read the plans")?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// The estimate of a plan from a stage on, in seconds of one core.
fn seconds_of(plan: &Plan, info: &MediaInfo, from: Stage) -> Option<f64> {
    let estimate = planner::Estimate::of(plan, info);
    let seconds = match from {
        Stage::Probe => estimate.cpu_s(),
        Stage::Screen | Stage::Transcode => estimate.transcode_cpu_s() + estimate.assemble_cpu_s(),
        Stage::Assemble => estimate.assemble_cpu_s(),
        Stage::Publish => 0.0,
    };
    seconds.is_finite().then_some(seconds)
}

/// Whether every file of a work's plan exists under its address.
async fn all_found(tx: &mut PgConnection, work: &Planned, addresses: Addresses) -> anyhow::Result<bool> {
    let Some(sha256) = &work.mezzanine_sha256 else { return Ok(false) };
    let addresses: Vec<Vec<u8>> =
        addresses(&work.plan.0, &work.media_info.0, sha256)?.into_iter().map(Vec::from).collect();
    sqlx::query_scalar!(
        r#"/* are_all_found */
        select bool_and(exists (select from renditions r join submissions s on s.id = r.submission
            where r.artefact = address and s.state <> 'withdrawn')) is true as "found!"
        from unnest($1::bytea[]) as wanted (address)"#,
        &addresses,
    )
    .fetch_one(tx)
    .await
    .context("look for files that are there already")
}

/// What the parts of each work took, in seconds: those of the last run that performed a stage completely. Only
/// assembled works.
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
            from timed where seconds is not null order by submission, stage, run desc
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

/// The number of most recently assembled works for the median.
const RECENT_WORKS: i64 = 200;
/// The most recently assembled files from which those works are taken: a work has about ten.
const RECENT_FILES: i64 = 10 * RECENT_WORKS;

/// The median, over the most recently assembled works, of the time taken for each second of their plans' estimates.
/// Runs that reused files are left out: they give no information about encoding.
async fn median_factor(tx: &mut PgConnection, stages: &[String], from: Stage) -> anyhow::Result<Option<f64>> {
    let rows = sqlx::query!(
        r#"/* recent_works */
        with recent as (
            select submission, run, max(finished_at) as at from (
                select submission, run, finished_at from parts where stage = 'assemble' and status = 'done'
                order by finished_at desc limit $3
            ) as files
            group by submission, run order by at desc limit $2
        )
        select s.plan as "plan!: Json<Plan>", s.media_info as "media_info!: Json<MediaInfo>",
            sum(extract(epoch from p.finished_at - p.started_at))::float8 as "seconds!"
        from recent r join submissions s on s.id = r.submission and s.run = r.run
            join parts p on p.submission = r.submission and p.run = r.run and p.stage = any($1)
        where s.plan is not null and s.media_info is not null and not exists (select from renditions t
            where t.submission = r.submission and t.run = r.run and t.reused_submission is not null)
        group by s.id having bool_and(p.status = 'done')"#,
        stages,
        RECENT_WORKS,
        RECENT_FILES,
    )
    .fetch_all(tx)
    .await
    .context("measure the median factor")?;
    let of = |row: &(f64, Option<f64>)| row.1.filter(|estimated| *estimated > 0.0).map(|estimated| row.0 / estimated);
    let measured = rows.into_iter().map(|row| (row.seconds, seconds_of(&row.plan.0, &row.media_info.0, from)));
    let mut factors: Vec<f64> = measured.filter_map(|row| of(&row)).collect();
    factors.sort_by(f64::total_cmp);
    let middle = factors.len() / 2;
    Ok(match factors.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(factors[middle]),
        _ => Some((factors[middle - 1] + factors[middle]) / 2.0),
    })
}

/// Deliveries of these works that are, or may be, with a partner.
async fn holdings(tx: &mut PgConnection, ids: &[Uuid], redo: &Redo) -> anyhow::Result<BTreeMap<PartnerId, Holding>> {
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
        let replaced = if redo.replace.contains(&partner) { holds } else { 0 };
        (partner, Holding { holds: holds as u64, replaced: replaced as u64 })
    };
    Ok(rows.into_iter().map(|row| holding(PartnerId::new(row.partner), row.holds)).collect())
}
