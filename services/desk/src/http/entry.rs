//! One entry in full: what happened, what was measured, what was judged, what was made.
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use runtime::outcome::StoredCover;
use runtime::serving::openapi::vocabulary::CheckOutcome;
use runtime::store::history::HistoryLine;
use runtime::store::parts::PartRow;
use runtime::store::renditions::RenditionRow;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::Desk;
use runtime::problem::{Code, Problem};
use runtime::serving::principal::Subject;

/// One line of an entry's history.
#[derive(Serialize, ToSchema)]
pub(crate) struct Happened {
    at: DateTime<Utc>,
    /// `worker`, `entrant`, `screener`, `organiser` or `operator`.
    actor: String,
    /// Stable name, such as `part_done` or `released`.
    what: String,
    /// More of it; of people, `by` and `reason`.
    #[schema(value_type = Object)]
    detail: Value,
}

impl From<HistoryLine> for Happened {
    fn from(line: HistoryLine) -> Self {
        Self { at: line.at, actor: line.actor, what: line.what, detail: line.detail }
    }
}

/// What happened to an entry, oldest first; of very long histories the newest thousand lines.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/history", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "Oldest first", body = Vec<Happened>)))]
pub(crate) async fn history(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(entry)): Extension<Subject>,
) -> Result<Json<Vec<Happened>>, Problem> {
    let lines = desk.store.history(entry.id).await?;
    Ok(Json(lines.into_iter().map(Happened::from).collect()))
}

/// What screening judged: every rule with what was measured and what is allowed.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/verdict", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "The verdict", body = Object)))]
pub(crate) async fn verdict(Extension(Subject(entry)): Extension<Subject>) -> Result<Json<Value>, Problem> {
    let verdict = entry.verdict.as_ref().ok_or(Code::NotYet)?;
    Ok(Json(serde_json::to_value(verdict).map_err(anyhow::Error::from)?))
}

/// What the probe measured.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/media-info", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "Streams, sizes, times, loudness", body = Object)))]
pub(crate) async fn media_info(Extension(Subject(entry)): Extension<Subject>) -> Result<Json<Value>, Problem> {
    let info = entry.media_info.as_ref().ok_or(Code::NotYet)?;
    Ok(Json(serde_json::to_value(info).map_err(anyhow::Error::from)?))
}

/// A finished file.
#[derive(Serialize, ToSchema)]
pub(crate) struct Rendition {
    name: String,
    /// The run that made it.
    run: u32,
    /// Display size in pixels.
    width: u32,
    height: u32,
    duration_ms: u64,
    bytes: u64,
    /// Hex.
    sha256: String,
    /// Whether it comes with a still picture.
    cover: bool,
    /// What was cut out of it for partners.
    covers: Vec<PartnerCover>,
    /// Which code made it.
    engine: String,
    /// Whether it was made before, in an earlier run or for another entry with the same source, and taken over.
    reused: bool,
    /// What quality control measured.
    qc: Vec<Check>,
}

/// A still picture for partners.
#[derive(Serialize, ToSchema)]
pub(crate) struct PartnerCover {
    /// Such as `4:3`.
    aspect: String,
    /// Pixels.
    width: u32,
    height: u32,
    bytes: u64,
    /// Where in the picture it was taken, ms.
    at_ms: u64,
    partners: Vec<String>,
}

impl From<&StoredCover> for PartnerCover {
    fn from(made: &StoredCover) -> Self {
        Self {
            aspect: made.aspect.to_string(),
            width: made.width,
            height: made.height,
            bytes: made.file.bytes,
            at_ms: made.at_ms,
            partners: made.partners.iter().map(ToString::to_string).collect(),
        }
    }
}

/// One thing that quality control looked at.
#[derive(Serialize, ToSchema)]
pub(crate) struct Check {
    check: String,
    measured: String,
    limit: String,
    /// `pass`, `fail`, or `invalid` where the measurement itself is not to be believed.
    #[schema(value_type = CheckOutcome)]
    outcome: &'static str,
}

impl From<RenditionRow> for Rendition {
    fn from(row: RenditionRow) -> Self {
        let made = row.rendition;
        let check = |it: pipeline::rendition::QcCheck| Check {
            check: it.check,
            measured: it.measured,
            limit: it.limit,
            outcome: it.outcome.name(),
        };
        Self {
            name: row.name.to_string(),
            run: row.run,
            width: made.width,
            height: made.height,
            duration_ms: made.duration_ms,
            bytes: made.video.bytes,
            sha256: made.video.sha256,
            cover: made.cover.is_some(),
            covers: made.covers.iter().map(PartnerCover::from).collect(),
            engine: made.engine,
            reused: made.reused_from.is_some(),
            qc: made.qc.into_iter().map(check).collect(),
        }
    }
}

/// The files in force: what partners get.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/renditions", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "By name", body = Vec<Rendition>)))]
pub(crate) async fn renditions(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(entry)): Extension<Subject>,
) -> Result<Json<Vec<Rendition>>, Problem> {
    let rows = desk.store.renditions(entry.id).await?;
    Ok(Json(rows.into_iter().map(Rendition::from).collect()))
}

/// One piece of work.
#[derive(Serialize, ToSchema)]
pub(crate) struct Piece {
    run: u32,
    /// Stage by name.
    stage: String,
    /// Such as `segment/3`.
    part: String,
    /// `pending`, `waiting`, `claimed`, `done`, `parked` or `cancelled`.
    status: String,
    /// Failures so far.
    attempt: u32,
    /// Of the current attempt, 0 to 1.
    progress: f32,
    /// Why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    created_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<DateTime<Utc>>,
}

impl From<PartRow> for Piece {
    fn from(row: PartRow) -> Self {
        Self {
            run: row.run,
            stage: row.stage,
            part: row.part,
            status: row.status,
            attempt: row.attempt,
            progress: row.progress,
            last_error: row.last_error,
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        }
    }
}

/// The work on an entry, run by run.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/parts", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "Run by run", body = Vec<Piece>)))]
pub(crate) async fn parts(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(entry)): Extension<Subject>,
) -> Result<Json<Vec<Piece>>, Problem> {
    let rows = desk.store.parts(entry.id).await?;
    Ok(Json(rows.into_iter().map(Piece::from).collect()))
}
