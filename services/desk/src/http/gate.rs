//! Enforces the policy of each route of staff. What a policy does not allow is denied.
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use pipeline::id::SubmissionId;
use runtime::doors::{Door, Reason};
use runtime::problem::{Code, Problem};
use runtime::serving::principal::{Principal, Subject, bearer};
use runtime::store::submissions::SubmissionRow;
use runtime::store::tokens::{Role, TokenRow};

use crate::Desk;
use crate::serve::Service;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Everybody.
    Public,
    /// People of these roles, for the contest that their token is bound to.
    People(&'static [Role]),
}

/// What stands before one route.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) service: Service,
    pub(crate) policy: Policy,
    /// Whether a request without Idempotency-Key is refused.
    pub(crate) keyed: bool,
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
    let Policy::People(roles) = gate.policy else { return Ok(request) };
    let (mut head, body) = request.into_parts();
    let missing = || Code::TokenMissing.refused(Door::Organisers, Reason::Missing, None::<SubmissionId>);
    let sent = bearer(&head.headers).ok_or_else(missing)?;
    let desk = &gate.service.desk;
    let token = gate.service.verifier.verify(&desk.store, sent).await?;
    if !roles.contains(&token.role) {
        return Err(Code::RoleMissing.refused(Door::Organisers, Reason::Forbidden, Some(token.id)));
    }
    let params = RawPathParams::from_request_parts(&mut head, &()).await.map_err(|_| Code::RouteUnknown)?;
    if let Some((_, id)) = params.iter().find(|(name, _)| *name == "id") {
        head.extensions.insert(Subject(Arc::new(seen_by(desk, &token, id).await?)));
    }
    if gate.keyed && !head.headers.contains_key("idempotency-key") {
        return Err(Code::IdempotencyKeyMissing.into());
    }
    head.extensions.insert(Principal::Person(Arc::new(token)));
    Ok(Request::from_parts(head, body))
}

/// A submission of another contest is answered like one that does not exist.
async fn seen_by(desk: &Desk, token: &TokenRow, id: &str) -> Result<SubmissionRow, Problem> {
    let id = id.parse().map_err(|_| Code::SubmissionUnknown)?;
    let submission = desk.store.submission(id).await?.ok_or(Code::SubmissionUnknown)?;
    let foreign = token.contest.as_ref().is_some_and(|contest| *contest != submission.contest);
    if foreign {
        return Err(Code::SubmissionUnknown.refused(Door::Organisers, Reason::Forbidden, Some(token.id)));
    }
    Ok(submission)
}
