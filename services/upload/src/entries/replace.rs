//! POST /api/v1/submissions/{id}/replacement: another film for a work that was refused or still waits.
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use runtime::problem::Problem;
use runtime::serving::act::{Act, Answered};
use runtime::serving::client::Peer;
use runtime::serving::principal::Subject;
use runtime::serving::render::ProblemBody;

use super::{check_rate, contest_of};
use crate::act;
use crate::act::enter::UploadAddress;
use crate::app::App;

/// Announces another film. Send it by tus to the address in the answer; the present film counts until the other one is
/// complete.
#[utoipa::path(
    post, path = "/api/v1/submissions/{id}/replacement", tag = "entries", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission"), ("Idempotency-Key" = Option<String>, Header, description = "A UUID")),
    responses(
        (status = 200, description = "Where the film goes", body = UploadAddress),
        (status = 401, description = "No token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Wrong token, or past the deadline", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The film cannot be replaced", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many from this address", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Try again later", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    Extension(Subject(entry)): Extension<Subject>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    act: Act,
) -> Result<Answered, Problem> {
    if let Some(answer) = act.answered(&app.store).await? {
        return Ok(Answered(answer));
    }
    check_rate(&app, peer, &headers)?;
    Ok(Answered(act::replace::replace(&app, contest_of(&app, &entry)?, &entry, &act).await?))
}
