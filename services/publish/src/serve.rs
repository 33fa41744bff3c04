//! What partners ask of us: the feed that they pull and the notices that they send, on the publish role's own port.
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use runtime::service::Runtime;
use tokio::net::TcpListener;
use tracing::info;

use crate::deliver::{bilibili, douyin, mrss};

/// The largest notice that is read, bytes.
const NOTICE_BYTES: usize = 256 << 10;
/// How long running requests may take once the process stops.
const GRACE: Duration = Duration::from_secs(5);

/// What every request of a partner needs.
#[derive(Clone)]
pub(crate) struct PartnerApp {
    /// Servers, catalogue, configuration.
    pub(crate) runtime: Arc<Runtime>,
}

/// Every route, one adapter's after the other.
fn router(app: PartnerApp) -> Router {
    let (bilibili, douyin) = (bilibili::webhook::routes(), douyin::webhook::routes(&app.runtime));
    let feeds = mrss::router(app.runtime.clone());
    let routes = Router::new().merge(bilibili).merge(douyin).with_state(app).merge(feeds);
    routes.layer(DefaultBodyLimit::max(NOTICE_BYTES))
}

/// Serves on `PUBLISH_LISTEN` until the process is told to stop.
pub async fn serve(runtime: Arc<Runtime>) -> Result<()> {
    let listen = runtime.config.publish_listen;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("listen on {listen} for partners"))?;
    info!("partners are served on {}", listener.local_addr()?);
    let stop = runtime.shutdown.soft.clone();
    let out_of_time = {
        let stop = stop.clone();
        async move {
            stop.cancelled().await;
            tokio::time::sleep(GRACE).await;
        }
    };
    let serving = axum::serve(listener, router(PartnerApp { runtime })).with_graceful_shutdown(stop.cancelled_owned());
    tokio::select! {
        served = serving => served.context("serve partners"),
        // Pulls can be resumed.
        () = out_of_time => Ok(()),
    }
}
