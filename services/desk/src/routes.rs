//! Every staff address in one table: the API's routes and the pages. The router is built from this table alone, so a
//! route without a policy cannot exist, and a test can walk through all routes.
use crate::route::{Listed, Route};
use crate::{console, http};

/// Every route, with its handler.
pub(crate) fn routes() -> impl Iterator<Item = Route> {
    http::routes::routes().into_iter().chain(console::routes::routes())
}

/// Every route.
pub fn list() -> Vec<Listed> {
    routes().map(Listed::from).collect()
}
