//! Enforces the policy of each staff route. What a policy does not allow is denied.
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::Method;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use pipeline::id::SubmissionId;
use runtime::doors::{Denied, Door, Pseudonym, Reason};
use runtime::problem::{Code, Problem};
use runtime::serving::principal::{Principal, Subject, bearer};
use runtime::store::people::sessions::Shown;
use runtime::store::people::tokens::{Role, TokenRow};
use runtime::store::submissions::SubmissionRow;
use uuid::Uuid;

use super::verify::Verifier;
use crate::Desk;
use crate::console::cookie::{self, check_line};
use crate::console::{Visit, is_refresh, visit};
use crate::route::Policy;

/// The policy in front of one route.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) desk: Arc<Desk>,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) policy: Policy,
    /// Whether a request without Idempotency-Key is refused.
    pub(crate) keyed: bool,
}

/// The middleware of one route.
pub(crate) async fn enforce(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    if let Policy::Pages(roles) = gate.policy {
        return enforce_session(&gate.desk, roles, request, next).await;
    }
    match allowed(&gate, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Adds to the request what is known about its sender, if the sender may use the route.
async fn allowed(gate: &Gate, request: Request) -> Result<Request, Problem> {
    let Policy::People(roles) = gate.policy else {
        // Forms before the sign-in, and the pages of an invitation, contain secrets.
        let path = request.uri().path();
        if !path.starts_with("/api/") && (request.method() != Method::GET || path.starts_with("/invitation/")) {
            check_line(&gate.desk, request.headers())?;
        }
        return Ok(request);
    };
    let (mut head, body) = request.into_parts();
    let missing = || Code::TokenMissing.refused(Door::Organisers, Reason::Missing, None::<SubmissionId>);
    let sent = bearer(&head.headers).ok_or_else(missing)?;
    let desk = &gate.desk;
    let token = gate.verifier.verify(&desk.store, sent).await?;
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

/// A page needs a valid session and a role that opens it. A browser without a session is sent to the sign-in when it
/// opens a page.
async fn enforce_session(desk: &Desk, roles: &'static [Role], request: Request, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    let visit = match admitted(desk, roles, &head).await {
        Ok(visit) => visit,
        Err(answer) => return *answer,
    };
    let mut response = match subject(desk, &visit, &mut head).await {
        Ok(()) => {
            head.extensions.insert(visit.clone());
            next.run(Request::from_parts(head, body)).await
        }
        Err(problem) => problem.into_response(),
    };
    // The page of a problem reads the person from here.
    response.extensions_mut().insert(visit);
    response
}

/// The person who opened a page or sent a form at a site whose routes have these roles, or the answer to a request
/// without a valid session.
pub async fn admitted(desk: &Desk, roles: &'static [Role], head: &Parts) -> Result<Visit, Box<Response>> {
    match visiting(desk, roles, head).await {
        Ok(Ok(visit)) => Ok(visit),
        Ok(Err(why)) => Err(Box::new(turned_away(desk, head, why))),
        Err(problem) => Err(Box::new(problem.into_response())),
    }
}

/// A request without a valid session: a page leads to the sign-in, a form is refused. To open a page without a session,
/// or after the session ended, is not a failure. A cookie that we never issued is one: it is recorded like a failed
/// sign-in and removed, so that an honest browser sends it only once.
fn turned_away(desk: &Desk, head: &Parts, why: Reason) -> Response {
    let mut refused = Code::SignInNeeded.refused(desk.site.door(), why, None::<Uuid>).into_response();
    if head.method != Method::GET {
        return refused;
    }
    let mut answer = visit::to_sign_in(desk.site, head);
    if matches!(why, Reason::Malformed | Reason::Unknown) {
        if let Some(denied) = refused.extensions_mut().remove::<Denied>() {
            answer.extensions_mut().insert(denied);
        }
        answer.headers_mut().append(SET_COOKIE, cookie::end_session(desk));
    }
    answer
}

/// The signed-in person, or why there is none.
async fn visiting(desk: &Desk, roles: &'static [Role], head: &Parts) -> Result<Result<Visit, Reason>, Problem> {
    let secret = match cookie::session(desk, &head.headers) {
        Ok(secret) if cookie::may_have_session(desk, &head.headers) => secret,
        Ok(_) => return Ok(Err(Reason::Missing)),
        Err(why) => return Ok(Err(why)),
    };
    let shown = match is_refresh(head) {
        true => desk.store.session_unnoted(&secret, desk.site).await?,
        false => desk.store.session(&secret, desk.site).await?,
    };
    let session = match shown {
        Shown::Valid(session) => *session,
        Shown::Ended => return Ok(Err(Reason::Ended)),
        Shown::Unknown => return Ok(Err(Reason::Unknown)),
    };
    Ok(Ok(Visit {
        site: desk.site,
        person: Arc::new(session.person),
        session: session.id,
        say: visit::said_in(&head.headers),
        path: visit::path_of(head),
        now: desk.clock.now(),
        roles,
        address: head.extensions.get::<Pseudonym>().cloned(),
    }))
}

/// Puts the work that the address names into the request, if the person may see it in a role of the route. Without such
/// a work in the address, refuses a person who holds none of these roles in any contest.
async fn subject(desk: &Desk, visit: &Visit, head: &mut Parts) -> Result<(), Problem> {
    let forbidden = |code: Code| code.refused(Door::Console, Reason::Forbidden, Some(visit.session));
    let held = visit.person.roles.iter().any(|held| visit.roles.contains(&held.role));
    if !visit.roles.is_empty() && !held {
        return Err(forbidden(Code::RoleMissing));
    }
    let params = RawPathParams::from_request_parts(head, &()).await.map_err(|_| Code::RouteUnknown)?;
    let Some(id) = params.iter().find(|(name, _)| *name == "id").map(|(_, id)| id.to_owned()) else { return Ok(()) };
    let id = id.parse().map_err(|_| Code::SubmissionUnknown)?;
    let work = desk.store.submission(id).await?.ok_or(Code::SubmissionUnknown)?;
    if !visit.sees(&work.contest) {
        return Err(forbidden(Code::SubmissionUnknown));
    }
    head.extensions.insert(Subject(Arc::new(work)));
    Ok(())
}

/// A submission of another contest gets the same answer as one that does not exist.
async fn seen_by(desk: &Desk, token: &TokenRow, id: &str) -> Result<SubmissionRow, Problem> {
    let id = id.parse().map_err(|_| Code::SubmissionUnknown)?;
    let submission = desk.store.submission(id).await?.ok_or(Code::SubmissionUnknown)?;
    let foreign = token.contest.as_ref().is_some_and(|contest| *contest != submission.contest);
    if foreign {
        return Err(Code::SubmissionUnknown.refused(Door::Organisers, Reason::Forbidden, Some(token.id)));
    }
    Ok(submission)
}
