//! What monitoring reads from a process that serves the embedded object store: whether it is alive, and refused
//! requests.
use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::doors::Doors;
use crate::metrics::{DoorMetrics, TurnedAway};
use crate::serving::{self, Bounds};

/// Few monitoring clients connect.
const BOUNDS: Bounds = Bounds {
    connections: 64,
    of_one_address: 16,
    heads_within: std::time::Duration::from_secs(75),
    grace: std::time::Duration::ZERO,
};

/// Serves `/healthz` and `/metrics` until `shutdown`.
pub async fn serve(listener: TcpListener, metrics: DoorMetrics, doors: Doors, shutdown: CancellationToken) {
    let router =
        Router::new().route("/healthz", get(async || "alive\n")).route("/metrics", get(async move || text(&metrics)));
    serving::serve(listener, router, BOUNDS, doors, TurnedAway::uncounted(), &shutdown).await;
}

fn text(metrics: &DoorMetrics) -> Response {
    match metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => (axum::http::StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
    }
}
