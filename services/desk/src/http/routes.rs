//! Every staff address, its handler, and who may use it, in one table. The router is built from this table alone, so a
//! route without a policy cannot exist, and a test can walk through all routes.
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post, put};
use runtime::doors::{Door, Reason};
use runtime::problem::{Code, Problem};
use runtime::serving::counted::count;
use runtime::serving::places::{Gate as Bound, Places, Until, placed};
use runtime::serving::render::problems;
use runtime::serving::traced::traced;
use runtime::store::tokens::Role;
use tower_http::csrf::{CsrfLayer, ProtectionError};
use uuid::Uuid;

use super::gate::{Gate, Policy, enforce};
use super::pictures::with_picture;
use super::{
    bag, confirm, contact, cure, deliver, deliveries, entry, evidence, hold, list, openapi, partners, persons, preview,
    proofs, recall, recalled, release, reprocess, retry, review, texts, tokens, trail, webhooks, withdraw, work,
};
use crate::console::{self, as_pages, check_streams};
use crate::serve::Service;
use crate::view::READERS;

/// The largest body, except for evidence.
const BODY_BYTES: usize = 64 * 1024;

const SCREENER: &[Role] = &[Role::Screener];
const ORGANISER: &[Role] = &[Role::Organiser];
const OPERATOR: &[Role] = &[Role::Operator];
/// Screeners judge works, not partners.
const EVIDENCE: &[Role] = &[Role::Organiser, Role::Operator, Role::Auditor];
/// The roles that bring files to partners, and those that write the accompanying texts.
const CARRIERS: &[Role] = &[Role::Organiser, Role::Operator];
const AUDITOR: &[Role] = &[Role::Auditor];
const ADMIN: &[Role] = &[Role::Admin];

/// One route.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) policy: Policy,
    pub(crate) handler: MethodRouter<Service>,
}

impl Listed {
    /// Whether it belongs to the API. All others are pages and the files that pages load.
    pub fn is_api(&self) -> bool {
        self.path.starts_with("/api/")
    }
}

/// A route as tests and the document see it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its one method.
    pub method: Method,
    /// With `{names}`.
    pub path: &'static str,
    /// The roles that may use it.
    pub policy: Policy,
    /// Whether it requires an Idempotency-Key.
    pub keyed: bool,
}

impl Route {
    /// Every change by staff requires an Idempotency-Key.
    fn keyed(&self) -> bool {
        matches!(self.policy, Policy::People(_)) && self.method != Method::GET
    }
}

#[rustfmt::skip]
fn routes() -> Vec<Route> {
    use Policy::{People, Public};
    let route = |method, path, policy, handler| Route { method, path, policy, handler };
    let read = |path, policy, handler| route(Method::GET, path, policy, handler);
    let act = |path, roles, handler| route(Method::POST, path, People(roles), handler);
    let api = vec![
        read("/api/v1/openapi.json", Public, get(openapi::serve)),
        read("/api/v1/docs", Public, get(openapi::page)),

        read("/api/v1/submissions", People(READERS), get(list::submissions)),
        read("/api/v1/submissions/{id}", People(READERS), get(work::work)),
        read("/api/v1/parked", People(READERS), get(list::parked)),
        read("/api/v1/trouble", People(READERS), get(list::trouble)),
        read("/api/v1/contests", People(READERS), get(list::contests)),
        read("/api/v1/submissions/{id}/history", People(READERS), get(entry::history)),
        read("/api/v1/submissions/{id}/verdict", People(READERS), get(entry::verdict)),
        read("/api/v1/submissions/{id}/media-info", People(READERS), get(entry::media_info)),
        read("/api/v1/submissions/{id}/preview", People(READERS), get(preview::preview)),
        read("/api/v1/submissions/{id}/preview/{file}", People(READERS), get(preview::file)),
        read("/api/v1/submissions/{id}/renditions", People(READERS), get(entry::renditions)),
        read("/api/v1/submissions/{id}/parts", People(READERS), get(entry::parts)),
        read("/api/v1/submissions/{id}/trace", People(READERS), get(entry::trace)),
        read("/api/v1/submissions/{id}/deliveries", People(READERS), get(deliveries::list)),
        read("/api/v1/submissions/{id}/exchanges", People(EVIDENCE), get(evidence::exchanges)),
        read("/api/v1/submissions/{id}/contact", People(ORGANISER), get(contact::contact)),

        act("/api/v1/submissions/{id}/review", SCREENER, post(review::review)),
        act("/api/v1/submissions/{id}/release", ORGANISER, post(release::release)),
        act("/api/v1/submissions/{id}/recall", ORGANISER, post(recall::recall)),
        act("/api/v1/submissions/{id}/reprocess", ORGANISER, post(reprocess::one)),
        read("/api/v1/jobs", People(READERS), get(reprocess::jobs)),
        act("/api/v1/jobs", ORGANISER, post(reprocess::many)),
        read("/api/v1/jobs/{job}", People(READERS), get(reprocess::job)),
        read("/api/v1/jobs/{job}/works", People(READERS), get(reprocess::works)),
        act("/api/v1/jobs/{job}/order", ORGANISER, post(reprocess::order)),
        route(Method::PUT, "/api/v1/submissions/{id}/deliveries/{partner}/texts", People(ORGANISER), put(texts::texts)),
        act("/api/v1/submissions/{id}/withdraw", OPERATOR, post(withdraw::withdraw)),
        act("/api/v1/submissions/{id}/hold", ORGANISER, post(hold::hold)),
        act("/api/v1/submissions/{id}/cure", ORGANISER, post(cure::cure)),
        act("/api/v1/submissions/{id}/retry", OPERATOR, post(retry::retry)),
        act("/api/v1/submissions/{id}/deliveries/{partner}/delivered", OPERATOR, with_picture(post(deliver::delivered), deliver::BODY_BYTES)),
        act("/api/v1/submissions/{id}/deliveries/{partner}/recalled", OPERATOR, with_picture(post(recalled::recalled), deliver::BODY_BYTES)),
        read("/api/v1/submissions/{id}/proofs", People(EVIDENCE), get(proofs::list)),
        act("/api/v1/submissions/{id}/deliveries/{partner}/confirm", OPERATOR, post(confirm::confirm)),
        read("/api/v1/submissions/{id}/deliveries/{partner}/bag", People(CARRIERS), get(bag::bag)),
        read("/api/v1/submissions/{id}/deliveries/{partner}/bag/{file}", People(CARRIERS), get(bag::file)),

        read("/api/v1/partners", People(READERS), get(partners::list)),
        read("/api/v1/audit", People(AUDITOR), get(trail::trail)),
        read("/api/v1/persons", People(&[Role::Admin, Role::Auditor]), get(persons::list)),
        act("/api/v1/persons", ADMIN, post(persons::add)),
        act("/api/v1/persons/{person}/roles", ADMIN, post(persons::change_roles)),
        act("/api/v1/persons/{person}/end", ADMIN, post(persons::end)),
        read("/api/v1/tokens", People(&[Role::Organiser, Role::Auditor]), get(tokens::list)),
        act("/api/v1/tokens", ORGANISER, post(tokens::create)),
        read("/api/v1/webhooks", People(&[Role::Organiser, Role::Auditor]), get(webhooks::list)),
        read("/api/v1/webhooks/{webhook}/messages", People(&[Role::Organiser, Role::Auditor]), get(webhooks::messages)),
        act("/api/v1/webhooks", ORGANISER, post(webhooks::create)),
        act("/api/v1/webhooks/{webhook}/rotate", ORGANISER, post(webhooks::rotate)),
        act("/api/v1/webhooks/{webhook}/test", ORGANISER, post(webhooks::test)),
        act("/api/v1/webhooks/{webhook}/resend", ORGANISER, post(webhooks::resend)),
        route(Method::DELETE, "/api/v1/webhooks/{webhook}", People(ORGANISER), delete(webhooks::remove)),
        route(Method::DELETE, "/api/v1/tokens/{token}", People(ORGANISER), delete(tokens::revoke)),
    ];
    api.into_iter().chain(console::routes()).collect()
}

/// Every route.
pub fn list() -> Vec<Listed> {
    let listed =
        |route: Route| Listed { keyed: route.keyed(), method: route.method, path: route.path, policy: route.policy };
    routes().into_iter().map(listed).collect()
}

/// Refuses forms from another site, by `Sec-Fetch-Site` or else by `Origin`. `Origin` is compared with `DESK_URL`,
/// because a proxy may change the host. The API is exempt: browsers never add a bearer token on their own.
fn same_site(url: &str) -> CsrfLayer<impl FnMut(ProtectionError) -> Response + Clone + use<>> {
    let mut layer = CsrfLayer::new().with_insecure_bypass(|_, uri| uri.path().starts_with("/api/"));
    // `DESK_URL` was checked: it is an origin, or empty. An empty one is not trusted.
    if let Ok(trusting) = layer.clone().add_trusted_origin(url) {
        layer = trusting;
    }
    layer.with_rejection_response(|_| {
        Code::CrossSite.refused(Door::Console, Reason::Forbidden, None::<Uuid>).into_response()
    })
}

/// Every route of the desk, for `serving::serve`.
pub fn router(service: Service) -> Router {
    let settings = &service.settings;
    let desk = service.desk.clone();
    let metrics = desk.store.metrics().clone();
    let places =
        Places::divided(settings.requests_at_once, settings.address_share_percent, metrics.calls.turned_away("desk"));
    let bound = Bound::new(places, settings.forwarded_hops, Until::Answered).within(settings.deadline);
    let gated = |router: Router<Service>, route: Route| {
        let gate = Gate { service: service.clone(), policy: route.policy, keyed: route.keyed() };
        router.route(route.path, route.handler.route_layer(from_fn_with_state(gate, enforce)))
    };
    routes()
        .into_iter()
        .fold(Router::new(), gated)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn_with_state(bound, placed))
        .layer(from_fn_with_state(service.clone(), check_streams))
        .fallback(async || Problem::from(Code::RouteUnknown))
        .method_not_allowed_fallback(async || Problem::from(Code::MethodUnknown))
        .layer(same_site(&desk.url))
        .layer(from_fn_with_state(desk, as_pages))
        .layer(from_fn(problems))
        .layer(from_fn_with_state((metrics, "desk"), count))
        .layer(from_fn(traced))
        .with_state(service)
}
