//! POST /api/v1/submissions/{id}/cure.
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use runtime::problem::Problem;
use runtime::serving::principal::Subject;

use super::wish::Wish;
use crate::Desk;
use crate::act::Done;
use crate::act::cure::{self, Cure, Cured};

/// Opens a window in which a work's entrant may replace the film and correct the texts, or closes it.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/cure", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")), request_body = Cure,
    responses((status = 200, description = "What the entrant may do", body = Cured)))]
pub(crate) async fn cure(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    Wish(caller, wish): Wish<Cure>,
) -> Result<Done<Cured>, Problem> {
    cure::cure(&desk, &caller, work.id, wish).await
}
