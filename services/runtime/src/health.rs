//! Endpoints for monitoring: /healthz (is it alive?), /readyz (can it work?), /metrics, /dashboards (to see it) and
//! /runbook (what to do).
use std::path::PathBuf;
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

use crate::broker::Broker;
use crate::doors::Doors;
use crate::metrics::Metrics;
use crate::objects::Objects;
use crate::serving;
use crate::serving::gate::{Gate, Until};
use crate::serving::places::Places;
use crate::store::Store;

mod bounds;
pub(crate) mod figures;
mod pages;
mod runbook;
mod starting;

pub(crate) use starting::Starting;

use bounds::BOUNDS;

/// What the admin port reads.
pub(crate) struct Health {
    pub(crate) store: Store,
    pub(crate) broker: Broker,
    pub(crate) objects: Objects,
    pub(crate) metrics: Metrics,
    pub(crate) doors: Doors,
    pub(crate) scratch_dir: PathBuf,
    /// Cancelled once the process takes nothing new.
    pub(crate) stopping: CancellationToken,
}

/// A server that needs longer than this to answer counts as unreachable. Below the usual probe timeout of 5 s.
const PATIENCE: Duration = Duration::from_secs(3);

/// Requests at the same time that query the other servers.
const ASKING: usize = 16;
const ASKING_OF_ONE: usize = 8;
/// Beyond the deadline of each check.
const DEADLINE: Duration = Duration::from_secs(10);

/// Ends only when it is dropped: health is served for the lifetime of the process.
pub(crate) async fn serve(health: Health, listener: TcpListener) {
    let turned_away = health.metrics.calls.turned_away("admin");
    let doors = health.doors.clone();
    serving::serve(listener, router(Arc::new(health)), BOUNDS, doors, turned_away, &CancellationToken::new()).await;
}

fn router(health: Arc<Health>) -> Router {
    let places = Places::new(ASKING, ASKING_OF_ONE, health.metrics.calls.turned_away("admin"));
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
        .with_state(health)
}

/// Middleware: a slot for each request.
async fn placed(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    gate.pass(request, next).await.unwrap_or_else(IntoResponse::into_response)
}

/// 200 if the database, the broker with every consumer, and the object store answer; else 503. The body lists each.
async fn ready(State(health): State<Arc<Health>>) -> Response {
    let (database, broker, objects) =
        tokio::join!(within(health.store.ping()), within(health.broker.check()), within(objects(&health.objects)));
    let stopping = health.stopping.is_cancelled();
    let checks = [("database", database), ("broker", broker), ("objects", objects)];
    let ready = !stopping && checks.iter().all(|(_, result)| result.is_ok());
    let body: Map<String, Value> = checks
        .into_iter()
        .map(|(name, result)| (name.to_owned(), result.map_or_else(Value::String, |()| json!("ok"))))
        .chain([("stopping".to_owned(), json!(stopping))])
        .collect();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}

async fn objects(objects: &Objects) -> anyhow::Result<()> {
    anyhow::ensure!(objects.healthy().await, "the bucket does not answer");
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

async fn metrics(State(health): State<Arc<Health>>) -> Response {
    // If the database does not answer, its old values stay; the others are still served.
    if let Err(error) = within(measure(&health)).await {
        warn!("could not measure the queues: {error}");
    }
    match health.metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
    }
}

/// Reads the figures of the whole installation, and those that this process has not counted itself.
async fn measure(health: &Health) -> anyhow::Result<()> {
    let (metrics, store) = (&health.metrics, &health.store);
    metrics.whole.set_scratch(&health.scratch_dir);
    let (open, idle) = store.connections();
    let connections = &metrics.calls.database_connections;
    connections.with_label_values(&["idle"]).set(idle);
    connections.with_label_values(&["used"]).set(open - idle);
    figures::set_messages(&metrics.whole, &store.backlog().await?);
    if let Some((sample, age_s)) = store.last_sample().await? {
        figures::set_sample(&metrics.whole, &sample, age_s);
    }
    Ok(())
}
