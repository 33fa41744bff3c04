//! DELETE /api/v1/submissions/{id}: the entrant withdraws the work.
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;

use crate::act;
use crate::app::App;
use runtime::problem::Problem;
use runtime::serving::act::{Act, Answered};
use runtime::serving::principal::Subject;
use runtime::serving::render::ProblemBody;

/// Withdraws an entry. A repetition changes nothing.
#[utoipa::path(
    delete, path = "/api/v1/submissions/{id}", tag = "entries", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission"), ("Idempotency-Key" = Option<String>, Header, description = "A UUID")),
    responses(
        (status = 204, description = "Withdrawn"),
        (status = 401, description = "No token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Wrong token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Too late: ask the organisers", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Try again later", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn withdraw(
    State(app): State<Arc<App>>,
    Extension(Subject(entry)): Extension<Subject>,
    act: Act,
) -> Result<Answered, Problem> {
    Ok(Answered(act::withdraw::withdraw(&app, &entry, &act).await?))
}
