//! The role: the public API on its port, the sweeper, and an end within seconds.
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use runtime::service::Runtime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tower::util::MapRequest;
use tracing::{info, warn};

use crate::app::{App, Settings};
use crate::count;
use crate::limit::Peer;
use crate::problem::{Code, RETRY_AFTER_S};
use crate::routes::router;
use crate::sweep::sweep;

/// A client that takes longer to say what it wants is not one.
const HEADERS_DEADLINE: Duration = Duration::from_secs(15);
/// What one connection may keep in memory of what it sends: a head, or a piece of a body on its way.
const READ_BYTES: usize = 128 * 1024;
/// Connections at once beyond the bound, for as long as it takes to tell them so; yet further ones wait in the kernel.
const TURNED_AWAY_AT_ONCE: usize = 256;
/// How long a connection that is turned away may take to hear of it.
const TURNED_AWAY_WITHIN: Duration = Duration::from_secs(1);
/// How long running requests may take to make durable what they have once asked to stop.
const GRACE: Duration = Duration::from_secs(7);
/// After a failed `accept`, such as for want of file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

impl App {
    /// From a process's neighbours and its configuration.
    pub fn of(runtime: &Runtime) -> anyhow::Result<Arc<Self>> {
        let config = &runtime.config;
        let keys = config.keyring()?;
        let public_url = config.public_url.clone().unwrap_or_default().trim_end_matches('/').to_owned();
        let plain = public_url.bytes().all(|it| it.is_ascii_graphic());
        anyhow::ensure!(plain, "PUBLIC_URL has characters that no address has: {public_url:?}");
        let scratch = runtime.scratch.dir("uploads")?;
        let settings = Settings {
            public_url,
            entries_per_minute: config.entries_per_minute,
            forwarded_hops: config.forwarded_hops,
            admin: Some(runtime.admin_addr),
            ..Settings::default()
        };
        Ok(Arc::new(App {
            store: runtime.store.clone(),
            objects: runtime.objects.clone(),
            catalogue: runtime.catalogue.clone(),
            clock: runtime.clock.clone(),
            keys,
            scratch,
            desk: crate::desk::verify::Verifier::default(),
            entries: crate::limit::Limiter::default(),
            settings,
            stop: runtime.shutdown.soft.clone(),
            tasks: TaskTracker::new(),
        }))
    }
}

/// Serves the public API on `LISTEN` until the process is told to stop.
pub async fn serve(runtime: Arc<Runtime>) -> anyhow::Result<()> {
    let app = App::of(&runtime)?;
    let listen = runtime.config.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("listen on {listen} for the public API"))?;
    serve_on(app, listener).await
}

/// Serves on a bound port until `app.stop`.
pub async fn serve_on(app: Arc<App>, listener: TcpListener) -> anyhow::Result<()> {
    if let Err(err) = app.objects.ensure_bucket().await {
        // It may come up later; until then uploads get 503.
        warn!("the object store is not ready: {err}");
    }
    count::begin(&app);
    info!("the public API listens on {}", listener.local_addr()?);
    let sweeping = tokio::spawn(sweep(app.clone()));
    accept(&app, listener).await;
    // Requests have answered; what they left to do is short, and the sweeper of the next start does the rest.
    app.tasks.close();
    let _ = tokio::time::timeout(GRACE, app.tasks.wait()).await;
    sweeping.abort();
    Ok(())
}

/// Says that there is no place, without reading what is wanted: it costs nothing but the connection.
async fn turn_away(mut stream: TcpStream) {
    let row = Code::Overloaded.row();
    let body = format!(
        r#"{{"type":"about:blank","title":"{} {}","status":{},"code":"{}"}}"#,
        row.zh, row.en, row.status, row.code
    );
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: {RETRY_AFTER_S}\r\n\
         cache-control: no-store\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    if stream.write_all(answer.as_bytes()).await.is_err() || stream.shutdown().await.is_err() {
        return;
    }
    // Closing on bytes that were not read would take the answer away from the client again.
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await.is_ok_and(|bytes| bytes > 0) {}
}

async fn accept(app: &Arc<App>, listener: TcpListener) {
    let mut server = Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS_DEADLINE).max_buf_size(READ_BYTES);
    let router = router(app.clone());
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(app.settings.connections));
    let leaving = Arc::new(Semaphore::new(TURNED_AWAY_AT_ONCE));
    loop {
        let accepted = async {
            // Neither semaphore is ever closed.
            let way_out = leaving.clone().acquire_owned().await.ok();
            (way_out, listener.accept().await)
        };
        let (way_out, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = app.stop.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(err) => {
                warn!("could not accept a connection: {err}");
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            tokio::spawn(async move {
                let _ = tokio::time::timeout(TURNED_AWAY_WITHIN, turn_away(stream)).await;
                drop(way_out);
            });
            continue;
        };
        let _ = stream.set_nodelay(true);
        let service = MapRequest::new(router.clone(), move |mut request: axum::http::Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer.ip()));
            request
        });
        let connection = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let connection = graceful.watch(connection.into_owned());
        tokio::spawn(async move {
            // Who hangs up knows it; the upload's task sees the end of its body.
            let _ = connection.await;
            drop(place);
        });
    }
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        warn!("some requests did not end in time and were cut off; their uploads can be resumed");
    }
}
