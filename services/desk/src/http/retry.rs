//! POST /api/v1/submissions/{id}/retry.
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use runtime::problem::Problem;
use runtime::serving::principal::Subject;

use super::wish::Wish;
use crate::Desk;
use crate::act::Done;
use crate::act::retry::{self, Retried, Retry};

/// Gives parked and waiting parts another five attempts.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/retry", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")), request_body = Retry,
    responses((status = 200, description = "They are pending now, or would be", body = Retried)))]
pub(crate) async fn retry(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    Wish(caller, wish): Wish<Retry>,
) -> Result<Done<Retried>, Problem> {
    retry::retry(&desk, &caller, work.id, wish).await
}
