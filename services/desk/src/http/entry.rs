//! One work in full: its history, what was measured, judged and produced, and where its time was spent.
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use runtime::problem::Problem;
use runtime::serving::principal::{Person, Subject};
use serde_json::Value;

use super::reader;
use crate::Desk;
use crate::view::trace::{self, Timeline};
use crate::view::work::{self, Happened, Part, Rendition};

/// The history of an entry, oldest first; of very long histories, the newest thousand lines.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/history", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "Oldest first", body = Vec<Happened>)))]
pub(crate) async fn history(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(entry)): Extension<Subject>,
) -> Result<Json<Vec<Happened>>, Problem> {
    work::history(&desk, &entry).await.map(Json)
}

/// The verdict of screening: every rule with the measured and the allowed value.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/verdict", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "The verdict", body = Object)))]
pub(crate) async fn verdict(Extension(Subject(entry)): Extension<Subject>) -> Result<Json<Value>, Problem> {
    Ok(Json(serde_json::to_value(work::verdict(&entry)?).map_err(anyhow::Error::from)?))
}

/// What the probe measured.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/media-info", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "Streams, sizes, times, loudness", body = Object)))]
pub(crate) async fn media_info(Extension(Subject(entry)): Extension<Subject>) -> Result<Json<Value>, Problem> {
    Ok(Json(serde_json::to_value(work::media_info(&entry)?).map_err(anyhow::Error::from)?))
}

/// The files in force: what partners get.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/renditions", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "By name", body = Vec<Rendition>)))]
pub(crate) async fn renditions(
    State(desk): State<Arc<Desk>>,
    Person(token): Person,
    Extension(Subject(entry)): Extension<Subject>,
) -> Result<Json<Vec<Rendition>>, Problem> {
    work::renditions(&desk, &reader(&token), &entry).await.map(Json)
}

/// The work on an entry, run by run.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/parts", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "Run by run", body = Vec<Part>)))]
pub(crate) async fn parts(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(entry)): Extension<Subject>,
) -> Result<Json<Vec<Part>>, Problem> {
    work::parts(&desk, &entry).await.map(Json)
}

/// How an entry's time was spent: each state, each part, and who was waited for.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/trace", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "In order; all times in seconds", body = Timeline)))]
pub(crate) async fn trace(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(entry)): Extension<Subject>,
) -> Result<Json<Timeline>, Problem> {
    trace::trace(&desk, &entry).await.map(Json)
}
