//! Who may do what: every route has a policy in the table of routes, and this middleware is where it is enforced. What a
//! policy does not allow is denied.
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use pipeline::id::SubmissionId;
use runtime::doors::{Door, Reason};
use runtime::store::submissions::SubmissionRow;
use runtime::store::tokens::{Role, TokenRow};

use crate::app::App;
use crate::problem::{Code, Problem};
use crate::token;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Everybody.
    Public,
    /// The entrant of an upload's submission. The upload protocol's handlers judge it, since they know the upload.
    Upload,
    /// The entrant of the submission in the address, and people of these roles for whose contest it is.
    Entry(&'static [Role]),
    /// People of these roles, for the contest that their token is bound to.
    People(&'static [Role]),
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) enum Principal {
    /// An entrant, by the token of that submission.
    Entrant(SubmissionId),
    /// Somebody with a token of ours.
    Person(Arc<TokenRow>),
}

/// The submission that the address names, which whoever asks may see.
#[derive(Clone)]
pub(crate) struct Subject(pub(crate) Arc<SubmissionRow>);

/// What stands before one route.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) app: Arc<App>,
    pub(crate) policy: Policy,
    /// Whether a request without Idempotency-Key is turned away.
    pub(crate) keyed: bool,
}

/// Middleware before one route.
pub(crate) async fn enforce(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    match allowed(&gate, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// The request with what is known about who sent it, if they may.
async fn allowed(gate: &Gate, request: Request) -> Result<Request, Problem> {
    let (entrant, roles) = match gate.policy {
        Policy::Public | Policy::Upload => return Ok(request),
        Policy::Entry(roles) => (true, roles),
        Policy::People(roles) => (false, roles),
    };
    let (mut head, body) = request.into_parts();
    let params = RawPathParams::from_request_parts(&mut head, &()).await.map_err(|_| Code::RouteUnknown)?;
    let named = params.iter().find(|(name, _)| *name == "id").map(|(_, id)| id);
    let door = if entrant { Door::Entrants } else { Door::Organisers };
    let (principal, subject) = match who(&gate.app, door, &head.headers).await? {
        Who::Entrant(submission) => {
            let forbidden = |code: Code| code.refused(Door::Entrants, Reason::Forbidden, Some(submission.id));
            if !entrant {
                return Err(forbidden(Code::RoleMissing));
            }
            let own = named.and_then(|id| id.parse().ok()) == Some(submission.id);
            if !own {
                return Err(forbidden(Code::TokenWrong));
            }
            (Principal::Entrant(submission.id), Some(submission))
        }
        Who::Person(token) => {
            if !roles.contains(&token.role) {
                return Err(Code::RoleMissing.refused(Door::Organisers, Reason::Forbidden, Some(token.id)));
            }
            let subject = match named {
                Some(id) => Some(Box::new(seen_by(&gate.app, &token, id).await?)),
                None => None,
            };
            (Principal::Person(Arc::new(token)), subject)
        }
    };
    if gate.keyed && !head.headers.contains_key("idempotency-key") {
        return Err(Code::IdempotencyKeyMissing.into());
    }
    head.extensions.insert(principal);
    if let Some(subject) = subject {
        head.extensions.insert(Subject(Arc::new(*subject)));
    }
    Ok(Request::from_parts(head, body))
}

enum Who {
    Entrant(Box<SubmissionRow>),
    Person(TokenRow),
}

/// Who sent it, at the door that the route has; a token says by its form which one it means.
async fn who(app: &App, door: Door, headers: &HeaderMap) -> Result<Who, Problem> {
    let missing = || Code::TokenMissing.refused(door, Reason::Missing, None::<SubmissionId>);
    let sent = token::bearer(headers).ok_or_else(missing)?;
    if runtime::bearer::Bearer::is_one(sent) {
        return app.desk.verify(&app.store, sent).await.map(Who::Person);
    }
    token::authorize(app, headers).await.map(|submission| Who::Entrant(Box::new(submission)))
}

/// A submission of another contest is none: whoever may not see it does not learn that it exists.
async fn seen_by(app: &App, token: &TokenRow, id: &str) -> Result<SubmissionRow, Problem> {
    let id = id.parse().map_err(|_| Code::SubmissionUnknown)?;
    let submission = app.store.submission(id).await?.ok_or(Code::SubmissionUnknown)?;
    let foreign = token.contest.as_ref().is_some_and(|contest| *contest != submission.contest);
    if foreign {
        return Err(Code::SubmissionUnknown.refused(Door::Organisers, Reason::Forbidden, Some(token.id)));
    }
    Ok(submission)
}
