//! POST /api/v1/submissions/{id}/deliveries/{partner}/recalled.
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use runtime::problem::Problem;
use runtime::serving::principal::Subject;

use super::deliveries::At;
use super::wish::Wish;
use crate::Desk;
use crate::act::Done;
use crate::act::recalled::{self, ProveRemoval, RemovalReported};

/// Proves that a person removed a work at a partner. It takes effect once the system has checked the public address.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/deliveries/{partner}/recalled", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission"), ("partner" = String, Path, description = "Partner")),
    request_body = ProveRemoval,
    responses((status = 200, description = "Noted, or what would be", body = RemovalReported)))]
pub(crate) async fn recalled(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
    Wish(caller, wish): Wish<ProveRemoval>,
) -> Result<Done<RemovalReported>, Problem> {
    recalled::recalled(&desk, &caller, work.id, &at.partner.as_str().into(), wish).await
}
