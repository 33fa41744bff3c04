//! `reelmill s3 --root DIR`: the embedded S3 server, for one machine without an object store of its own.
use std::path::PathBuf;

use anyhow::Context;
use runtime::embedded_s3;
use runtime::metrics::DoorMetrics;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::exit::Exit;

/// Options of `s3`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Directory that holds the buckets; made if it is missing
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:9000", value_name = "ADDR")]
    listen: std::net::SocketAddr,
    /// Where /healthz and /metrics are; nowhere if absent
    #[arg(long, value_name = "ADDR")]
    admin_listen: Option<std::net::SocketAddr>,
    /// Access key that clients sign with
    #[arg(long, env = "S3_ACCESS_KEY_ID", hide_env_values = true, value_name = "ID")]
    access_key: String,
    /// Secret of that key
    #[arg(long, env = "S3_SECRET_ACCESS_KEY", hide_env_values = true, value_name = "SECRET")]
    secret_key: String,
}

/// Serves until the process is asked to stop.
pub(crate) fn run(args: Args) -> anyhow::Result<Exit> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(args))
}

async fn serve(args: Args) -> anyhow::Result<Exit> {
    let _telemetry = runtime::telemetry::init("reelmill", None)?;
    let listener = TcpListener::bind(args.listen).await.with_context(|| format!("listen on {}", args.listen))?;
    eprintln!("serving {} as S3 on http://{}", args.root.display(), listener.local_addr()?);
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        crate::stop::stop_signal().await;
        stop.cancel();
    });
    let metrics = DoorMetrics::new()?;
    let doors = embedded_s3::doors(&metrics);
    if let Some(admin) = args.admin_listen {
        let listener = TcpListener::bind(admin).await.with_context(|| format!("listen on {admin} for metrics"))?;
        tokio::spawn(embedded_s3::admin::serve(listener, metrics, doors.clone(), shutdown.clone()));
    }
    embedded_s3::serve_watched(args.root, listener, (args.access_key, args.secret_key), doors, shutdown).await?;
    Ok(Exit::Done)
}
