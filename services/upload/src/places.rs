//! The limits of concurrency: which gate is before which routes, and how long each request may take. How slots are
//! taken and shared between addresses is in `runtime::serving`.
//!
//! | limit of | by | beyond it |
//! |---|---|---|
//! | connections, and those of one address | `serve` | 503 `overloaded` or 429 `too_many_at_once`, and the end of the connection |
//! | requests for JSON and files, and how long each may take | here | 503 or 429 |
//! | requests that send bytes of films | here | 503 or 429; the upload can be resumed where it was |
//! | short requests about uploads, and how long each may take | here | 503 or 429 |
//! | how slowly bytes may come, and which client is dropped when every slot is taken | `writer`, `senders` | 503 `too_slow` |
//! | bodies | the routes | 413 |
//! | entries of one address | `limit` | 429 |
//! | unfinished uploads of one entry, and their bytes | `tus::create` | 429 |
//! | bytes of films in the installation | `high_water` | 503 `store_full` |
//! | unfinished uploads in the installation | `high_water` | 503 `uploads_full` |
//! | hashes of organisers' tokens, made or verified | `runtime::bearer` | 503 |
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use runtime::metrics::TurnedAway;
use runtime::serving::places::{Gate, Places, Until, placed};

use crate::app::App;

/// The gate of requests answered with JSON or a small file.
pub(crate) fn of_requests(app: &App) -> Gate {
    gate(app, app.settings.requests_at_once).within(app.settings.api_deadline)
}

/// The gates of the upload protocol.
#[derive(Clone)]
pub(crate) struct Uploads {
    app: Arc<App>,
    /// Requests that send bytes. An upload has no time limit; each read has a deadline, and there is a minimum average
    /// rate.
    bytes: Gate,
    /// All others: short, but each queries the database. They have slots of their own, so that a client that is refused
    /// at the first gate can ask here how far its upload is.
    short: Gate,
}

impl Uploads {
    pub(crate) fn of(app: &Arc<App>) -> Self {
        Self { app: app.clone(), bytes: gate(app, app.settings.uploads_at_once), short: of_requests(app) }
    }
}

fn gate(app: &App, places: usize) -> Gate {
    let places = Places::divided(places, app.settings.address_share_percent, turned_away(app));
    Gate::new(places, app.settings.forwarded_hops, Until::Answered)
}

/// Counts the requests that the public port refused.
pub(crate) fn turned_away(app: &App) -> TurnedAway {
    app.store.metrics().calls.turned_away("public")
}

/// Middleware: a slot for each request of the upload protocol, by its method after `tus::version::overridden`. If every slot for
/// bytes is taken, the slowest sender is dropped.
pub(crate) async fn placed_upload(State(uploads): State<Uploads>, request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::PATCH | Method::POST) {
        return placed(State(uploads.short), request, next).await;
    }
    if uploads.bytes.is_short_for(&request) {
        uploads.app.senders.drop_slowest(uploads.app.settings.slow_after);
    }
    placed(State(uploads.bytes), request, next).await
}
