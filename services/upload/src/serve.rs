//! The role: the public API on its port, the sweeper, and a stop within seconds.
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use runtime::desk_url::desk_url;
use runtime::mail::Mailer;
use runtime::service::Runtime;
use runtime::serving::places::share_of;
use runtime::serving::{self, Bounds, counted};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::app::App;
use crate::mail::send_links;
use crate::places::turned_away;
use crate::routes::{self, router_with};
use crate::settings::Settings;
use crate::sweep::sweep;

/// Time limit for running requests to make durable what they have once asked to stop.
const GRACE: Duration = Duration::from_secs(7);

impl App {
    /// From a process's connections and its configuration.
    pub fn of(runtime: &Runtime) -> anyhow::Result<Arc<Self>> {
        let config = &runtime.config;
        let keys = config.keys.keyring()?;
        let public_url = config.upload.public_url.clone().unwrap_or_default().trim_end_matches('/').to_owned();
        let plain = public_url.bytes().all(|it| it.is_ascii_graphic());
        anyhow::ensure!(plain, "PUBLIC_URL has characters that no address has: {public_url:?}");
        let scratch = runtime.scratch.dir("uploads")?;
        let settings = Settings {
            public_url,
            entries_per_minute: config.upload.entries_per_minute,
            forwarded_hops: config.serving.forwarded_hops,
            address_share_percent: config.serving.address_share_percent,
            cors_origins: config.upload.cors_origins.clone(),
            admin: Some(runtime.admin_addr),
            desk_url: desk_url(&config.desk)?,
            budget_factor: config.upload.upload_budget_factor,
            high_water_bytes: u64::from(config.upload.upload_high_water_gib) << 30,
            most_unfinished: u64::from(config.upload.upload_most_unfinished),
            least_rate: u64::from(config.upload.upload_least_kib_s) * 1024,
            ..Settings::default()
        };
        Ok(Arc::new(App {
            store: runtime.store.clone(),
            objects: runtime.objects.clone(),
            catalogue: runtime.catalogue.clone(),
            clock: runtime.clock.clone(),
            keys,
            scratch,
            doors: runtime.doors.clone(),
            entries: crate::limit::Limiter::default(),
            live: crate::live::Live::default(),
            mailer: Mailer::of(&config.mail, config.upload.public_url.as_deref(), &config.allow_plaintext)?,
            mail_waits: Notify::new(),
            links: crate::limit::Limiter::default(),
            drafts: crate::limit::Limiter::default(),
            senders: crate::senders::Senders::default(),
            stock: crate::stock::Stock::default(),
            settings,
            stop: runtime.shutdown.soft.clone(),
            tasks: TaskTracker::new(),
        }))
    }
}

/// Further pages at the public address, of another crate.
#[derive(Default)]
pub struct Further {
    /// Their routes.
    pub router: Router,
    /// The paths of these, for metrics.
    pub paths: Vec<&'static str>,
}

/// Serves the public API on `LISTEN`, with further pages, until the process is asked to stop.
pub async fn serve(
    runtime: Arc<Runtime>,
    further: impl FnOnce(&Runtime, Arc<App>) -> anyhow::Result<Further>,
) -> anyhow::Result<()> {
    let app = App::of(&runtime)?;
    let further = further(&runtime, app.clone())?;
    let listen = runtime.config.upload.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("listen on {listen} for the public API"))?;
    let followed = runtime.broker.follow(app.stop.clone());
    let hearing = tokio::spawn(app.live.clone().hear(followed, app.stop.clone()));
    let served = serve_with(app, listener, further).await;
    // Every stream has ended by now, so nothing has to be finished.
    hearing.abort();
    served
}

/// Serves on a bound port until `app.stop`.
pub async fn serve_on(app: Arc<App>, listener: TcpListener) -> anyhow::Result<()> {
    serve_with(app, listener, Further::default()).await
}

/// The same with further pages.
pub async fn serve_with(app: Arc<App>, listener: TcpListener, further: Further) -> anyhow::Result<()> {
    if let Err(err) = app.objects.ensure_bucket().await {
        // It may become available later; until then uploads get 503.
        warn!("the object store is not ready: {err}");
    }
    let paths = routes::list().into_iter().map(|route| route.path).chain(further.paths);
    counted::begin(app.store.metrics(), "public", paths);
    info!("the public API listens on {}", listener.local_addr()?);
    let sweeping = tokio::spawn(sweep(app.clone()));
    let mailing = app.mailer.clone().map(|mailer| tokio::spawn(send_links(app.clone(), mailer)));
    let router = router_with(app.clone(), further.router);
    serving::serve(listener, router, bounds(&app.settings), app.doors.clone(), turned_away(&app), &app.stop).await;
    // Requests have answered; their remaining work is short, and the sweeper of the next start does the rest.
    app.tasks.close();
    let _ = tokio::time::timeout(GRACE, app.tasks.wait()).await;
    sweeping.abort();
    if let Some(mut mailing) = mailing {
        // A mail that is being sent is still recorded as sent.
        if tokio::time::timeout(GRACE, &mut mailing).await.is_err() {
            mailing.abort();
        }
    }
    Ok(())
}

fn bounds(settings: &Settings) -> Bounds {
    // Behind a proxy of ours all connections come from the proxy.
    let percent = if settings.forwarded_hops == 0 { settings.address_share_percent } else { 100 };
    Bounds {
        connections: settings.connections,
        of_one_address: share_of(settings.connections, percent),
        heads_within: settings.heads_within,
        grace: GRACE,
    }
}
