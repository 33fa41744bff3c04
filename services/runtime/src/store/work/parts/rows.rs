//! Parts as readers see them: each, and counted.
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A part for readers.
#[derive(Clone, Debug, Serialize)]
pub struct PartRow {
    /// The run.
    pub run: u32,
    /// The stage's name.
    pub stage: String,
    /// The part's text form.
    pub part: String,
    /// `pending`, `waiting`, `claimed`, `done`, `parked` or `cancelled`.
    pub status: String,
    /// Failures so far.
    pub attempt: u32,
    /// Progress of the current attempt, 0 to 1.
    pub progress: f32,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// Its holder.
    pub holder: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When the current attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// How many parts of a stage have each status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueRow {
    /// The stage's name.
    pub stage: String,
    /// The status' name.
    pub status: String,
    /// How many.
    pub parts: i64,
    /// How long the oldest has been claimable, in seconds; meaningful for pending ones.
    pub age_s: f64,
}
