//! GET /api/v1/submissions/{id}: one work as staff see it.
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use runtime::problem::Problem;
use runtime::serving::principal::{Person, Subject};

use super::reader;
use crate::Desk;
use crate::view::work::{self, Work};

/// Shows everything about one work.
#[utoipa::path(get, path = "/api/v1/submissions/{id}", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "The work", body = Work)))]
pub(crate) async fn work(
    State(desk): State<Arc<Desk>>,
    Person(token): Person,
    Extension(Subject(row)): Extension<Subject>,
) -> Result<impl IntoResponse, Problem> {
    let work = work::work(&desk, &reader(&token), &row).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(work)))
}
