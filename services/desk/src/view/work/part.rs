//! What machines do and did for a work.
use chrono::{DateTime, Utc};
use runtime::problem::Problem;
use runtime::serving::openapi::vocabulary::PartStatus;
use runtime::store::submissions::SubmissionRow;
use runtime::store::work::parts::PartRow;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Desk;

/// One part of the machines' work.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Part {
    /// The run.
    pub run: u32,
    /// Stage by name.
    pub stage: String,
    /// Such as `segment/3`.
    pub part: String,
    /// `pending`, `waiting`, `claimed`, `done`, `parked` or `cancelled`.
    #[schema(value_type = PartStatus)]
    pub status: String,
    /// Failures so far.
    pub attempt: u32,
    /// Of the current attempt, 0 to 1.
    pub progress: f32,
    /// Why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Host and process of the present or the last claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When the current attempt began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
}

/// What machines do and did, run by run.
pub async fn parts(desk: &Desk, row: &SubmissionRow) -> Result<Vec<Part>, Problem> {
    Ok(desk.store.parts(row.id).await?.into_iter().map(Part::from).collect())
}

impl From<PartRow> for Part {
    fn from(row: PartRow) -> Self {
        Self {
            run: row.run,
            stage: row.stage,
            part: row.part,
            status: row.status,
            attempt: row.attempt,
            progress: row.progress,
            last_error: row.last_error,
            holder: row.holder,
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        }
    }
}
