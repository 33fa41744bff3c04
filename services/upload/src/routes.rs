//! Every address and who may use it, in one table. The router is built from it alone, so a route without a policy
//! cannot exist, and a test can check all of them.
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, delete, get, on, options, patch, post};
use runtime::doors::{Door, Reason};
use runtime::problem::{Code, Problem};
use runtime::serving::counted::count;
use runtime::serving::places::placed;
use runtime::serving::render::problems;
use runtime::serving::traced::traced;
use serde_json::Value;
use tower_http::csrf::{CsrfLayer, ProtectionError};
use uuid::Uuid;

use crate::access::{Gate, enforce};
use crate::app::App;
use crate::cors::cors;
use crate::places::{Uploads, of_requests, placed_upload};
use crate::policy::{Listed, Policy};
use crate::site::problem::as_page;
use crate::{entries, home, openapi, site, tus};

/// One route.
struct Route {
    method: Method,
    path: &'static str,
    policy: Policy,
    handler: MethodRouter<Arc<App>>,
}

/// Every page, and the files that pages load.
fn pages() -> Vec<Route> {
    let page = |path, handler| Route { method: Method::GET, path, policy: Policy::Page, handler };
    let form = |path, handler| Route { method: Method::POST, path, policy: Policy::Page, handler };
    vec![
        page("/", get(site::contest::root)),
        page("/contests/{contest}", get(site::contest::one)),
        page("/contests/{contest}/enter", get(site::enter::form)),
        form("/contests/{contest}/enter", post(site::enter::enter)),
        form("/contests/{contest}/draft", post(site::draft::draft)),
        page("/find", get(site::find::find)),
        form("/find", post(site::find::ask)),
        page("/entries/{receipt}", get(site::entry::entry)),
        form("/entries/{receipt}/open", post(site::key::open)),
        page("/entries/{receipt}/print", get(site::paper::paper)),
        page("/entries/{receipt}/events", get(site::events::events)),
        page("/entries/{receipt}/key", get(site::key::ask)),
        form("/entries/{receipt}/key", post(site::key::replace)),
        form("/entries/{receipt}/key/end", post(site::key::end)),
        page("/entries/{receipt}/replace", get(site::replace::ask)),
        form("/entries/{receipt}/replace", post(site::replace::replace)),
        page("/entries/{receipt}/correct", get(site::correct::form)),
        form("/entries/{receipt}/correct", post(site::correct::correct)),
        page("/entries/{receipt}/withdraw", get(site::withdraw::ask)),
        form("/entries/{receipt}/withdraw", post(site::withdraw::withdraw)),
        page("/about", get(home::page)),
        page("/assets/{file}", get(site::assets::asset)),
        page("/lang/{lang}", get(site::assets::lang)),
    ]
}

/// Every route that answers JSON or a small file.
#[rustfmt::skip]
fn api() -> Vec<Route> {
    use Policy::{Entry, Public};
    let route = |method, path, policy, handler| Route { method, path, policy, handler };
    let read = |path, policy, handler| route(Method::GET, path, policy, handler);
    vec![
        read("/api/v1/openapi.json", Public, get(|State(app): State<Arc<App>>| async move { openapi::serve(&app, list()) })),
        read("/api/v1/docs", Public, get(async || openapi::page(list()))),

        route(Method::POST, "/api/v1/submissions", Public, post(entries::enter::enter)),
        read("/api/v1/submissions/{id}", Entry, get(entries::read::read)),
        route(Method::PATCH, "/api/v1/submissions/{id}", Entry, patch(entries::correct::correct)),
        route(Method::POST, "/api/v1/submissions/{id}/replacement", Entry, post(entries::replace::replace)),
        route(Method::DELETE, "/api/v1/submissions/{id}", Entry, delete(entries::withdraw::withdraw)),
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
    let listed = |route: Route| Listed { method: route.method, path: route.path, policy: route.policy };
    pages().into_iter().chain(api()).chain(uploads()).map(listed).collect()
}

/// The description of the API: OpenAPI 3.1, with this server's own address.
pub fn document() -> Value {
    openapi::document(list())
}

/// Every route of the public API, for `axum::serve`.
pub fn router(app: Arc<App>) -> Router {
    router_with(app, Router::new())
}

/// The same with further pages, which have gates and a look of their own: they take slots as our pages do, and have no
/// CORS either.
pub fn router_with(app: Arc<App>, further: Router) -> Router {
    let requests = of_requests(&app);
    let api = of(&app, api())
        .layer(DefaultBodyLimit::max(entries::FORM_BYTES))
        .layer(from_fn_with_state(requests.clone(), placed));
    let tus = of(&app, uploads())
        .method_not_allowed_fallback(async || Problem::from(Code::MethodUnknown))
        .layer(from_fn(tus::version::required))
        .layer(from_fn_with_state(Uploads::of(&app), placed_upload))
        .layer(from_fn(tus::version::overridden))
        .layer(DefaultBodyLimit::disable());
    // A page has cookies and no CORS, everything else CORS and no cookie.
    let pages = of(&app, pages())
        .method_not_allowed_fallback(async || Problem::from(Code::MethodUnknown))
        .layer(DefaultBodyLimit::max(entries::FORM_BYTES))
        .layer(from_fn_with_state(requests.clone(), placed))
        .layer(same_site(&app.settings.public_url, Door::Entrants))
        .layer(from_fn_with_state(app.clone(), as_page))
        .layer(from_fn(problems));
    let further = further.layer(from_fn_with_state(requests, placed)).layer(from_fn(problems));
    api.merge(tus)
        .fallback(async || Problem::from(Code::RouteUnknown))
        .method_not_allowed_fallback(async || Problem::from(Code::MethodUnknown))
        .layer(from_fn(problems))
        .layer(from_fn_with_state(app.clone(), cors))
        .merge(pages)
        .merge(further.with_state(()))
        .layer(from_fn_with_state((app.store.metrics().clone(), "public"), count))
        .layer(from_fn(traced))
        .with_state(app)
}

/// A router of these routes, each with its gate.
fn of(app: &Arc<App>, routes: Vec<Route>) -> Router<Arc<App>> {
    routes.into_iter().fold(Router::new(), |router, route| {
        let gate = Gate { app: app.clone(), policy: route.policy };
        router.route(route.path, route.handler.route_layer(from_fn_with_state(gate, enforce)))
    })
}

/// Refuses forms from another site, by `Sec-Fetch-Site` or else by `Origin`. `Origin` is compared with `PUBLIC_URL`, because a proxy may
/// change the host.
pub fn same_site(url: &str, door: Door) -> CsrfLayer<impl FnMut(ProtectionError) -> Response + Clone + use<>> {
    let mut layer = CsrfLayer::new();
    if let Ok(trusting) = layer.clone().add_trusted_origin(url) {
        layer = trusting;
    }
    layer.with_rejection_response(move |_| {
        Code::CrossSite.refused(door, Reason::Forbidden, None::<Uuid>).into_response()
    })
}
