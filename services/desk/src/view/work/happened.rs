//! The history of a work, and the notes of staff on it.
use chrono::{DateTime, Utc};
use runtime::problem::Problem;
use runtime::store::submissions::SubmissionRow;
use runtime::store::submissions::history::HistoryLine;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::Desk;

/// One line of a work's history.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Happened {
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// `worker`, `entrant`, `screener`, `organiser` or `operator`.
    pub actor: String,
    /// Stable name, such as `part_done` or `released`.
    pub what: String,
    /// Details of the event; of an act by a person also `by` and `reason`.
    #[schema(value_type = Object)]
    pub detail: Value,
}

/// The history of a work, oldest first; of very long histories, the newest thousand lines.
pub async fn history(desk: &Desk, row: &SubmissionRow) -> Result<Vec<Happened>, Problem> {
    Ok(desk.store.history(row.id).await?.into_iter().map(Happened::from).collect())
}

/// The newest notes of staff on a work, newest first.
pub async fn notes(desk: &Desk, row: &SubmissionRow) -> Result<Vec<Happened>, Problem> {
    Ok(desk.store.notes(row.id).await?.into_iter().map(Happened::from).collect())
}

impl From<HistoryLine> for Happened {
    fn from(line: HistoryLine) -> Self {
        Self { at: line.at, actor: line.actor, what: line.what, detail: line.detail }
    }
}
