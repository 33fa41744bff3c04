//! Jobs as people read them.
use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use pipeline::person::Sees;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::store::Store;

/// A job.
#[derive(Clone, Debug)]
pub struct BulkJobRow {
    /// Its id.
    pub id: Uuid,
    /// What kind of person asked for it.
    pub actor: String,
    /// Who.
    pub name: String,
    /// Why.
    pub reason: Option<String>,
    /// The selection, as requested.
    pub selection: String,
    /// What its works do: `reprocess`, `release` or `recall`.
    pub kind: String,
    /// Stage at which each run starts; `None` for a release or a recall.
    pub from_stage: Option<String>,
    /// For a release: nothing is sent before this instant.
    pub release_at: Option<DateTime<Utc>>,
    /// Partners that the runs publish to, or that the act concerns; `None` means all.
    pub partners: Option<Vec<String>>,
    /// Partners whose file is replaced.
    pub replace: Vec<String>,
    /// The one contest of all its works; `None` if there are several.
    pub contest: Option<String>,
    /// `running`, `paused`, `cancelled` or `done`.
    pub state: String,
    /// How many works are in each state: `waiting`, `started`, `done`, `failed`, `skipped`, `cancelled`.
    pub works: BTreeMap<String, i64>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was last paused, resumed, cancelled or done.
    pub changed_at: DateTime<Utc>,
}

/// One work of a job.
#[derive(Clone, Debug)]
pub struct BulkItemRow {
    /// The work.
    pub submission: SubmissionId,
    /// Its title.
    pub title: String,
    /// `waiting`, `started`, `done`, `failed`, `skipped` or `cancelled`.
    pub state: String,
    /// The run that it started, if any.
    pub run: Option<u32>,
    /// Stable name of the reason why it is not simply done.
    pub why: Option<String>,
    /// Details of the reason.
    pub detail: Option<String>,
    /// When it last changed.
    pub changed_at: DateTime<Utc>,
}

impl Store {
    /// Jobs, newest first: those whose works all belong to these contests, before the job `before`, at most `limit`.
    pub async fn bulk_jobs(
        &self,
        contests: &Sees,
        before: Option<Uuid>,
        limit: u32,
    ) -> anyhow::Result<Vec<BulkJobRow>> {
        jobs(self.pool(), None, contests, before, limit).await
    }

    /// One job; `None` if there is none, or not all of its works belong to these contests.
    pub async fn bulk_job(&self, job: Uuid, contests: &Sees) -> anyhow::Result<Option<BulkJobRow>> {
        Ok(jobs(self.pool(), Some(job), contests, None, 1).await?.pop())
    }

    /// The works of a job, by time of entry, after `after`, at most `limit`.
    pub async fn bulk_items(
        &self,
        job: Uuid,
        after: Option<SubmissionId>,
        limit: u32,
    ) -> anyhow::Result<Vec<BulkItemRow>> {
        self.bulk_items_in(job, None, after, limit).await
    }

    /// The same, only those in `state` if given.
    pub async fn bulk_items_in(
        &self,
        job: Uuid,
        state: Option<&str>,
        after: Option<SubmissionId>,
        limit: u32,
    ) -> anyhow::Result<Vec<BulkItemRow>> {
        let rows = sqlx::query!(
            "/* bulk_items */
            select i.submission, s.title, i.state, i.run, i.why, i.detail, i.changed_at
            from bulk_items i join submissions s on s.id = i.submission
            where i.job = $1 and ($2::uuid is null or i.submission > $2) and ($4::text is null or i.state = $4)
            order by i.submission limit $3",
            job,
            after.map(|id| id.0),
            i64::from(limit),
            state,
        )
        .fetch_all(self.pool())
        .await
        .with_context(|| format!("list the works of bulk job {job}"))?;
        let rows = rows.into_iter().map(|row| BulkItemRow {
            submission: SubmissionId(row.submission),
            title: row.title,
            state: row.state,
            run: row.run.map(|run| run as u32),
            why: row.why,
            detail: row.detail,
            changed_at: row.changed_at,
        });
        Ok(rows.collect())
    }
}

/// A job within a transaction, locked until its end; `None` if there is none, or not all of its works belong to these
/// contests.
pub async fn locked(tx: &mut PgConnection, job: Uuid, contests: &Sees) -> anyhow::Result<Option<BulkJobRow>> {
    sqlx::query!("/* lock_bulk_job_to_order */ select id from bulk_jobs where id = $1 for update", job)
        .fetch_optional(&mut *tx)
        .await
        .context("lock a bulk job")?;
    Ok(jobs(tx, Some(job), contests, None, 1).await?.pop())
}

async fn jobs(
    executor: impl PgExecutor<'_>,
    job: Option<Uuid>,
    contests: &Sees,
    before: Option<Uuid>,
    limit: u32,
) -> anyhow::Result<Vec<BulkJobRow>> {
    // Ids are UUIDs of version 7, so their order is the order in time.
    let contests = contests.names();
    let rows = sqlx::query!(
        r#"/* bulk_jobs */
        select id, actor, name, reason, selection, kind, from_stage, release_at, partners, replace, contest, state, created_at,
            changed_at,
            array(select i.state from bulk_items i where i.job = j.id group by i.state order by i.state) as "states!",
            array(select count(*) from bulk_items i where i.job = j.id group by i.state order by i.state) as "counts!"
        from bulk_jobs j
        where ($1::uuid is null or id = $1) and ($2::text[] is null or contests <> '{}' and contests <@ $2)
            and ($3::uuid is null or id < $3)
        order by id desc limit $4"#,
        job,
        contests.as_deref(),
        before,
        i64::from(limit),
    )
    .fetch_all(executor)
    .await
    .context("list bulk jobs")?;
    let rows = rows.into_iter().map(|row| BulkJobRow {
        id: row.id,
        actor: row.actor,
        name: row.name,
        reason: row.reason,
        selection: row.selection,
        kind: row.kind,
        from_stage: row.from_stage,
        release_at: row.release_at,
        partners: row.partners,
        replace: row.replace,
        contest: row.contest,
        state: row.state,
        works: row.states.into_iter().zip(row.counts).collect(),
        created_at: row.created_at,
        changed_at: row.changed_at,
    });
    Ok(rows.collect())
}
