//! POST /api/v1/submissions/{id}/deliveries/{partner}/confirm.
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use runtime::problem::Problem;
use runtime::serving::principal::Subject;

use super::deliveries::At;
use super::wish::Wish;
use crate::Desk;
use crate::act::Done;
use crate::act::confirm::{self, Confirm, Confirmed};

/// Confirms a publication that, by the partner's rules, a person must confirm.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/deliveries/{partner}/confirm", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission"), ("partner" = String, Path, description = "Partner")),
    request_body = Confirm,
    responses((status = 200, description = "It is published next, or would be", body = Confirmed)))]
pub(crate) async fn confirm(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
    Wish(caller, wish): Wish<Confirm>,
) -> Result<Done<Confirmed>, Problem> {
    confirm::confirm(&desk, &caller, work.id, &at.partner.as_str().into(), wish).await
}
