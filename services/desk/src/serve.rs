//! The service role `desk`: the staff API at an address of its own.
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use runtime::service::Runtime;
use runtime::serving::places::share_of;
use runtime::serving::{self, Bounds, counted};
use tokio::net::TcpListener;
use tracing::info;

use crate::desk::{Desk, Settings};
use crate::http::routes;
use crate::http::verify::Verifier;

/// How long running requests may take once the process stops.
const GRACE: Duration = Duration::from_secs(7);

impl Desk {
    /// From a process's neighbours and its configuration.
    pub fn of(runtime: &Runtime) -> anyhow::Result<Arc<Self>> {
        let config = &runtime.config;
        let url = config.desk_url.clone().unwrap_or_default().trim_end_matches('/').to_owned();
        let plain = url.bytes().all(|it| it.is_ascii_graphic());
        anyhow::ensure!(plain, "DESK_URL has characters that no address has: {url:?}");
        Ok(Arc::new(Desk {
            store: runtime.store.clone(),
            objects: runtime.objects.clone(),
            catalogue: runtime.catalogue.clone(),
            clock: runtime.clock.clone(),
            keys: config.keyring()?,
            doors: runtime.doors.clone(),
            verifier: Verifier::default(),
            settings: Settings {
                url,
                forwarded_hops: config.forwarded_hops,
                address_share_percent: config.address_share_percent,
                ..Settings::default()
            },
            stop: runtime.shutdown.soft.clone(),
        }))
    }
}

/// Serves on `DESK_LISTEN` until the process stops.
pub async fn serve(runtime: Arc<Runtime>) -> anyhow::Result<()> {
    let desk = Desk::of(&runtime)?;
    let listen = runtime.config.desk_listen;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("listen on {listen} for the desk"))?;
    serve_on(desk, listener).await
}

/// Serves on a bound port until `desk.stop`.
pub async fn serve_on(desk: Arc<Desk>, listener: TcpListener) -> anyhow::Result<()> {
    counted::begin(desk.store.metrics(), routes::list().into_iter().map(|route| route.path));
    info!("the desk listens on {}", listener.local_addr()?);
    let settings = &desk.settings;
    // Behind a proxy of ours all connections are its own.
    let percent = if settings.forwarded_hops == 0 { settings.address_share_percent } else { 100 };
    let bounds = Bounds {
        connections: settings.connections,
        of_one_address: share_of(settings.connections, percent),
        heads_within: settings.heads_within,
        grace: GRACE,
    };
    let turned_away = desk.store.metrics().calls.turned_away("desk");
    serving::serve(listener, routes::router(desk.clone()), bounds, desk.doors.clone(), turned_away, &desk.stop).await;
    Ok(())
}
