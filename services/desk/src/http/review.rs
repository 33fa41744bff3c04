//! POST /api/v1/submissions/{id}/review: the gate behind screening, opened or closed by a person.
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use pipeline::id::SubmissionId;
use pipeline::submission::Event;
use pipeline::text::Limit;
use runtime::store::history::By;
use runtime::store::submissions;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Desk;
use runtime::problem::{Code, Problem};
use runtime::serving::act::{Act, Answered};
use runtime::serving::principal::Subject;
use runtime::serving::typed;

/// A reviewer's decision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    /// `accept` or `refuse`.
    decision: Verdict,
    /// Why it is refused; told to the entrant in these words.
    words: Option<String>,
    /// Why, for the audit trail.
    reason: Option<String>,
}

/// Yes or no.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Its renditions are made.
    Accept,
    /// It is refused for good.
    Refuse,
}

/// Where an entry stands now.
#[derive(Serialize, ToSchema)]
pub(crate) struct Stands {
    id: Uuid,
    /// As in the entry's status.
    state: &'static str,
    /// Which pass it is in.
    run: u32,
}

/// Accepts or refuses an entry that awaits review.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/review", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")), request_body = Decision,
    responses((status = 200, description = "Decided", body = Stands)))]
pub(crate) async fn review(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(entry)): Extension<Subject>,
    act: Act,
) -> Result<Answered, Problem> {
    let decision: Decision = act.body()?;
    let words = typed::optional("words", decision.words.as_deref(), Limit::REASON)?;
    let event = match (decision.decision, words) {
        (Verdict::Accept, None) => Event::ReviewAccepted,
        (Verdict::Refuse, Some(words)) => Event::ReviewRefused { words },
        (Verdict::Accept, Some(_)) => return Err(Code::FieldWrong.about("words: only with a refusal")),
        (Verdict::Refuse, None) => return Err(Code::FieldWrong.about("words: 1 to 500 characters")),
    };
    let by = act.by(decision.reason.as_deref())?;
    apply(&desk, &act, entry.id, &event, &by).await
}

/// Applies an event once; one that changes nothing is out of place.
async fn apply(desk: &Desk, act: &Act, id: SubmissionId, event: &Event, by: &By) -> Result<Answered, Problem> {
    let policy = desk.store.policy();
    let applied = desk.store.transaction("desk_apply", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            let applied = submissions::apply(tx, policy, id, event, by).await?;
            let (state, run) = (applied.machine.state.name(), applied.machine.run);
            if !applied.changed {
                return Err(Code::StateWrong.about(state).into());
            }
            act.end(tx, StatusCode::OK, &Stands { id: id.0, state, run }).await
        })
    });
    Ok(Answered(applied.await?))
}
