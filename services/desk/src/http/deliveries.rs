//! GET /api/v1/submissions/{id}/deliveries: where a work stands with each partner.
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use runtime::problem::Problem;
use runtime::serving::principal::{Person, Subject};
use serde::Deserialize;

use crate::Desk;
use crate::view::deliveries::{self as view, Delivery};

/// The state of a work at every partner.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/deliveries", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "By partner", body = Vec<Delivery>)))]
pub(crate) async fn list(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    person: Person,
) -> Result<Json<Vec<Delivery>>, Problem> {
    Ok(Json(view::deliveries(&desk, &person.0.sees(), work.id).await?))
}

/// Which delivery of the entry.
#[derive(Deserialize)]
pub(crate) struct At {
    pub(super) partner: String,
}
