//! POST /api/v1/submissions/{id}/withdraw.
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use runtime::problem::Problem;
use runtime::serving::principal::Subject;

use super::wish::Wish;
use crate::Desk;
use crate::act::Done;
use crate::act::withdraw::{self, Withdraw, Withdrawn};

/// Withdraws a work for an entrant who cannot do it. The entrant's data is deleted.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/withdraw", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")), request_body = Withdraw,
    responses((status = 200, description = "Withdrawn, or what that would do", body = Withdrawn)))]
pub(crate) async fn withdraw(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    Wish(caller, wish): Wish<Withdraw>,
) -> Result<Done<Withdrawn>, Problem> {
    withdraw::withdraw(&desk, &caller, work.id, wish).await
}
