//! POST /api/v1/submissions/{id}/review.
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use runtime::problem::Problem;
use runtime::serving::principal::Subject;

use super::wish::Wish;
use crate::Desk;
use crate::act::Done;
use crate::act::review::{self, Review, Reviewed};

/// Accepts or refuses a work that awaits review.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/review", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")), request_body = Review,
    responses((status = 200, description = "Decided, or what that would do", body = Reviewed)))]
pub(crate) async fn review(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    Wish(caller, wish): Wish<Review>,
) -> Result<Done<Reviewed>, Problem> {
    review::review(&desk, &caller, work.id, wish).await
}
