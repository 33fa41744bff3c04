//! Bulk jobs: new runs, releases or recalls of many works. They are requested in one transaction, carried out gradually
//! by the reconciler (`bulk/start.rs`, `bulk/carry.rs`), and paused, resumed and cancelled as one. `bulk/ask.rs`
//! defines what can be requested, `bulk/look.rs` decides which works can start, `bulk/estimate.rs` computes what a dry
//! run adds.
use anyhow::Context;
use pipeline::id::{ContestId, SubmissionId};
use pipeline::selection::Selection;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::audit::{self, Act};
use super::history::By;
use super::{history, submissions};

mod ask;
mod carry;
mod entered;
mod estimate;
mod look;
mod read;
mod select;
mod start;

pub use ask::{Ask, Kind};
pub use entered::{Entered, entered};
pub use estimate::{Addresses, Effect, Elapsed, Estimate, Holding, estimate};
pub use look::{Looked, Refusal, look, read_only, take_turn};
pub use read::{BulkItemRow, BulkJobRow, locked};
pub(super) use start::Standing;

/// States of a job.
pub const STATES: [&str; 4] = ["running", "paused", "cancelled", "done"];
/// States of one work of a job.
pub const WORK_STATES: [&str; 6] = ["waiting", "started", "done", "failed", "skipped", "cancelled"];

/// `parts.rank` of bulk work: after new entries, which have 0.
pub const BULK_RANK: i32 = 100;
/// The most works of one job.
pub const MAX_WORKS: usize = 100_000;

/// Which works.
#[derive(Clone, Debug)]
pub enum Which {
    /// These.
    Named(Vec<SubmissionId>),
    /// Those that a selection finds now.
    Selected(Box<Selection>),
}

/// A job that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Created {
    /// Its id.
    pub id: Uuid,
    /// Works that it will start, or has started.
    pub works: u64,
    /// Works of other jobs that have not ended, which it leaves to them.
    pub skipped: u64,
}

/// A person's order to a whole job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Start no more works, until resumed.
    Pause,
    /// Continue.
    Resume,
    /// Start no more works, ever.
    Cancel,
}

/// The single work that is named for a new run.
fn single(which: &Which, ask: &Ask) -> Option<SubmissionId> {
    match (which, ask.kind()) {
        (Which::Named(ids), Kind::Reprocess) if ids.len() == 1 => ids.first().copied(),
        (Which::Named(_) | Which::Selected(_), _) => None,
    }
}

/// Creates a job of works that were looked at in the same transaction, after [`take_turn`], and were not refused; it is
/// carried out gradually. A new run of a single named work is started immediately, with the rank of new entries,
/// because a person waits for it.
pub async fn begin(
    tx: &mut PgConnection,
    policy: &super::Policy,
    which: &Which,
    ask: &Ask,
    looked: &Looked,
    by: &By,
) -> anyhow::Result<Created> {
    match single(which, ask) {
        Some(id) => redo_one(tx, policy, id, ask, looked, by).await,
        None => create(tx, which, ask, looked, by).await,
    }
}

/// Pauses, resumes or cancels a job. Returns whether that changed anything; `None` if there is no such job. Works that
/// have started continue.
pub async fn control(tx: &mut PgConnection, job: Uuid, control: Control, by: &By) -> anyhow::Result<Option<bool>> {
    let (to, from): (&str, &[&str]) = match control {
        Control::Pause => ("paused", &["running"]),
        Control::Resume => ("running", &["paused"]),
        Control::Cancel => ("cancelled", &["running", "paused"]),
    };
    let from: Vec<String> = from.iter().map(|state| (*state).to_owned()).collect();
    let row = sqlx::query!("/* lock_bulk_job */ select state, contest from bulk_jobs where id = $1 for update", job)
        .fetch_optional(&mut *tx)
        .await?;
    let Some(row) = row else { return Ok(None) };
    if !from.contains(&row.state) {
        return Ok(Some(false));
    }
    sqlx::query!(
        "/* control_bulk_job */
                    update bulk_jobs set state = $2, changed_at = clock_timestamp() where id = $1",
        job,
        to,
    )
    .execute(&mut *tx)
    .await?;
    if control == Control::Cancel {
        cancel_waiting(tx, job).await?;
    }
    let (before, after) = (json!({ "job": job, "state": row.state }), json!({ "job": job, "state": to }));
    let act = Act { act: "bulk_job_changed", submission: None, partner: None, before, after };
    audit::add_about(tx, by, &act, row.contest.map(ContestId::new).as_ref()).await?;
    Ok(Some(true))
}

async fn create(tx: &mut PgConnection, which: &Which, ask: &Ask, looked: &Looked, by: &By) -> anyhow::Result<Created> {
    let selection = match which {
        Which::Named(ids) => format!("{} named works", ids.len()),
        Which::Selected(selection) => selection.to_string(),
    };
    let id = Uuid::now_v7();
    insert_job(tx, id, &selection, ask, (BULK_RANK, &looked.contests), by).await?;
    let rows = sqlx::query_scalar!(
        r#"/* add_bulk_items */
        insert into bulk_items (job, submission, kind, seen, state, why, detail)
        select $1, new.id, $3,
            case when $3 = 'release' then (
                select concat_ws(' ', s.run, (
                    select string_agg(concat_ws('=', d.partner, d.machine ->> 'desired'), ' ' order by d.partner collate "C")
                    from deliveries d where d.submission = s.id))
                from submissions s where s.id = new.id) end,
            case when other.job is null then 'waiting' else 'skipped' end,
            case when other.job is not null then 'in_another_job' end, other.job::text
        from unnest($2::uuid[]) as new (id)
            left join bulk_items other on other.submission = new.id and other.kind = $3 and other.state in ('waiting', 'started')
        returning state"#,
        id,
        &looked.ids,
        ask.kind().name(),
    )
    .fetch_all(&mut *tx)
    .await
    .context("add the works to the job")?;
    let works = rows.iter().filter(|state| *state == "waiting").count();
    let at = ask.columns().release_at;
    let after = json!({ "job": id, "selection": selection, "ask": ask.event(), "at": at, "works": works });
    let act = Act { act: "bulk_job_created", submission: None, partner: None, before: json!(null), after };
    audit::add_about(tx, by, &act, looked.contest().as_ref()).await?;
    Ok(Created { id, works: works as u64, skipped: (rows.len() - works) as u64 })
}

async fn redo_one(
    tx: &mut PgConnection,
    policy: &super::Policy,
    submission: SubmissionId,
    ask: &Ask,
    looked: &Looked,
    by: &By,
) -> anyhow::Result<Created> {
    let applied = submissions::apply(tx, policy, submission, &ask.event(), by).await?;
    anyhow::ensure!(applied.changed, "submission {submission} was locked, judged, and cannot begin after all");
    let id = Uuid::now_v7();
    insert_job(tx, id, &submission.to_string(), ask, (0, &looked.contests), by).await?;
    start::insert_started(tx, id, submission, &applied.machine).await?;
    Ok(Created { id, works: 1, skipped: 0 })
}

async fn insert_job(
    tx: &mut PgConnection,
    id: Uuid,
    selection: &str,
    ask: &Ask,
    (rank, contests): (i32, &[String]),
    by: &By,
) -> anyhow::Result<()> {
    let asked = ask.columns();
    let contest = match contests {
        [one] => Some(one.as_str()),
        _ => None,
    };
    sqlx::query!(
        "/* create_bulk_job */
        insert into bulk_jobs (id, actor, name, reason, selection, from_stage, partners, replace, rank, person, credential, address,
            contest, kind, release_at, recall_within_s, contests)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        id,
        by.actor.to_string(),
        by.name.as_ref(),
        by.reason,
        selection,
        asked.from_stage,
        asked.partners.as_deref(),
        &asked.replace,
        rank,
        by.person.map(|id| id.0),
        by.credential.map(|id| id.0),
        by.address,
        contest,
        asked.kind,
        asked.release_at,
        asked.recall_within_s as _,
        contests,
    )
    .execute(tx)
    .await
    .context("store the job")?;
    Ok(())
}

async fn cancel_waiting(tx: &mut PgConnection, job: Uuid) -> anyhow::Result<()> {
    sqlx::query!(
        "/* cancel_bulk_items */
        update bulk_items set state = 'cancelled', why = 'job_cancelled', changed_at = clock_timestamp()
        where job = $1 and state = 'waiting'",
        job,
    )
    .execute(tx)
    .await?;
    Ok(())
}
