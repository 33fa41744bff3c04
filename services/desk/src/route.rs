//! One route: its method and path, its handler, and who may use it. The tables of routes are in `http::routes` (the
//! API) and `console::routes` (the pages).
use axum::http::Method;
use axum::routing::MethodRouter;
use pipeline::person::Role;

use crate::service::Service;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// No credential is needed.
    Public,
    /// People with one of these roles, by a token, for the contest that the token is bound to.
    People(&'static [Role]),
    /// Pages: signed-in people who hold one of these roles; for a work's page, in its contest. Empty: every signed-in
    /// person.
    Pages(&'static [Role]),
}

/// One route.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) policy: Policy,
    pub(crate) handler: MethodRouter<Service>,
}

impl Route {
    /// Every change by staff requires an Idempotency-Key.
    pub(crate) fn keyed(&self) -> bool {
        matches!(self.policy, Policy::People(_)) && self.method != Method::GET
    }
}

/// A page for people with these roles. No role: everyone who is signed in.
pub(crate) fn page(path: &'static str, roles: &'static [Role], handler: MethodRouter<Service>) -> Route {
    Route { method: Method::GET, path, policy: Policy::Pages(roles), handler }
}

/// The route that a form of these roles is sent to.
pub(crate) fn post_to(path: &'static str, roles: &'static [Role], handler: MethodRouter<Service>) -> Route {
    Route { method: Method::POST, path, policy: Policy::Pages(roles), handler }
}

/// A page before the sign-in.
pub(crate) fn open(method: Method, path: &'static str, handler: MethodRouter<Service>) -> Route {
    Route { method, path, policy: Policy::Public, handler }
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

impl Listed {
    /// Whether it belongs to the API. All others are pages and the files that pages load.
    pub fn is_api(&self) -> bool {
        self.path.starts_with("/api/")
    }
}

impl From<Route> for Listed {
    fn from(route: Route) -> Self {
        Self { keyed: route.keyed(), method: route.method, path: route.path, policy: route.policy }
    }
}
