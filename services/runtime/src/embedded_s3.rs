//! The object store of a single machine: an S3 server over a directory, so that development and small installations run the
//! same code path as the large ones. It survives a killed process; a power cut may cost the last seconds, as files are not synced.
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use self::files::Files;
use self::keys::PlainKeys;

mod complete;
mod files;
mod keys;

/// How long running requests may go on once asked to stop.
const GRACE: Duration = Duration::from_secs(5);
/// After a failed `accept`, such as for want of file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Serves the directory `root`, made if absent, until `shutdown`. Every request must be signed with the one key.
/// Buckets are the directories in it.
pub async fn serve(
    root: PathBuf,
    listener: TcpListener,
    access_key: String,
    secret_key: String,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    tokio::fs::create_dir_all(&root).await.with_context(|| format!("make {}", root.display()))?;
    let files = Files::open(&root).with_context(|| format!("open {}", root.display()))?;
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(access_key, secret_key));
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
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(err) => {
                warn!("could not accept a connection to the embedded S3: {err}");
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        // Headers and bodies go out as separate writes; waiting for acknowledgements between them costs 40 ms each.
        let _ = stream.set_nodelay(true);
        let connection = server.serve_connection(TokioIo::new(stream), service.clone());
        let connection = graceful.watch(connection.into_owned());
        tokio::spawn(async move {
            // A client that hangs up is no event here; it knows itself.
            let _ = connection.await;
        });
    }
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        warn!("requests to the embedded S3 were cut off after {} s", GRACE.as_secs());
    }
    Ok(())
}
