//! The object store of a single machine: an S3 server over a directory, so that development and small installations run
//! the same code as large ones. It survives a killed process. A power failure may lose the last seconds, because files
//! are not synced.
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpError, HttpResponse};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, info_span, warn};

use self::files::Files;
use self::keys::PlainKeys;
use crate::doors::{Doors, Pseudonyms};
use crate::metrics::DoorMetrics;
use crate::serving::headers;

pub mod admin;
mod complete;
mod door;
mod files;
mod keys;
mod paths;

/// How long running requests may continue after a stop was requested.
const GRACE: Duration = Duration::from_secs(5);
/// Wait after a failed `accept`, for example because of too few file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Serves the directory `root`, which is created if absent, until `shutdown`. Every request must be signed with the one
/// key. Buckets are the directories in it.
pub async fn serve(
    root: PathBuf,
    listener: TcpListener,
    access_key: String,
    secret_key: String,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let doors = doors(&DoorMetrics::new()?);
    serve_watched(root, listener, (access_key, secret_key), doors, shutdown).await
}

/// The door of this store. Its process has no keys for personal data, so client pseudonyms here differ from those
/// elsewhere.
pub fn doors(metrics: &DoorMetrics) -> Doors {
    Doors::counting(0, Pseudonyms::random(), metrics.auth_failures.clone())
}

/// Like [`serve`]; `key` is the access key and its secret, and refusals go to `doors`.
pub async fn serve_watched(
    root: PathBuf,
    listener: TcpListener,
    key: (String, String),
    doors: Doors,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    tokio::fs::create_dir_all(&root).await.with_context(|| format!("make {}", root.display()))?;
    let files = Files::open(&root).with_context(|| format!("open {}", root.display()))?;
    let mut service = S3ServiceBuilder::new(files);
    let (access_key, secret_key) = key;
    service.set_auth(SimpleAuth::from_single(access_key.clone(), secret_key));
    service.set_access(PlainKeys);
    let service = service.build();
    info!("serving {} as S3 on {}", root.display(), listener.local_addr()?);

    let server = Builder::new(TokioExecutor::new());
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(err) => {
                warn!("could not accept a connection to the embedded S3: {err}");
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        // Headers and bodies go out as separate writes; waiting for acknowledgements between them costs 40 ms each.
        let _ = stream.set_nodelay(true);
        let behind =
            Behind { service: service.clone(), doors: doors.clone(), access_key: access_key.clone(), peer: peer.ip() };
        let answering = service_fn(move |request| behind.clone().answer(request));
        let connection = server.serve_connection(TokioIo::new(stream), answering);
        let connection = graceful.watch(connection.into_owned());
        tokio::spawn(async move {
            // A client that disconnects is not worth a log line.
            let _ = connection.await;
        });
    }
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        warn!("requests to the embedded S3 were cut off after {} s", GRACE.as_secs());
    }
    Ok(())
}

/// The service of one connection.
#[derive(Clone)]
struct Behind {
    service: S3Service,
    doors: Doors,
    access_key: String,
    peer: IpAddr,
}

impl Behind {
    async fn answer(self, request: axum::http::Request<Incoming>) -> Result<HttpResponse<Body>, HttpError> {
        let (client, signed) = (self.doors.pseudonym(self.peer), door::is_signed(&request));
        let span = info_span!(target: "log_context", "request", client = client.as_str());
        let mut answer = self.service.call(request.map(Body::from)).instrument(span.clone()).await?;
        if let Some(denied) = door::refusal(&answer, signed, &self.access_key) {
            span.in_scope(|| self.doors.failed(&denied, Some(&client)));
        }
        headers::secure(answer.headers_mut());
        Ok(answer)
    }
}
