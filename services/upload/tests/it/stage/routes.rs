//! The routes of both services as one list.
use reqwest::Method;
use runtime::store::people::tokens::Role;
use serde_json::Value;

use super::Stage;

/// A route of either service.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) method: Method,
    /// With `{names}`.
    pub(crate) path: &'static str,
    /// Staff who may use it; `None` at the public service.
    pub(crate) roles: Option<&'static [Role]>,
    /// Whether it is the desk's.
    pub(crate) desk: bool,
}

/// Every route of both services' APIs.
pub(crate) fn routes() -> Vec<Route> {
    let public = |it: upload::Listed| Route { method: it.method, path: it.path, roles: None, desk: false };
    let desk = |it: desk::Listed| Route {
        roles: match it.policy {
            desk::Policy::People(roles) => Some(roles),
            desk::Policy::Public | desk::Policy::Pages(_) => None,
        },
        method: it.method,
        path: it.path,
        desk: true,
    };
    desk::list()
        .into_iter()
        .filter(desk::Listed::is_api)
        .map(desk)
        .chain(upload::list().into_iter().map(public))
        .collect()
}

/// The OpenAPI document that describes the route.
pub(crate) fn document_of(route: &Route) -> Value {
    if route.desk { desk::document() } else { upload::document() }
}

impl Stage {
    /// The address of the service that has the route.
    pub(crate) fn base(&self, route: &Route) -> &str {
        if route.desk { &self.desk_url } else { &self.url }
    }
}
