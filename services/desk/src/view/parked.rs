//! Parts that failed too often and wait for an operator, by work.
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use runtime::problem::Problem;
use runtime::store::watching::listing::Parked;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Page, contests_of, cursor_of, limit_of};
use crate::Desk;
use crate::act::Caller;

/// Which parked parts.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ParkedFilter {
    /// Only this contest.
    pub contest: Option<String>,
    /// The page after the one whose `next` this is.
    pub cursor: Option<String>,
    /// Submissions on a page, 1 to 200, 50 if absent.
    pub limit: Option<u32>,
}

/// A part that failed too often.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ParkedPart {
    /// The submission.
    pub submission: Uuid,
    /// Its contest.
    pub contest: String,
    /// The run.
    pub run: i32,
    /// Stage by name.
    pub stage: String,
    /// Such as `rendition/social-1080`.
    pub part: String,
    /// How often it was tried.
    pub attempt: i32,
    /// The error of the last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When it was parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
}

/// Lists the parked parts. All parked parts of a work are on one page.
pub async fn parked(desk: &Desk, caller: &Caller, filter: &ParkedFilter) -> Result<Page<ParkedPart>, Problem> {
    let limit = limit_of(filter.limit)?;
    let before = cursor_of::<SubmissionId>(filter.cursor.as_deref())?;
    let contests = contests_of(desk, caller, filter.contest.as_deref())?;
    let rows = desk.store.parked(&contests, before, limit + 1).await?;
    let mut submissions: Vec<Uuid> = rows.iter().map(|row| row.submission).collect();
    submissions.dedup();
    let shown = &submissions[..submissions.len().min(limit as usize)];
    let next = if submissions.len() > shown.len() { shown.last().map(ToString::to_string) } else { None };
    let items = rows.into_iter().filter(|row| shown.contains(&row.submission)).map(ParkedPart::from).collect();
    Ok(Page { items, next, count: None })
}

impl From<Parked> for ParkedPart {
    fn from(row: Parked) -> Self {
        Self {
            submission: row.submission,
            contest: row.contest,
            run: row.run,
            stage: row.stage,
            part: row.part,
            attempt: row.attempt,
            last_error: row.last_error,
            finished_at: row.finished_at,
        }
    }
}
