//! Jobs, one job, and the works of a job.
//!
//! A job belongs to a contest if all its works do. People who are bound to a contest see only the jobs of that contest;
//! a job of several contests does not exist for them.
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use pipeline::person::Sees;
use runtime::problem::{Code, Problem};
use runtime::serving::openapi::vocabulary::{JobState, JobWorkState};
use runtime::store::bulk::{BulkItemRow, BulkJobRow, Kind, WORK_STATES};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Page, Paging, cursor_of, known, limit_of};
use crate::Desk;

/// A job.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Job {
    /// Its id.
    pub id: Uuid,
    /// `running`, `paused`, `cancelled` or `done`.
    #[schema(value_type = JobState)]
    pub state: String,
    /// How many works are in which state: `waiting`, `started`, `done`, `failed`, `skipped`, `cancelled`. States without works are absent.
    pub works: BTreeMap<String, i64>,
    /// The one contest of all its works; absent where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contest: Option<String>,
    /// Which works, as it was asked: a selection, the number of named works, or the id of a single one.
    pub selection: String,
    /// What each work does: `reprocess`, `release` or `recall`.
    #[schema(value_type = Kind)]
    pub kind: String,
    /// Stage at which each new run begins; absent for a release or a recall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Of a release: nothing is sent before this instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    /// Partners that the runs publish to, or that the act is about; absent: all partners of each work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partners: Option<Vec<String>>,
    /// Partners whose file makes room for the new one.
    pub replace: Vec<String>,
    /// What kind of person asked for it, such as `organiser`.
    pub actor: String,
    /// Who.
    pub name: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was last paused, resumed, cancelled or done.
    pub changed_at: DateTime<Utc>,
}

impl From<BulkJobRow> for Job {
    fn from(row: BulkJobRow) -> Self {
        Self {
            id: row.id,
            state: row.state,
            works: row.works,
            contest: row.contest,
            selection: row.selection,
            kind: row.kind,
            from: row.from_stage,
            at: row.release_at,
            partners: row.partners,
            replace: row.replace,
            actor: row.actor,
            name: row.name,
            reason: row.reason,
            created_at: row.created_at,
            changed_at: row.changed_at,
        }
    }
}

/// Which works of a job.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct JobWorksFilter {
    /// Only those in this state, such as `skipped`.
    #[param(value_type = Option<JobWorkState>)]
    pub state: Option<String>,
    /// The page after the one whose `next` this is; the first if absent.
    pub cursor: Option<String>,
    /// 1 to 200, 50 if absent.
    pub limit: Option<u32>,
}

/// One work of a job.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobWork {
    /// The work.
    pub submission: Uuid,
    /// Its title.
    pub title: String,
    /// `waiting`, `started`, `done`, `failed`, `skipped` or `cancelled`.
    #[schema(value_type = JobWorkState)]
    pub state: String,
    /// The run that it started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<u32>,
    /// Stable word for why it is not simply done, such as `in_another_job`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What that is about, such as the other job's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When it last changed.
    pub changed_at: DateTime<Utc>,
}

impl From<BulkItemRow> for JobWork {
    fn from(row: BulkItemRow) -> Self {
        Self {
            submission: row.submission.0,
            title: row.title,
            state: row.state,
            run: row.run,
            why: row.why,
            detail: row.detail,
            changed_at: row.changed_at,
        }
    }
}

/// Jobs, newest first.
pub async fn jobs(desk: &Desk, sees: &Sees, paged: &Paging) -> Result<Page<Job>, Problem> {
    let limit = limit_of(paged.limit)?;
    let before = cursor_of(paged.cursor.as_deref())?;
    let rows = desk.store.bulk_jobs(sees, before, limit + 1).await?;
    Ok(Page::of(rows.into_iter().map(Job::from).collect(), limit, |job| job.id.to_string()))
}

/// One job.
pub async fn job(desk: &Desk, sees: &Sees, id: Uuid) -> Result<Job, Problem> {
    let row = desk.store.bulk_job(id, sees).await?;
    Ok(row.ok_or(Code::JobUnknown)?.into())
}

/// The works of a job, by time of entry.
pub async fn works(desk: &Desk, sees: &Sees, id: Uuid, filter: &JobWorksFilter) -> Result<Page<JobWork>, Problem> {
    let limit = limit_of(filter.limit)?;
    let after: Option<SubmissionId> = cursor_of(filter.cursor.as_deref())?;
    if let Some(state) = &filter.state {
        known("state", state, &WORK_STATES)?;
    }
    if desk.store.bulk_job(id, sees).await?.is_none() {
        return Err(Code::JobUnknown.into());
    }
    let rows = desk.store.bulk_items_in(id, filter.state.as_deref(), after, limit + 1).await?;
    Ok(Page::of(rows.into_iter().map(JobWork::from).collect(), limit, |work| work.submission.to_string()))
}
