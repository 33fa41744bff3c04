//! Reading bulk jobs: for people.
use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use serde::Serialize;
use uuid::Uuid;

use crate::store::Store;

/// Jobs and works that are listed at most.
const LISTED: i64 = 1000;

/// A job.
#[derive(Clone, Debug, Serialize)]
pub struct BulkJobRow {
    /// Its id.
    pub id: Uuid,
    /// What kind of person asked for it.
    pub actor: String,
    /// Who.
    pub name: String,
    /// Why.
    pub reason: Option<String>,
    /// Which works, as it was asked.
    pub selection: String,
    /// Stage at which each run begins.
    pub from_stage: String,
    /// Partners that the runs publish to; `None` is all.
    pub partners: Option<Vec<String>>,
    /// Partners whose file makes room.
    pub replace: Vec<String>,
    /// `running`, `paused`, `cancelled` or `done`.
    pub state: String,
    /// How many works stand where: `waiting`, `started`, `done`, `failed`, `skipped`, `cancelled`.
    pub works: BTreeMap<String, i64>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was last paused, resumed, cancelled or done.
    pub changed_at: DateTime<Utc>,
}

/// One work of a job.
#[derive(Clone, Debug, Serialize)]
pub struct BulkItemRow {
    /// The work.
    pub submission: SubmissionId,
    /// `waiting`, `started`, `done`, `failed`, `skipped` or `cancelled`.
    pub state: String,
    /// The run that it started.
    pub run: Option<u32>,
    /// Stable word for why it is not simply done.
    pub why: Option<String>,
    /// What that is about.
    pub detail: Option<String>,
    /// When it last changed.
    pub changed_at: DateTime<Utc>,
}

impl Store {
    /// Jobs, newest first; one, if `job` names it.
    pub async fn bulk_jobs(&self, job: Option<Uuid>) -> anyhow::Result<Vec<BulkJobRow>> {
        let rows = sqlx::query!(
            r#"/* bulk_jobs */
            select id, actor, name, reason, selection, from_stage, partners, replace, state, created_at, changed_at,
                array(select i.state from bulk_items i where i.job = j.id group by i.state order by i.state) as "states!",
                array(select count(*) from bulk_items i where i.job = j.id group by i.state order by i.state) as "counts!"
            from bulk_jobs j where $1::uuid is null or id = $1 order by created_at desc limit $2"#,
            job,
            LISTED,
        )
        .fetch_all(self.pool())
        .await
        .context("list bulk jobs")?;
        let rows = rows.into_iter().map(|row| BulkJobRow {
            id: row.id,
            actor: row.actor,
            name: row.name,
            reason: row.reason,
            selection: row.selection,
            from_stage: row.from_stage,
            partners: row.partners,
            replace: row.replace,
            state: row.state,
            works: row.states.into_iter().zip(row.counts).collect(),
            created_at: row.created_at,
            changed_at: row.changed_at,
        });
        Ok(rows.collect())
    }

    /// The works of a job, by time of entry, after `after`.
    pub async fn bulk_items(&self, job: Uuid, after: Option<SubmissionId>) -> anyhow::Result<Vec<BulkItemRow>> {
        let rows = sqlx::query!(
            "/* bulk_items */
            select submission, state, run, why, detail, changed_at from bulk_items
            where job = $1 and ($2::uuid is null or submission > $2) order by submission limit $3",
            job,
            after.map(|id| id.0),
            LISTED,
        )
        .fetch_all(self.pool())
        .await
        .with_context(|| format!("list the works of bulk job {job}"))?;
        let rows = rows.into_iter().map(|row| BulkItemRow {
            submission: SubmissionId(row.submission),
            state: row.state,
            run: row.run.map(|run| run as u32),
            why: row.why,
            detail: row.detail,
            changed_at: row.changed_at,
        });
        Ok(rows.collect())
    }
}
