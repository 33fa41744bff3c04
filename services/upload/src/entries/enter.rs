//! POST /api/v1/submissions: the form is checked and stored, and the client gets a token and the address for the film.
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use runtime::problem::{Code, Problem};
use runtime::serving::act::{Act, Answered};
use runtime::serving::client::Peer;
use runtime::serving::render::ProblemBody;

use super::form::Form;
use super::{check_deadline, check_rate};
use crate::act::enter::{self, Entered};
use crate::app::App;
use crate::token::Token;

/// Enters a work.
#[utoipa::path(
    post, path = "/api/v1/submissions", tag = "entries", request_body = Form,
    params(
        ("Accept-Language" = Option<String>, Header, description = "zh or en, for problems"),
        ("Idempotency-Key" = Option<String>, Header, description = "A UUID; a form that is sent again with it enters once"),
    ),
    responses(
        (status = 201, description = "Entered", body = Entered),
        (status = 400, description = "Not a form", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Past the deadline", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many from this address", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Try again later", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn enter(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    act: Act,
) -> Result<Answered, Problem> {
    // Before every check that may have changed since: the deadline may have passed.
    if let Some(answer) = act.answered(&app.store).await? {
        return Ok(Answered(answer));
    }
    check_rate(&app, peer, &headers)?;
    let form: Form = act.body()?;
    let contest = app.catalogue.contest(&form.contest.as_str().into()).ok_or(Code::ContestUnknown)?;
    check_deadline(contest, None, app.clock.now())?;
    let form = form.checked(contest)?;
    Ok(Answered(enter::enter(&app, contest, &form, &Token::new()?, &act).await?))
}
