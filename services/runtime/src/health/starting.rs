//! What the admin port answers before the process can work: that it is alive, that it is not ready, and why.
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};

use anyhow::Context;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::bounds::BOUNDS;
use crate::doors::Doors;
use crate::metrics::Metrics;
use crate::serving;

/// Answers until [`Starting::end`].
pub(crate) struct Starting {
    why: Arc<Mutex<String>>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Starting {
    /// Answers on the port of `listener`, which itself accepts no connections meanwhile.
    pub(crate) fn begin(listener: &TcpListener, doors: Doors, metrics: &Metrics) -> anyhow::Result<Self> {
        let second = listener.as_fd().try_clone_to_owned().context("a second handle of the admin port")?;
        let second = TcpListener::from_std(second.into()).context("a second handle of the admin port")?;
        let why = Arc::new(Mutex::new("starting".to_owned()));
        let router = Router::new()
            .route("/healthz", get(async || "alive\n"))
            .route("/readyz", get(not_ready))
            .fallback(async || (StatusCode::SERVICE_UNAVAILABLE, "starting, see /readyz\n"))
            .with_state(why.clone());
        let (stop, turned_away) = (CancellationToken::new(), metrics.calls.turned_away("admin"));
        let until = stop.clone();
        let serving =
            tokio::spawn(async move { serving::serve(second, router, BOUNDS, doors, turned_away, &until).await });
        Ok(Self { why, stop, serving })
    }

    /// Sets what the process is waiting for.
    pub(crate) fn waits_for(&self, why: &str) {
        // A poisoned lock still contains a valid sentence.
        why.clone_into(&mut self.why.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }

    /// Hands the port over to its listener; connected clients connect again.
    pub(crate) async fn end(mut self) {
        self.stop.cancel();
        let _ = (&mut self.serving).await;
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn not_ready(State(why): State<Arc<Mutex<String>>>) -> Response {
    let why = why.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "starting": why, "stopping": false }))).into_response()
}
