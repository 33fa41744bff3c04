//! What requests from partners use, and how one is refused.
use std::sync::Arc;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use pipeline::catalogue::Catalogue;
use pipeline::id::PartnerId;
use runtime::clock::Clock;
use runtime::doors::{Denied, Door, Reason};
use runtime::objects::Objects;
use runtime::service::Runtime;
use runtime::store::Store;

/// The state of every request. Clones share everything.
#[derive(Clone)]
pub(crate) struct PartnerApp {
    pub(crate) store: Store,
    pub(crate) objects: Objects,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) clock: Clock,
    /// Our address as partners reach it, if it is configured.
    pub(crate) url: Option<String>,
}

impl PartnerApp {
    pub(crate) fn of(runtime: &Runtime) -> Self {
        Self {
            store: runtime.store.clone(),
            objects: runtime.objects.clone(),
            catalogue: runtime.catalogue.clone(),
            clock: runtime.clock.clone(),
            url: runtime.config.publish.publish_url.clone(),
        }
    }
}

/// An answer that refuses a request at a door, with its log line. `partner` is the claimed partner, if there is such a
/// partner.
pub(crate) fn denied(mut answer: Response, door: Door, reason: Reason, partner: Option<&PartnerId>) -> Response {
    let code = if answer.status() == StatusCode::UNAUTHORIZED { "unauthorised" } else { "forbidden" };
    let credential = partner.map(ToString::to_string);
    answer.extensions_mut().insert(Denied { door, reason, code, credential });
    answer
}

/// For a fault of ours: the partner asks again soon.
pub(crate) fn unavailable() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "30")], "try again later\n").into_response()
}
