//! GET /api/v1/audit: who did what, and why.
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use runtime::problem::Problem;
use runtime::serving::params::Params;
use runtime::serving::principal::Person;

use super::{logged, reader};
use crate::Desk;
use crate::view::Page;
use crate::view::audit::{self, Row, TrailFilter};

/// Reads the audit trail, newest first. A token that is bound to a contest sees what was done to its submissions.
#[utoipa::path(get, path = "/api/v1/audit", tag = "desk", security(("token" = [])), params(TrailFilter),
    responses((status = 200, description = "A page", body = Page<Row>)))]
pub(crate) async fn trail(
    State(desk): State<Arc<Desk>>,
    Person(token): Person,
    Params(filter): Params<TrailFilter>,
) -> Result<Json<Page<Row>>, Problem> {
    audit::trail(&desk, &reader(&token), &filter).await.map(Json).map_err(logged(&token))
}
