//! Enforces the policy of each public route. Everything that a policy does not allow is denied.
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use runtime::doors::{Door, Reason};
use runtime::problem::{Code, Problem};
use runtime::serving::principal::{Principal, Subject};

use crate::app::App;
use crate::policy::Policy;
use crate::token;

/// The check before one route.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) app: Arc<App>,
    pub(crate) policy: Policy,
}

/// Middleware before one route.
pub(crate) async fn enforce(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    match allowed(&gate, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// The request with what is known about its sender, if they may.
async fn allowed(gate: &Gate, request: Request) -> Result<Request, Problem> {
    match gate.policy {
        Policy::Public | Policy::Page | Policy::Upload => return Ok(request),
        Policy::Entry => {}
    }
    let (mut head, body) = request.into_parts();
    let params = RawPathParams::from_request_parts(&mut head, &()).await.map_err(|_| Code::RouteUnknown)?;
    let named = params.iter().find(|(name, _)| *name == "id").map(|(_, id)| id);
    let submission = token::authorize(&gate.app, &head.headers).await?;
    if named.and_then(|id| id.parse().ok()) != Some(submission.id) {
        return Err(Code::TokenWrong.refused(Door::Entrants, Reason::Forbidden, Some(submission.id)));
    }
    head.extensions.insert(Principal::Entrant(submission.id));
    head.extensions.insert(Subject(Arc::new(submission)));
    Ok(Request::from_parts(head, body))
}
