//! This machine: the media libraries, the sandbox, scratch space and ports.
use std::net::SocketAddr;

use runtime::config::Config;
use tokio::net::TcpListener;

use super::{Finding, servers};
use crate::local::Local;
use crate::output;

/// Room that one eight-minute entry at a high bitrate needs for its source, segments and renditions.
const SCRATCH_WANTED_BYTES: u64 = 10 << 30;

/// The ffmpeg libraries, and the sandbox by trying to break out of it.
pub(super) async fn media() -> Vec<Finding> {
    let engine = Finding::good("media engine", media::engine());
    let tested = match Local::new() {
        Ok(local) => local.self_test().await,
        Err(error) => Err(error),
    };
    let report = match tested {
        Ok(report) => report,
        Err(error) => {
            let sandbox = Finding::bad("sandbox", format!("{error:#}"), "run on Linux 5.13 or later with seccomp");
            return vec![engine, sandbox];
        }
    };
    let landlock = if report.landlock {
        Finding::good("Landlock", "in force")
    } else {
        const MEND: &str =
            "boot with lsm=landlock,…; or set REELMILL_ALLOW_MISSING_LANDLOCK=true and accept a weaker sandbox";
        Finding::bad("Landlock", "this kernel has none", MEND)
    };
    let escaped: Vec<&str> =
        report.attempts.iter().filter(|attempt| !attempt.denied).map(|attempt| attempt.what.as_str()).collect();
    let sandbox = if escaped.is_empty() {
        Finding::good("sandbox", format!("{} forbidden things tried, all denied", report.attempts.len()))
    } else {
        Finding::bad(
            "sandbox",
            format!("not denied: {}", escaped.join(", ")),
            "do not run entrants' files on this machine",
        )
    };
    vec![engine, landlock, sandbox]
}

/// Whether scratch can be written and has room.
pub(super) fn scratch(config: &Config) -> Finding {
    const NAME: &str = "scratch space";
    const MEND: &str = "set SCRATCH_DIR to a local directory with at least 10 GiB";
    let dir = &config.scratch_dir;
    let below = servers::existing(dir);
    let shown = output::plain(&dir.display().to_string());
    if rustix::fs::access(below, rustix::fs::Access::WRITE_OK).is_err() {
        return Finding::bad(NAME, format!("{shown} cannot be written"), MEND);
    }
    match rustix::fs::statvfs(below) {
        Err(error) => Finding::bad(NAME, format!("{shown}: {error}"), MEND),
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let found = format!("{} free in {shown}", output::bytes(free));
            if free < SCRATCH_WANTED_BYTES { Finding::poor(NAME, found, MEND) } else { Finding::good(NAME, found) }
        }
    }
}

/// Whether the services could listen, or do already.
pub(super) async fn ports(config: &Config) -> Vec<Finding> {
    let api = port("public API", config.listen, "/api/v1/openapi.json", "end what listens there, or set LISTEN");
    let admin =
        port("metrics and health", config.admin_listen, "/healthz", "end what listens there, or set ADMIN_LISTEN");
    vec![api.await, admin.await]
}

async fn port(name: &'static str, address: SocketAddr, health: &str, mend: &'static str) -> Finding {
    match TcpListener::bind(address).await {
        Ok(_) => Finding::good(name, format!("{address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => match answers(address, health).await {
            true => Finding::good(name, format!("{address} is served")),
            false => Finding::poor(name, format!("somebody else listens on {address}"), mend),
        },
        Err(error) => Finding::bad(name, format!("cannot listen on {address}: {error}"), mend),
    }
}

async fn answers(address: SocketAddr, path: &str) -> bool {
    let Ok(api) = crate::api::Api::new(&format!("http://{address}")) else { return false };
    let asked = api.http.get(format!("http://{address}{path}")).timeout(std::time::Duration::from_secs(3)).send().await;
    asked.is_ok_and(|response| response.status().is_success())
}
