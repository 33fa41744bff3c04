//! The router of the desk: every route with its policy, and what surrounds all of them.
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use axum::{Extension, Router};
use runtime::doors::{Door, Reason};
use runtime::problem::{Code, Problem};
use runtime::serving::counted::count;
use runtime::serving::places::{Gate as Bound, Places, Until, placed};
use runtime::serving::render::problems;
use runtime::serving::traced::traced;
use tower_http::csrf::{CsrfLayer, ProtectionError};
use uuid::Uuid;

use crate::console::{as_pages, check_streams};
use crate::http::docs::Description;
use crate::http::gate::{Gate, enforce};
use crate::http::openapi::shared_document;
use crate::route::Route;
use crate::routes::routes;
use crate::service::Service;

/// The largest body, except for evidence.
const BODY_BYTES: usize = 64 * 1024;

/// Every route of the desk, for `serving::serve`.
pub(crate) fn router(service: Service) -> Router {
    let settings = &service.settings;
    let desk = service.desk.clone();
    let metrics = desk.store.metrics().clone();
    let places =
        Places::divided(settings.requests_at_once, settings.address_share_percent, metrics.calls.turned_away("desk"));
    let bound = Bound::new(places, settings.forwarded_hops, Until::Answered).within(settings.deadline);
    routes()
        .fold(Router::new(), |router: Router<Service>, route| router.route(route.path, gated(&service, route)))
        .layer(Extension(Description::of(shared_document())))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn_with_state(bound, placed))
        .layer(from_fn_with_state(service.live.clone(), check_streams))
        .fallback(async || Problem::from(Code::RouteUnknown))
        .method_not_allowed_fallback(async || Problem::from(Code::MethodUnknown))
        .layer(same_site(&desk.url))
        .layer(from_fn_with_state(desk, as_pages))
        .layer(from_fn(problems))
        .layer(from_fn_with_state((metrics, "desk"), count))
        .layer(from_fn(traced))
        .with_state(service)
}

/// A route's handler with its policy in front.
fn gated(service: &Service, route: Route) -> MethodRouter<Service> {
    let keyed = route.keyed();
    let gate = Gate { desk: service.desk.clone(), verifier: service.verifier.clone(), policy: route.policy, keyed };
    route.handler.route_layer(from_fn_with_state(gate, enforce))
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
