//! DELETE /api/v1/submissions/{id}: the entrant takes the work back. Their personal data goes at once, the files soon after.
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use pipeline::submission::State as Standing;
use tracing::info;

use super::read::of_token;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::render::ProblemBody;

/// Withdraws an entry. Once more is done already.
#[utoipa::path(
    delete, path = "/api/v1/submissions/{id}", tag = "entries", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
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
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let submission = of_token(&app, &id, &headers).await?;
    let applied = app.store.withdraw(submission.id).await?;
    match applied.machine.state {
        Standing::Withdrawn => {
            info!(submission.id = %submission.id, "submission {} was withdrawn", submission.id);
            Ok(StatusCode::NO_CONTENT)
        }
        _ => Err(Code::SubmissionClosed.into()),
    }
}
