//! PUT /api/v1/submissions/{id}/deliveries/{partner}/texts.
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use pipeline::id::PartnerId;
use runtime::problem::Problem;
use runtime::serving::principal::Subject;

use super::deliveries::At;
use super::wish::Wish;
use crate::Desk;
use crate::act::Done;
use crate::act::texts::{self, Worded, Wording};

/// Sets another title, description or tags for one partner; they apply to everything sent from then on.
#[utoipa::path(put, path = "/api/v1/submissions/{id}/deliveries/{partner}/texts", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission"), ("partner" = String, Path, description = "Partner")), request_body = Wording,
    responses((status = 200, description = "As they will be sent", body = Worded)))]
pub(crate) async fn texts(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
    Wish(caller, wish): Wish<Wording>,
) -> Result<Done<Worded>, Problem> {
    texts::texts(&desk, &caller, work.id, &PartnerId::new(at.partner), wish).await
}
