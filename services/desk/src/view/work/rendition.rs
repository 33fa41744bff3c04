//! The finished files of a work.
use pipeline::person::Sees;
use pipeline::rendition::QcCheck;
use runtime::outcome::{ReusedFrom, StoredCover};
use runtime::problem::Problem;
use runtime::store::files::renditions::RenditionRow;
use runtime::store::submissions::SubmissionRow;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Desk;
use crate::act::Caller;

/// A finished file.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Rendition {
    /// Its name in the ladder.
    pub name: String,
    /// The run that it belongs to.
    pub run: u32,
    /// Display size in pixels.
    pub width: u32,
    /// Display size in pixels.
    pub height: u32,
    /// Its length.
    pub duration_ms: u64,
    /// Its size.
    pub bytes: u64,
    /// Hex.
    pub sha256: String,
    /// Its key in the object store.
    pub key: String,
    /// The key of the still picture that comes with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cover_key: Option<String>,
    /// Still pictures that were cut out of it for partners.
    #[schema(value_type = Vec<Object>)]
    pub covers: Vec<StoredCover>,
    /// Which code made it.
    pub engine: String,
    /// Whose file it is a copy of, where it was made before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reused_from: Option<MadeBefore>,
    /// What quality control measured.
    #[schema(value_type = Vec<Object>)]
    pub qc: Vec<QcCheck>,
}

/// Where a file was made first.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct MadeBefore {
    /// The work; absent where it is another contest's than the caller's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submission: Option<Uuid>,
    /// The run that made it, or took it over itself.
    pub run: u32,
}

/// The files in force, by name.
pub async fn renditions(desk: &Desk, caller: &Caller, row: &SubmissionRow) -> Result<Vec<Rendition>, Problem> {
    let rows = desk.store.renditions(row.id).await?;
    let made_before = |from: ReusedFrom| {
        let visible = caller.sees == Sees::All || from.submission == row.id;
        MadeBefore { submission: visible.then_some(from.submission.0), run: from.run }
    };
    let rendition = |it: RenditionRow| {
        let reused_from = it.rendition.reused_from.map(made_before);
        Rendition { reused_from, ..Rendition::from(it) }
    };
    Ok(rows.into_iter().map(rendition).collect())
}

impl From<RenditionRow> for Rendition {
    fn from(row: RenditionRow) -> Self {
        let made = row.rendition;
        Self {
            name: row.name.to_string(),
            run: row.run,
            width: made.width,
            height: made.height,
            duration_ms: made.duration_ms,
            bytes: made.video.bytes,
            sha256: made.video.sha256,
            key: made.video.key,
            cover_key: made.cover.map(|cover| cover.key),
            covers: made.covers,
            engine: made.engine,
            reused_from: None,
            qc: made.qc,
        }
    }
}
