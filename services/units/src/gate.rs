//! Enforces the policy of each unit route. What a policy does not allow is denied.
use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use desk::site::{Visit, admitted, check_line};
use pipeline::id::{ContestId, UnitId};
use pipeline::person::Role;
use runtime::doors::{Door, Reason};
use runtime::problem::{Code, Problem};
use runtime::store::entry::units::Of;

use crate::state::Units;

/// The role that signs in here.
const RECOMMENDER: &[Role] = &[Role::Recommender];

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Everyone: the pages before the sign-in.
    Open,
    /// Signed-in recommenders.
    SignedIn,
    /// Recommenders of the unit in the address.
    OfUnit,
}

/// The policy in front of one route.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) units: Units,
    pub(crate) policy: Policy,
}

/// The middleware of one route.
pub(crate) async fn enforce(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let desk = &gate.units.desk;
    if gate.policy == Policy::Open {
        // Forms before the sign-in, and the pages of an invitation, contain secrets.
        let secret = request.method() != Method::GET || request.uri().path().contains("/invitation/");
        return match if secret { check_line(desk, request.headers()) } else { Ok(()) } {
            Ok(()) => next.run(request).await,
            Err(problem) => problem.into_response(),
        };
    }
    let (mut head, body) = request.into_parts();
    let visit = match admitted(desk, RECOMMENDER, &head).await {
        Ok(visit) => visit,
        Err(answer) => return *answer,
    };
    let allowed = if gate.policy == Policy::OfUnit { of_unit(&visit, &mut head).await } else { Ok(()) };
    let mut response = match allowed {
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

/// Puts the unit of the address into the request, if the person belongs to it. For everyone else the unit does not
/// exist.
async fn of_unit(visit: &Visit, head: &mut Parts) -> Result<(), Problem> {
    let params = RawPathParams::from_request_parts(head, &()).await.map_err(|_| Code::RouteUnknown)?;
    let named = |name: &str| params.iter().find(|(it, _)| *it == name).map_or("", |(_, value)| value);
    let of = Of { contest: ContestId::new(named("contest")), unit: UnitId::new(named("unit")) };
    let theirs = visit.person().recommends_for().any(|(contest, unit)| *contest == of.contest && *unit == of.unit);
    if !theirs {
        let session = visit.by(Role::Recommender).credential;
        return Err(Code::UnitUnknown.refused(Door::Units, Reason::Forbidden, session));
    }
    head.extensions.insert(of);
    Ok(())
}
