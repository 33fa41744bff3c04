//! DELETE /api/v1/submissions/{id}: the entrant takes the work back. Their personal data goes at once, the files soon after.
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use pipeline::submission::State as Standing;
use runtime::store::entrants;
use runtime::store::idempotency::Answer;
use serde_json::Value;
use tracing::info;

use crate::app::App;
use runtime::problem::{Code, Problem};
use runtime::serving::act::{Act, Answered};
use runtime::serving::principal::Subject;
use runtime::serving::render::ProblemBody;

/// Withdraws an entry. Once more is done already.
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
    if entry.machine.state == Standing::Withdrawn {
        // Nothing is done, so nothing has to be remembered: otherwise each new key would leave a row for a day.
        let status = StatusCode::NO_CONTENT.as_u16();
        let nothing = Answer { status, location: None, body: Value::Null, again: false };
        return Ok(Answered(act.answered(&app.store).await?.unwrap_or(nothing)));
    }
    let (act, by, id, policy) = (&act, &act.by(None)?, entry.id, app.store.policy());
    let withdrawn = app.store.transaction("withdraw", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            let applied = entrants::withdraw(tx, policy, id, by).await?;
            match applied.machine.state {
                Standing::Withdrawn => act.end(tx, StatusCode::NO_CONTENT, &()).await,
                _ => Err(Problem::from(Code::SubmissionClosed).into()),
            }
        })
    });
    let answer = withdrawn.await?;
    info!(submission.id = %id, "submission {id} was withdrawn");
    Ok(Answered(answer))
}
