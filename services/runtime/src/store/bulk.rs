//! Bulk jobs: new runs of many works. Asked for in one transaction, started gradually by the reconciler (`bulk/start.rs`),
//! paused, resumed and cancelled as one. What a dry run says is counted in `bulk/estimate.rs`.
use std::collections::BTreeSet;

use anyhow::Context;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::selection::Selection;
use pipeline::stage::Stage;
use pipeline::submission::{Event, Redo};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::audit::{self, Act};
use super::history::By;
use super::{Store, history, submissions};

mod estimate;
mod read;
mod select;
mod start;

pub use estimate::{Addresses, Elapsed, Estimate, Holding};
pub use read::{BulkItemRow, BulkJobRow};
pub(super) use start::Standing;

/// `parts.rank` of bulk work: after new entries, which have 0.
pub const BULK_RANK: i32 = 100;
/// Most works of one job.
pub const MAX_WORKS: usize = 100_000;

/// Which works.
#[derive(Clone, Debug)]
pub enum Which {
    /// These.
    Named(Vec<SubmissionId>),
    /// Those that a selection finds now.
    Selected(Box<Selection>),
}

/// What each of them is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Where the new run begins.
    pub from: Stage,
    /// What it does with partners.
    pub redo: Redo,
}

/// What became of asking for a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// There is a job.
    Job {
        /// Its id.
        id: Uuid,
        /// Works that it will start, or has started.
        works: u64,
        /// Works of other jobs that are not done, which it leaves to them.
        skipped: u64,
    },
    /// No work was named or found.
    Nothing,
    /// One work was named, and it cannot begin there.
    CannotBegin {
        /// The name of the state that it is in.
        state: String,
    },
    /// One work was named, and this job has it.
    InAnotherJob(Uuid),
    /// More than [`MAX_WORKS`].
    TooMany,
}

/// What a person does with a whole job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Start no more works, until resumed.
    Pause,
    /// Go on.
    Resume,
    /// Start no more works, ever.
    Cancel,
}

impl Ask {
    /// The event that begins it.
    pub fn event(&self) -> Event {
        Event::Reprocess { from: self.from, redo: self.redo.clone() }
    }
}

impl Store {
    /// Asks for new runs. Several works become a job whose works are started gradually; a single named one is started here
    /// and now, as anything that a person does to one work.
    pub async fn bulk_create(&self, which: &Which, ask: &Ask, by: impl Into<By>) -> anyhow::Result<Created> {
        let by = &by.into();
        let name = if single(which).is_some() { "redo_work" } else { "create_bulk_job" };
        self.transaction(name, |tx, _| Box::pin(async move { self::ask(tx, self.policy(), which, ask, by).await }))
            .await
    }

    /// Pauses, resumes or cancels a job. Whether that changed anything; `None` where there is no such job. Works that have
    /// begun end by themselves.
    pub async fn bulk_control(&self, job: Uuid, control: Control, by: impl Into<By>) -> anyhow::Result<Option<bool>> {
        let by = &by.into();
        self.transaction("control_bulk_job", |tx, _| Box::pin(async move { self::control(tx, job, control, by).await }))
            .await
            .with_context(|| format!("change bulk job {job}"))
    }
}

/// The one work that is named.
fn single(which: &Which) -> Option<SubmissionId> {
    match which {
        Which::Named(ids) if ids.len() == 1 => ids.first().copied(),
        Which::Named(_) | Which::Selected(_) => None,
    }
}

/// Asks for new runs within the caller's transaction. See [`Store::bulk_create`].
pub async fn ask(
    tx: &mut PgConnection,
    policy: &super::Policy,
    which: &Which,
    ask: &Ask,
    by: &By,
) -> anyhow::Result<Created> {
    match single(which) {
        Some(id) => redo_one(tx, policy, id, ask, by).await,
        None => create(tx, which, ask, by).await,
    }
}

/// Pauses, resumes or cancels a job within the caller's transaction. See [`Store::bulk_control`].
pub async fn control(tx: &mut PgConnection, job: Uuid, control: Control, by: &By) -> anyhow::Result<Option<bool>> {
    let (to, from): (&str, &[&str]) = match control {
        Control::Pause => ("paused", &["running"]),
        Control::Resume => ("running", &["paused"]),
        Control::Cancel => ("cancelled", &["running", "paused"]),
    };
    let from: Vec<String> = from.iter().map(|state| (*state).to_owned()).collect();
    let state = sqlx::query_scalar!("/* lock_bulk_job */ select state from bulk_jobs where id = $1 for update", job)
        .fetch_optional(&mut *tx)
        .await?;
    let Some(state) = state else { return Ok(None) };
    if !from.contains(&state) {
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
    let (before, after) = (json!({ "job": job, "state": state }), json!({ "job": job, "state": to }));
    audit::add(tx, by, &Act { act: "bulk_job_changed", submission: None, partner: None, before, after }).await?;
    Ok(Some(true))
}

async fn create(tx: &mut PgConnection, which: &Which, ask: &Ask, by: &By) -> anyhow::Result<Created> {
    take_turn(tx).await?;
    let ids = select::ids(tx, which).await?;
    if ids.is_empty() {
        return Ok(Created::Nothing);
    }
    if ids.len() > MAX_WORKS {
        return Ok(Created::TooMany);
    }
    let selection = match which {
        Which::Named(ids) => format!("{} named works", ids.len()),
        Which::Selected(selection) => selection.to_string(),
    };
    let id = Uuid::now_v7();
    insert_job(tx, id, &selection, ask, BULK_RANK, by).await?;
    let rows = sqlx::query_scalar!(
        r#"/* add_bulk_items */
        insert into bulk_items (job, submission, state, why, detail)
        select $1, new.id, case when other.job is null then 'waiting' else 'skipped' end,
            case when other.job is not null then 'in_another_job' end, other.job::text
        from unnest($2::uuid[]) as new (id)
            left join bulk_items other on other.submission = new.id and other.state in ('waiting', 'started')
        returning state"#,
        id,
        &ids,
    )
    .fetch_all(&mut *tx)
    .await
    .context("add the works to the job")?;
    let works = rows.iter().filter(|state| *state == "waiting").count();
    let after = json!({ "job": id, "selection": selection, "from": ask.from, "redo": ask.redo, "works": works });
    let act = Act { act: "bulk_job_created", submission: None, partner: None, before: json!(null), after };
    audit::add(tx, by, &act).await?;
    Ok(Created::Job { id, works: works as u64, skipped: (rows.len() - works) as u64 })
}

/// Jobs are made one at a time, so that of two over the same works the second sees what the first has taken.
async fn take_turn(tx: &mut PgConnection) -> anyhow::Result<()> {
    sqlx::query!("/* create_bulk_jobs_in_turn */ select pg_advisory_xact_lock(hashtext('reelmill_bulk'))")
        .execute(tx)
        .await
        .context("wait for another job to be made")?;
    Ok(())
}

/// One work, at once, with the rank of new entries: a person waits for it.
async fn redo_one(
    tx: &mut PgConnection,
    policy: &super::Policy,
    submission: SubmissionId,
    ask: &Ask,
    by: &By,
) -> anyhow::Result<Created> {
    take_turn(tx).await?;
    let Some(state) = start::lock(tx, submission).await? else { return Ok(Created::Nothing) };
    let other = sqlx::query_scalar!(
        "/* bulk_job_of */ select job from bulk_items where submission = $1 and state in ('waiting', 'started')",
        submission.0,
    )
    .fetch_optional(&mut *tx)
    .await?;
    // A run of its own job that stands still is a person's to begin anew; a job that has not come to it yet will.
    if let Some(job) = other
        && start::is_waiting(tx, job, submission).await?
    {
        return Ok(Created::InAnotherJob(job));
    }
    let applied = submissions::apply(tx, policy, submission, &ask.event(), by).await?;
    if !applied.changed {
        return Ok(Created::CannotBegin { state });
    }
    let id = Uuid::now_v7();
    insert_job(tx, id, &submission.to_string(), ask, 0, by).await?;
    start::insert_started(tx, id, submission, &applied.machine).await?;
    Ok(Created::Job { id, works: 1, skipped: 0 })
}

async fn insert_job(
    tx: &mut PgConnection,
    id: Uuid,
    selection: &str,
    ask: &Ask,
    rank: i32,
    by: &By,
) -> anyhow::Result<()> {
    let names = |partners: &BTreeSet<PartnerId>| partners.iter().map(ToString::to_string).collect::<Vec<_>>();
    let partners = ask.redo.partners.as_ref().map(names);
    sqlx::query!(
        "/* create_bulk_job */
        insert into bulk_jobs (id, actor, name, reason, selection, from_stage, partners, replace, rank, person, credential, address)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        id,
        by.actor.to_string(),
        by.name.as_ref(),
        by.reason,
        selection,
        ask.from.name(),
        partners.as_deref(),
        &names(&ask.redo.replace),
        rank,
        by.person.map(|id| id.0),
        by.credential.map(|id| id.0),
        by.address,
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
