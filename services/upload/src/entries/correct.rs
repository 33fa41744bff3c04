//! PATCH /api/v1/submissions/{id}: other answers to some fields of the form.
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use pipeline::form::Answers;
use runtime::problem::Problem;
use runtime::serving::act::{Act, Answered};
use runtime::serving::client::Peer;
use runtime::serving::principal::Subject;
use runtime::serving::render::ProblemBody;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{check_rate, contest_of};
use crate::act;
use crate::act::correct::Corrected;
use crate::app::App;

/// New answers to some fields.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Correction {
    /// Answers by the ids of their fields, such as `title` or `entrant.contact.phone`; for the contest's own questions,
    /// their plain names. `true` makes a declaration, an empty text removes an answer.
    #[schema(example = json!({ "title": "一座工厂的早晨" }))]
    fields: Answers,
}

/// Corrects the form until review has started. Fields that are not given stay unchanged; the form as a whole must
/// satisfy the rules of entering.
#[utoipa::path(
    patch, path = "/api/v1/submissions/{id}", tag = "entries", security(("token" = [])), request_body = Correction,
    params(("id" = Uuid, Path, description = "Submission"), ("Idempotency-Key" = Option<String>, Header, description = "A UUID")),
    responses(
        (status = 200, description = "Corrected", body = Corrected),
        (status = 400, description = "Not a form", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Wrong token, or past the deadline", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "The entrant's data was deleted", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Review has begun", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many from this address", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Try again later", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn correct(
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
    let Correction { fields } = act.body()?;
    Ok(Answered(act::correct::correct(&app, contest_of(&app, &entry)?, &entry, &fields, &act).await?))
}
