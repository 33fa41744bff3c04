//! GET /api/v1/partners: who receives works, by which method, and the condition of their accounts.
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use runtime::problem::Problem;

use crate::Desk;
use crate::view::partners::{self, Partner};

/// Lists the partners of the catalogue.
#[utoipa::path(get, path = "/api/v1/partners", tag = "desk", security(("token" = [])),
    responses((status = 200, description = "By id", body = Vec<Partner>)))]
pub(crate) async fn list(State(desk): State<Arc<Desk>>) -> Result<Json<Vec<Partner>>, Problem> {
    partners::partners(&desk).await.map(Json)
}
