//! The service role `desk`: the staff API at its own address.
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use runtime::service::Runtime;
use runtime::serving::places::share_of;
use runtime::serving::{self, counted};
use tokio::net::TcpListener;
use tracing::{info, warn};

use crate::decisions;
use crate::desk::Desk;
use crate::live::Live;
use crate::router::router;
use crate::routes;
use crate::service::{Service, Settings};
use crate::view::checks::Bounds;

/// How long running requests may take once the process stops.
const GRACE: Duration = Duration::from_secs(7);

/// Serves on `DESK_LISTEN` until the process stops.
pub async fn serve(runtime: Arc<Runtime>, desk: Desk) -> anyhow::Result<()> {
    let config = &runtime.config;
    anyhow::ensure!(desk.keys.is_some(), "the desk needs PERSONAL_DATA_KEYS: organisers ask it who entered a work");
    let listen = config.desk.desk_listen;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("listen on {listen} for the desk"))?;
    let service = Service {
        desk: Arc::new(desk),
        doors: runtime.doors.clone(),
        verifier: Arc::default(),
        live: Live::default(),
        broker: Some(runtime.broker.clone()),
        settings: Settings {
            neighbours: Bounds::of(&config.database, &config.upload),
            forwarded_hops: config.serving.forwarded_hops,
            address_share_percent: config.serving.address_share_percent,
            ..Settings::default()
        },
        stop: runtime.shutdown.soft.clone(),
    };
    let followed = runtime.broker.follow(service.stop.clone());
    let hearing = tokio::spawn(service.live.clone().hear(service.desk.store.clone(), followed, service.stop.clone()));
    let served = serve_on(service, listener).await;
    // Every stream has ended by now, so nothing of it needs to be finished.
    hearing.abort();
    served
}

/// Serves on a bound port until `service.stop`.
pub async fn serve_on(service: Service, listener: TcpListener) -> anyhow::Result<()> {
    let metrics = service.desk.store.metrics();
    counted::begin(metrics, "desk", routes::list().into_iter().map(|route| route.path));
    info!("the desk listens on {}", listener.local_addr()?);
    let settings = &service.settings;
    // Behind one of our proxies, all connections come from the proxy.
    let percent = if settings.forwarded_hops == 0 { settings.address_share_percent } else { 100 };
    let bounds = serving::Bounds {
        connections: settings.connections,
        of_one_address: share_of(settings.connections, percent),
        heads_within: settings.heads_within,
        grace: GRACE,
    };
    let deciding = tokio::spawn(decisions::carry_out(service.desk.clone(), service.stop.clone()));
    let turned_away = metrics.calls.turned_away("desk");
    serving::serve(listener, router(service.clone()), bounds, service.doors.clone(), turned_away, &service.stop).await;
    if !matches!(tokio::time::timeout(GRACE, deciding).await, Ok(Ok(()))) {
        warn!("held decisions were not at rest when the desk stopped; another desk carries them out");
    }
    Ok(())
}
