//! Which address is whose, and who may use it: one table. The router is made of it and of nothing else, so a route without a
//! policy cannot be, and a test can walk over all of them.
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodFilter, MethodRouter, delete, get, on, options, post, put};
use runtime::store::tokens::Role;

use crate::access::{Gate, Policy, enforce};
use crate::app::App;
use crate::cors::cors;
use crate::count::count;
use crate::places::{Uploads, of_requests, placed, placed_upload};
use crate::problem::{Code, Problem};
use crate::render::problems;
use crate::traced::traced;
use crate::{desk, docs, entries, home, openapi, tus};

/// Everybody with a token of ours.
const READERS: &[Role] = &[Role::Screener, Role::Organiser, Role::Operator, Role::Auditor];
const SCREENER: &[Role] = &[Role::Screener];
const ORGANISER: &[Role] = &[Role::Organiser];
const OPERATOR: &[Role] = &[Role::Operator];
/// Screeners judge works, not partners.
const EVIDENCE: &[Role] = &[Role::Organiser, Role::Operator, Role::Auditor];
const AUDITOR: &[Role] = &[Role::Auditor];

/// One route.
struct Route {
    method: Method,
    path: &'static str,
    policy: Policy,
    handler: MethodRouter<Arc<App>>,
}

/// A route as tests and the document see it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its one method.
    pub method: Method,
    /// With `{names}`.
    pub path: &'static str,
    /// Who may.
    pub policy: Policy,
    /// Whether it is turned away without an Idempotency-Key.
    pub keyed: bool,
}

impl Route {
    /// What people change is asked for with an Idempotency-Key.
    fn keyed(&self) -> bool {
        matches!(self.policy, Policy::People(_)) && self.method != Method::GET
    }
}

/// Every route that answers JSON or a small file, and the page at the root.
#[rustfmt::skip]
fn api() -> Vec<Route> {
    use Policy::{Entry, People, Public};
    let route = |method, path, policy, handler| Route { method, path, policy, handler };
    let read = |path, policy, handler| route(Method::GET, path, policy, handler);
    let act = |path, roles, handler| route(Method::POST, path, People(roles), handler);
    vec![
        read("/", Public, get(home::page)),
        read("/api/v1/openapi.json", Public, get(openapi::serve)),
        read("/api/v1/docs", Public, get(docs::page)),

        route(Method::POST, "/api/v1/submissions", Public, post(entries::enter::enter)),
        read("/api/v1/submissions/{id}", Entry(READERS), get(entries::read::read)),
        route(Method::DELETE, "/api/v1/submissions/{id}", Entry(&[]), delete(entries::withdraw::withdraw)),

        read("/api/v1/submissions", People(READERS), get(desk::list::submissions)),
        read("/api/v1/parked", People(READERS), get(desk::list::parked)),
        read("/api/v1/submissions/{id}/history", People(READERS), get(desk::entry::history)),
        read("/api/v1/submissions/{id}/verdict", People(READERS), get(desk::entry::verdict)),
        read("/api/v1/submissions/{id}/media-info", People(READERS), get(desk::entry::media_info)),
        read("/api/v1/submissions/{id}/preview", People(READERS), get(desk::preview::preview)),
        read("/api/v1/submissions/{id}/preview/{file}", People(READERS), get(desk::preview::file)),
        read("/api/v1/submissions/{id}/renditions", People(READERS), get(desk::entry::renditions)),
        read("/api/v1/submissions/{id}/parts", People(READERS), get(desk::entry::parts)),
        read("/api/v1/submissions/{id}/deliveries", People(READERS), get(desk::deliveries::list)),
        read("/api/v1/submissions/{id}/exchanges", People(EVIDENCE), get(desk::evidence::exchanges)),
        read("/api/v1/submissions/{id}/contact", People(ORGANISER), get(desk::contact::contact)),

        act("/api/v1/submissions/{id}/review", SCREENER, post(desk::review::review)),
        act("/api/v1/submissions/{id}/release", ORGANISER, post(desk::release::release)),
        act("/api/v1/submissions/{id}/recall", ORGANISER, post(desk::recall::recall)),
        act("/api/v1/submissions/{id}/reprocess", ORGANISER, post(desk::reprocess::one)),
        read("/api/v1/jobs", People(READERS), get(desk::reprocess::jobs)),
        act("/api/v1/jobs", ORGANISER, post(desk::reprocess::many)),
        read("/api/v1/jobs/{job}/works", People(READERS), get(desk::reprocess::works)),
        act("/api/v1/jobs/{job}/order", ORGANISER, post(desk::reprocess::order)),
        route(Method::PUT, "/api/v1/submissions/{id}/deliveries/{partner}/texts", People(ORGANISER), put(desk::deliveries::texts)),
        act("/api/v1/submissions/{id}/retry", OPERATOR, post(desk::retry::retry)),
        act("/api/v1/submissions/{id}/deliveries/{partner}/delivered", OPERATOR, post(desk::deliveries::delivered)),
        act("/api/v1/submissions/{id}/deliveries/{partner}/recalled", OPERATOR, post(desk::proofs::recalled).layer(DefaultBodyLimit::max(desk::proofs::BODY_BYTES))),
        read("/api/v1/submissions/{id}/proofs", People(EVIDENCE), get(desk::proofs::list)),
        act("/api/v1/submissions/{id}/deliveries/{partner}/confirm", OPERATOR, post(desk::deliveries::confirm)),

        read("/api/v1/partners", People(READERS), get(desk::partners::list)),
        read("/api/v1/audit", People(AUDITOR), get(desk::trail::trail)),
        read("/api/v1/tokens", People(&[Role::Organiser, Role::Auditor]), get(desk::tokens::list)),
        act("/api/v1/tokens", ORGANISER, post(desk::tokens::create)),
        read("/api/v1/webhooks", People(&[Role::Organiser, Role::Auditor]), get(desk::webhooks::list)),
        read("/api/v1/webhooks/{webhook}/messages", People(&[Role::Organiser, Role::Auditor]), get(desk::webhooks::messages)),
        act("/api/v1/webhooks/{webhook}/resend", ORGANISER, post(desk::webhooks::resend)),
        route(Method::DELETE, "/api/v1/webhooks/{webhook}", People(ORGANISER), delete(desk::webhooks::remove)),
        route(Method::DELETE, "/api/v1/tokens/{token}", People(ORGANISER), delete(desk::tokens::revoke)),
    ]
}

/// The upload protocol's routes. POST to an upload carries `X-HTTP-Method-Override`.
fn uploads() -> Vec<Route> {
    let route = |method, path, policy, handler| Route { method, path, policy, handler };
    let mut routes = Vec::new();
    for path in ["/files", "/files/"] {
        routes.push(route(Method::OPTIONS, path, Policy::Public, options(tus::options::discover)));
        routes.push(route(Method::POST, path, Policy::Upload, post(tus::create::create)));
    }
    let one = "/files/{id}";
    routes.push(route(Method::OPTIONS, one, Policy::Public, options(tus::one)));
    for (method, filter) in [
        (Method::HEAD, MethodFilter::HEAD),
        (Method::PATCH, MethodFilter::PATCH),
        (Method::DELETE, MethodFilter::DELETE),
        (Method::POST, MethodFilter::POST),
    ] {
        routes.push(route(method, one, Policy::Upload, on(filter, tus::one)));
    }
    routes
}

/// Every route there is.
pub fn list() -> Vec<Listed> {
    let listed =
        |route: Route| Listed { keyed: route.keyed(), method: route.method, path: route.path, policy: route.policy };
    api().into_iter().chain(uploads()).map(listed).collect()
}

/// Every route of the public API, for `axum::serve`.
pub fn router(app: Arc<App>) -> Router {
    let api = of(&app, api())
        .layer(DefaultBodyLimit::max(entries::FORM_BYTES))
        .layer(from_fn_with_state(of_requests(&app), placed));
    let tus = of(&app, uploads())
        .method_not_allowed_fallback(async || Problem::from(Code::MethodUnknown))
        .layer(from_fn(tus::version))
        .layer(from_fn_with_state(Uploads::of(&app), placed_upload))
        .layer(from_fn(tus::overridden))
        .layer(DefaultBodyLimit::disable());
    api.merge(tus)
        .fallback(async || Problem::from(Code::RouteUnknown))
        .method_not_allowed_fallback(async || Problem::from(Code::MethodUnknown))
        .layer(from_fn(problems))
        .layer(from_fn_with_state(app.clone(), cors))
        .layer(from_fn_with_state(app.clone(), count))
        .layer(from_fn(traced))
        .with_state(app)
}

/// A router of these routes, each behind its gate.
fn of(app: &Arc<App>, routes: Vec<Route>) -> Router<Arc<App>> {
    routes.into_iter().fold(Router::new(), |router, route| {
        let gate = Gate { app: app.clone(), policy: route.policy, keyed: route.keyed() };
        router.route(route.path, route.handler.route_layer(from_fn_with_state(gate, enforce)))
    })
}
