//! POST /api/v1/submissions/{id}/retry: what failed too often, or waits for its next try, is tried again now.
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use pipeline::part::PartToDo;
use runtime::store::parts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Desk;
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::act::{Act, Answered};
use runtime::serving::principal::Subject;

/// What to try again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Again {
    /// Only this part, with `stage`; all that are parked or waiting if absent.
    part: Option<String>,
    /// Stage by name.
    stage: Option<String>,
    /// Why, for the audit trail.
    reason: Option<String>,
}

/// What is tried again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Retried {
    /// How many parts.
    parts: usize,
}

/// Gives parked and waiting parts another five attempts.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/retry", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")), request_body = Again,
    responses((status = 200, description = "They are pending now", body = Retried)))]
pub(crate) async fn retry(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(entry)): Extension<Subject>,
    act: Act,
) -> Result<Answered, Problem> {
    let wish: Again = act.body()?;
    let only = match (&wish.stage, &wish.part) {
        (None, None) => None,
        (Some(stage), Some(part)) => {
            let stage = stage.parse().map_err(|_| Code::FieldWrong.about("stage"))?;
            let part = part.parse().map_err(|_| Code::FieldWrong.about("part"))?;
            Some(PartToDo { stage, part })
        }
        (Some(_), None) | (None, Some(_)) => {
            return Err(Code::FieldWrong.about(Detail::new("须同时给出或都省略", "both or neither").of("stage, part")));
        }
    };
    let by = act.by(wish.reason.as_deref())?;
    let (act, by, only, id) = (&act, &by, only.as_ref(), entry.id);
    let retried = desk.store.transaction("desk_retry", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            let parts = parts::retry(tx, id, only, by).await?;
            if parts == 0 {
                return Err(Problem::from(Code::NothingParked).into());
            }
            act.end(tx, StatusCode::OK, &Retried { parts }).await
        })
    });
    Ok(Answered(retried.await?))
}
