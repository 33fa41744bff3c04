//! Every unit address, its handler, and who may use it, in one table. The router is built from this table alone, so a
//! route without a policy cannot exist, and a test can walk through all routes.
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};
use desk::site::{Paths, as_pages, doorway, sign_out};
use runtime::doors::Door;
use runtime::problem::{Code, Problem};
use runtime::serving::render::problems;
use upload::same_site;

use crate::gate::{Gate, Policy, enforce};
use crate::page::{films, home, sheets, unit, works};
use crate::state::Units;

/// The largest form.
const BODY_BYTES: usize = 64 * 1024;
/// The largest form with a sheet: the largest sheet and the other fields.
const SHEET_BYTES: usize = 8 * 1024 * 1024 + BODY_BYTES;

/// The pages before the sign-in.
const DOORWAY: Paths =
    ["/units/sign-in", "/units/sign-in/code", "/units/invitation/{secret}", "/units/invitation/{secret}/code"];

/// One route.
struct Route {
    method: Method,
    path: &'static str,
    policy: Policy,
    handler: MethodRouter<Units>,
}

/// A route as tests see it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its one method.
    pub method: Method,
    /// With `{names}`.
    pub path: &'static str,
    /// Who may use it.
    pub policy: Policy,
}

fn routes() -> Vec<Route> {
    use Policy::{OfUnit, Open, SignedIn};
    let page = |path, policy, handler| Route { method: Method::GET, path, policy, handler };
    let form = |path, policy, handler| Route { method: Method::POST, path, policy, handler };
    let own = [
        form("/units/sign-out", SignedIn, post(sign_out)),
        page("/units", SignedIn, get(home::home)),
        page("/units/{contest}/{unit}", OfUnit, get(unit::unit)),
        page("/units/{contest}/{unit}/template.xlsx", OfUnit, get(unit::template)),
        form("/units/{contest}/{unit}/sheets", OfUnit, post(sheets::send).layer(DefaultBodyLimit::max(SHEET_BYTES))),
        page("/units/{contest}/{unit}/sheets/{sheet}", OfUnit, get(sheets::look)),
        form("/units/{contest}/{unit}/sheets/{sheet}/enter", OfUnit, post(sheets::enter)),
        page("/units/{contest}/{unit}/works", OfUnit, get(works::works)),
        form("/units/{contest}/{unit}/works/{receipt}", OfUnit, post(works::open)),
        page("/units/{contest}/{unit}/films", OfUnit, get(films::films)),
        form(
            "/units/{contest}/{unit}/films/match",
            OfUnit,
            post(films::matched).layer(DefaultBodyLimit::max(films::NAMES_BYTES)),
        ),
    ];
    let open = |(method, path, handler)| Route { method, path, policy: Open, handler };
    doorway(DOORWAY).into_iter().map(open).chain(own).collect()
}

/// Every route.
pub fn list() -> Vec<Listed> {
    let listed = |route: Route| Listed { method: route.method, path: route.path, policy: route.policy };
    routes().into_iter().map(listed).collect()
}

/// Every route, for the public service.
pub(crate) fn router(units: Units) -> Router {
    let gated = |router: Router<Units>, route: Route| {
        let gate = Gate { units: units.clone(), policy: route.policy };
        router.route(route.path, route.handler.route_layer(from_fn_with_state(gate, enforce)))
    };
    routes()
        .into_iter()
        .fold(Router::new(), gated)
        .method_not_allowed_fallback(async || Problem::from(Code::MethodUnknown))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(same_site(&units.app.settings.public_url, Door::Units))
        .layer(from_fn_with_state(units.desk.clone(), as_pages))
        .layer(from_fn(problems))
        .with_state(units)
}
