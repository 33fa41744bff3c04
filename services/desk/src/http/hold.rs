//! POST /api/v1/submissions/{id}/hold.
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use runtime::problem::Problem;
use runtime::serving::principal::Subject;

use super::wish::Wish;
use crate::Desk;
use crate::act::Done;
use crate::act::hold::{self, Held, Hold};

/// Protects a work's film from deletion, or ends that protection.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/hold", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")), request_body = Hold,
    responses((status = 200, description = "Whether it is held", body = Held)))]
pub(crate) async fn hold(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    Wish(caller, wish): Wish<Hold>,
) -> Result<Done<Held>, Problem> {
    hold::hold(&desk, &caller, work.id, wish).await
}
