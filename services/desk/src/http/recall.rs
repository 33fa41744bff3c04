//! POST /api/v1/submissions/{id}/recall.
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use runtime::problem::Problem;
use runtime::serving::principal::Subject;

use super::wish::Wish;
use crate::Desk;
use crate::act::Done;
use crate::act::recall::{self, Recall, Recalled};

/// Recalls a work from every partner that has it or may have it, or from some of them. Its film is kept from then on.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/recall", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")), request_body = Recall,
    responses((status = 200, description = "Recalling, or whom that would ask", body = Recalled)))]
pub(crate) async fn recall(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    Wish(caller, wish): Wish<Recall>,
) -> Result<Done<Recalled>, Problem> {
    recall::recall(&desk, &caller, work.id, wish).await
}
