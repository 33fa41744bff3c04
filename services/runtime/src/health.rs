//! Endpoints for monitoring: /healthz (is it alive?), /readyz (can it work?), /metrics, /dashboards (to see it) and
//! /runbook (what to do).
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::service::Runtime;
use crate::serving::places::{Gate, Places, Until};
use crate::serving::{self, Bounds};

mod pages;
mod runbook;
mod starting;

pub(crate) use starting::Starting;

/// A server that needs longer than this to answer counts as unreachable. Below the usual probe timeout of 5 s.
const PATIENCE: Duration = Duration::from_secs(3);

/// Few monitoring clients connect. One that takes everything must leave slots for others: a probe without a slot would
/// end the process.
const BOUNDS: Bounds = Bounds {
    connections: 256,
    of_one_address: 64,
    // Longer than the usual time between two scrapes on one connection.
    heads_within: Duration::from_secs(75),
    grace: Duration::ZERO,
};
/// Requests at the same time that query the other servers.
const ASKING: usize = 16;
const ASKING_OF_ONE: usize = 8;
/// Beyond the deadline of each check.
const DEADLINE: Duration = Duration::from_secs(10);

/// Ends only when it is dropped: health is served for the lifetime of the process.
pub(crate) async fn serve(runtime: Arc<Runtime>, listener: TcpListener) {
    let turned_away = runtime.metrics.calls.turned_away("admin");
    let doors = runtime.doors.without_proxies();
    serving::serve(listener, router(runtime), BOUNDS, doors, turned_away, &CancellationToken::new()).await;
}

fn router(runtime: Arc<Runtime>) -> Router {
    let places = Places::new(ASKING, ASKING_OF_ONE, runtime.metrics.calls.turned_away("admin"));
    let asking = Router::new()
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .layer(from_fn_with_state(Gate::new(places, 0, Until::Answered).within(DEADLINE), placed));
    Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/", get(pages::root))
        .route("/dashboards", get(pages::dashboards))
        .route("/dashboards/{name}", get(pages::file))
        .route("/runbook", get(runbook::list))
        .route("/runbook/", get(runbook::list))
        .route("/runbook/{name}", get(runbook::page))
        .merge(asking)
        .with_state(runtime)
}

/// Middleware: a slot for each request.
async fn placed(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    gate.pass(request, next).await.unwrap_or_else(IntoResponse::into_response)
}

/// 200 if the database, the broker with every consumer, and the object store answer; else 503. The body lists each.
async fn ready(State(runtime): State<Arc<Runtime>>) -> Response {
    let (database, broker, objects) =
        tokio::join!(within(runtime.store.ping()), within(runtime.broker.check()), within(objects(&runtime)),);
    let stopping = runtime.shutdown.soft.is_cancelled();
    let checks = [("database", database), ("broker", broker), ("objects", objects)];
    let ready = !stopping && checks.iter().all(|(_, result)| result.is_ok());
    let told: Map<String, Value> = checks
        .into_iter()
        .map(|(name, result)| (name.to_owned(), result.map_or_else(Value::String, |()| json!("ok"))))
        .chain([("stopping".to_owned(), json!(stopping))])
        .collect();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(told)).into_response()
}

async fn objects(runtime: &Runtime) -> anyhow::Result<()> {
    anyhow::ensure!(runtime.objects.healthy().await, "the bucket does not answer");
    Ok(())
}

/// Runs a check within its deadline. Its text is returned to the client; it contains no secret.
async fn within(check: impl Future<Output = anyhow::Result<()>>) -> Result<(), String> {
    match tokio::time::timeout(PATIENCE, check).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(format!("{error:#}")),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

async fn metrics(State(runtime): State<Arc<Runtime>>) -> Response {
    // If the database does not answer, its old values stay; the others are still served.
    if let Err(error) = within(measure(&runtime)).await {
        warn!("could not measure the queues: {error}");
    }
    match runtime.metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
    }
}

/// Reads the figures of the whole installation, and those that this process has not counted itself.
async fn measure(runtime: &Runtime) -> anyhow::Result<()> {
    let (metrics, store) = (&runtime.metrics, &runtime.store);
    metrics.whole.tell_scratch(&runtime.config.scratch_dir);
    let (open, idle) = store.connections();
    let connections = &metrics.calls.database_connections;
    connections.with_label_values(&["idle"]).set(idle);
    connections.with_label_values(&["used"]).set(open - idle);
    metrics.whole.tell_messages(&store.backlog().await?);
    if let Some((sample, age_s)) = store.last_sample().await? {
        metrics.whole.tell_sample(&sample, age_s);
    }
    Ok(())
}
