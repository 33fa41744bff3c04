//! Requests from partners: the feed that they pull and the notices that they send, on the publish role's own port.
//!
//! Partners are few, but the port is public: slots limit how many requests and how many files are served at once, in
//! total and per address. A file keeps its slot until it was sent; a client that accepts nothing for a minute is
//! disconnected and can resume.
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use runtime::config::ServingConfig;
use runtime::metrics::TurnedAway;
use runtime::service::Runtime;
use runtime::serving::places::{Gate, Places, Until, share_of};
use runtime::serving::{self, Bounds};
use tokio::net::TcpListener;
use tracing::info;

use crate::deliver::mrss::serve as mrss;
use crate::deliver::{bilibili, douyin};
use crate::partner_app::PartnerApp;

/// The largest notice that is read, bytes.
const NOTICE_BYTES: usize = 256 << 10;
/// Time limit of running requests after the process is asked to stop. Pulls can be resumed.
const GRACE: Duration = Duration::from_secs(5);
/// Connections at once: partners keep some open.
const CONNECTIONS: usize = 512;
/// Feeds and notices at once: some for each database connection.
const REQUESTS: usize = 64;
/// Files at once: each is a connection to the object store, and a piece in memory.
const FILES: usize = 64;
/// Time limit for a partner to send its request headers.
const HEADS_WITHIN: Duration = Duration::from_secs(15);
/// Time limit of a feed, of the answer to a notice, and of the first byte of a file.
const DEADLINE: Duration = Duration::from_secs(30);

/// Every route, one adapter's after the other.
fn router(runtime: &Runtime) -> Router {
    let (config, app) = (&runtime.config.serving, PartnerApp::of(runtime));
    let gate = |places, until| {
        let places = Places::divided(places, config.address_share_percent, turned_away(runtime));
        from_fn_with_state(Gate::new(places, config.forwarded_hops, until).within(DEADLINE), placed)
    };
    let (requests, files) = (gate(REQUESTS, Until::Answered), gate(FILES, Until::Taken));
    let notices = bilibili::webhook::routes().merge(douyin::webhook::routes(&app.catalogue));
    let short = notices.merge(mrss::feeds()).layer(requests);
    short.merge(mrss::files().layer(files)).layer(DefaultBodyLimit::max(NOTICE_BYTES)).with_state(app)
}

/// Middleware: a slot for each request.
async fn placed(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    gate.pass(request, next).await.unwrap_or_else(IntoResponse::into_response)
}

fn turned_away(runtime: &Runtime) -> TurnedAway {
    runtime.metrics.calls.turned_away("partners")
}

fn bounds(config: &ServingConfig) -> Bounds {
    // Behind a proxy of ours all connections come from the proxy.
    let percent = if config.forwarded_hops == 0 { config.address_share_percent } else { 100 };
    Bounds {
        connections: CONNECTIONS,
        of_one_address: share_of(CONNECTIONS, percent),
        heads_within: HEADS_WITHIN,
        grace: GRACE,
    }
}

/// Serves on `PUBLISH_LISTEN` until the process is asked to stop.
pub async fn serve(runtime: Arc<Runtime>) -> Result<()> {
    let listen = runtime.config.publish.publish_listen;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("listen on {listen} for partners"))?;
    info!("partners are served on {}", listener.local_addr()?);
    let (stop, bounds) = (runtime.shutdown.soft.clone(), bounds(&runtime.config.serving));
    let (turned_away, doors) = (turned_away(&runtime), runtime.doors.clone());
    serving::serve(listener, router(&runtime), bounds, doors, turned_away, &stop).await;
    Ok(())
}
