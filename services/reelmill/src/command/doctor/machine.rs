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
    let engine = engine(&media::engine());
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

/// The libraries that make the bytes, by what they say of themselves.
fn engine(said: &str) -> Finding {
    const NAME: &str = "media engine";
    let after = |name: &str| said.split_once(name).map(|(_, rest)| rest.split(',').next().unwrap_or(rest).trim());
    // Distributions put letters before it (n7.1) and words behind it (5.1.9-0+deb12u1).
    let version = after(", ffmpeg ").unwrap_or_default().trim_start_matches(|c: char| !c.is_ascii_digit());
    let major: Option<u32> = version.split(|c: char| !c.is_ascii_digit()).next().and_then(|it| it.parse().ok());
    match major {
        Some(5..=7) if after(", x264 ").is_none() => Finding::poor(
            NAME,
            format!("{said}; which x264 is loaded cannot be told"),
            "install libx264 as a shared library: its build is part of what tells whether a finished file may be taken over",
        ),
        Some(5..=7) => Finding::good(NAME, said),
        Some(_) => Finding::poor(
            NAME,
            said,
            "Reelmill is tested with FFmpeg 5.1 and 7: render a known work and look at it before you serve",
        ),
        None => {
            Finding::poor(NAME, said, "the libraries do not say which FFmpeg they are; install your distribution's")
        }
    }
}

/// Whether scratch lies where large files belong.
pub(super) fn scratch_kind(config: &Config) -> Finding {
    const NAME: &str = "scratch mount";
    const MEND: &str = "set SCRATCH_DIR to a directory on a local disk";
    // From linux/magic.h.
    const TMPFS: u64 = 0x0102_1994;
    const OVERLAY: u64 = 0x794c_7630;
    const REMOTE: [(u64, &str); 4] =
        [(0x6969, "NFS"), (0xff53_4d42, "CIFS"), (0xfe53_4d42, "SMB"), (0x6573_5546, "FUSE")];
    let below = servers::existing(&config.scratch_dir);
    let (Ok(disk), Ok(flags)) = (rustix::fs::statfs(below), rustix::fs::statvfs(below)) else {
        return Finding::bad(NAME, "cannot be looked at", MEND);
    };
    // Signed on some machines; the number is what counts.
    let kind = disk.f_type as u64 & 0xffff_ffff;
    if flags.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY) {
        return Finding::bad(NAME, "is mounted read-only", MEND);
    }
    if kind == TMPFS {
        return Finding::poor(
            NAME,
            "is memory (tmpfs): a few entries fill it, and it counts as the service's own",
            MEND,
        );
    }
    if let Some((_, name)) = REMOTE.iter().find(|(magic, _)| *magic == kind) {
        return Finding::poor(NAME, format!("is {name}: every frame would go over the network"), MEND);
    }
    if kind == OVERLAY {
        return Finding::poor(
            NAME,
            "is a container's own layer, which is slow and may be small",
            "mount a volume at SCRATCH_DIR",
        );
    }
    Finding::good(NAME, "a local disk, writable")
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

#[cfg(test)]
mod tests {
    use super::super::Health;
    use super::*;

    #[test]
    fn the_media_engine_is_judged_by_what_it_says_of_itself() {
        for (said, health) in [
            ("reelmill 0.1.0+1f0c, ffmpeg 5.1.9-0+deb12u1, x264 164", Health::Good),
            ("reelmill 0.1.0+1f0c, ffmpeg n7.1, x264 165", Health::Good),
            ("reelmill 0.1.0+1f0c, ffmpeg 7.1", Health::Poor),
            ("reelmill 0.1.0+1f0c, ffmpeg 4.4.2, x264 160", Health::Poor),
            ("reelmill 0.1.0+1f0c, ffmpeg unknown, x264 160", Health::Poor),
        ] {
            assert_eq!(engine(said).health, health, "{said}");
        }
    }
}
