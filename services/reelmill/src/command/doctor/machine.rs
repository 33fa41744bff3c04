//! This machine: the media libraries, the sandbox, scratch space and ports.
use std::net::SocketAddr;

use runtime::config::Config;
use tokio::net::TcpListener;

use super::finding::{Finding, Mend};
use super::servers;
use crate::local::Local;
use crate::output;

/// Space that one eight-minute entry at a high bitrate needs for its source, segments and renditions.
const SCRATCH_WANTED_BYTES: u64 = 10 << 30;

/// Largest memory of one child, with the four rungs at 1080p; measured, see bench/RESULTS.md.
const CHILD_BYTES: u64 = 1_400 << 20;

/// The ffmpeg libraries, and the sandbox by trying to break out of it.
pub(super) async fn media() -> Vec<Finding> {
    let engine = vec![engine(&media::engine()), parts_of_engine(&media::missing_features())];
    let local = match Local::new() {
        Ok(local) => local,
        // Then nothing is known of the sandbox; the cause has a line of its own.
        Err(error) => {
            const MEND: Mend = Mend {
                zh: "先按下面各行修复设置与 SCRATCH_DIR，再运行一次",
                en: "mend first what is said below of settings and SCRATCH_DIR, and ask again",
            };
            let words = format!("{error:#}");
            let found = format!("not tried: {}", words.lines().next().unwrap_or_default());
            return engine.into_iter().chain([Finding::poor("sandbox", found, MEND)]).collect();
        }
    };
    let report = match local.self_test().await {
        Ok(report) => report,
        Err(error) => {
            const MEND: Mend =
                Mend { zh: "需要 Linux 5.13 以上并支持 seccomp", en: "run on Linux 5.13 or later with seccomp" };
            return engine.into_iter().chain([Finding::bad("sandbox", format!("{error:#}"), MEND)]).collect();
        }
    };
    let landlock = if report.landlock {
        Finding::good("Landlock", "in force")
    } else {
        const MEND: Mend = Mend {
            zh: "以 lsm=landlock,… 启动内核；或设 REELMILL_ALLOW_MISSING_LANDLOCK=true，接受较弱的隔离",
            en: "boot with lsm=landlock,…; or set REELMILL_ALLOW_MISSING_LANDLOCK=true and accept a weaker sandbox",
        };
        Finding::bad("Landlock", "this kernel has none", MEND)
    };
    let escaped: Vec<&str> =
        report.attempts.iter().filter(|attempt| !attempt.denied).map(|attempt| attempt.what.as_str()).collect();
    let sandbox = if escaped.is_empty() {
        Finding::good("sandbox", format!("{} forbidden things tried, all denied", report.attempts.len()))
    } else {
        const MEND: Mend =
            Mend { zh: "不要在这台机器上处理报送文件", en: "do not run entrants' files on this machine" };
        Finding::bad("sandbox", format!("not denied: {}", escaped.join(", ")), MEND)
    };
    engine.into_iter().chain([landlock, sandbox]).collect()
}

/// Encoders, decoders and filters that a build of ffmpeg may lack.
fn parts_of_engine(lacking: &[String]) -> Finding {
    const NAME: &str = "media parts";
    const MEND: Mend = Mend {
        zh: "安装发行版的 ffmpeg 库（Debian：libavcodec-extra、libavfilter-extra），自行编译时加 --enable-libx264 --enable-libzimg --enable-libsoxr",
        en: "install your distribution's ffmpeg libraries (Debian: libavcodec-extra, libavfilter-extra); a build of your own needs --enable-libx264 --enable-libzimg --enable-libsoxr",
    };
    if lacking.is_empty() {
        return Finding::good(NAME, "every encoder, decoder, filter and resampler that is used");
    }
    Finding::bad(NAME, format!("this ffmpeg is without {}", lacking.join(", ")), MEND)
}

/// The libraries that make the output, by their own version texts.
fn engine(said: &str) -> Finding {
    const NAME: &str = "media engine";
    let after = |name: &str| said.split_once(name).map(|(_, rest)| rest.split(',').next().unwrap_or(rest).trim());
    // Distributions add a letter before it (n7.1) and text after it (5.1.9-0+deb12u1).
    let version = after(", ffmpeg ").unwrap_or_default().trim_start_matches(|c: char| !c.is_ascii_digit());
    let major: Option<u32> = version.split(|c: char| !c.is_ascii_digit()).next().and_then(|it| it.parse().ok());
    match major {
        Some(5..=7) if after(", x264 ").is_none() => {
            const MEND: Mend = Mend {
                zh: "把 libx264 作为共享库安装：成片能否沿用，要看它的版本",
                en: "install libx264 as a shared library: its build is part of what tells whether a finished file may be taken over",
            };
            Finding::poor(NAME, format!("{said}; which x264 is loaded is unknown"), MEND)
        }
        Some(5..=7) => Finding::good(NAME, said),
        Some(_) => {
            const MEND: Mend = Mend {
                zh: "映工场在 FFmpeg 5.1 与 7 上测试过：正式使用前先制作一件熟悉的作品并查看",
                en: "Reelmill is tested with FFmpeg 5.1 and 7: render a known work and look at it before you serve",
            };
            Finding::poor(NAME, said, MEND)
        }
        None => {
            const MEND: Mend = Mend {
                zh: "这些库没有说明是哪一版 FFmpeg；请安装发行版的",
                en: "the libraries do not say which FFmpeg they are; install your distribution's",
            };
            Finding::poor(NAME, said, MEND)
        }
    }
}

/// Whether memory is sufficient for the children that may run at once.
pub(super) fn memory(config: &Config) -> Finding {
    const NAME: &str = "memory";
    const MEND: Mend = Mend {
        zh: "减小 SLOTS（每个阶段同时处理的任务数），或把 transcode 放到内存更大的机器",
        en: "set SLOTS, the parts at once of each stage, lower; or run transcode on a machine with more memory",
    };
    let Some(bytes) = memory_bytes() else { return Finding::good(NAME, "unknown here") };
    let wanted = CHILD_BYTES * u64::from(config.slots);
    let found =
        format!("{}; {} slots of transcode take {} at most", output::bytes(bytes), config.slots, output::bytes(wanted));
    if wanted > bytes { Finding::poor(NAME, found, MEND) } else { Finding::good(NAME, found) }
}

/// The memory available to this process: the machine's, or its container's if that is less.
fn memory_bytes() -> Option<u64> {
    let machine = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = machine.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let machine = line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024;
    let container = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|it| it.trim().parse().ok());
    Some(container.map_or(machine, |container: u64| container.min(machine)))
}

/// Whether scratch is on a file system for large files.
pub(super) fn scratch_kind(config: &Config) -> Finding {
    const NAME: &str = "scratch mount";
    const MEND: Mend = Mend {
        zh: "把 SCRATCH_DIR 设为本机磁盘上的目录",
        en: "set SCRATCH_DIR to a directory on a local disk",
    };
    // From linux/magic.h.
    const TMPFS: u64 = 0x0102_1994;
    const OVERLAY: u64 = 0x794c_7630;
    const REMOTE: [(u64, &str); 4] =
        [(0x6969, "NFS"), (0xff53_4d42, "CIFS"), (0xfe53_4d42, "SMB"), (0x6573_5546, "FUSE")];
    let below = servers::existing(&config.scratch_dir);
    let (Ok(disk), Ok(flags)) = (rustix::fs::statfs(below), rustix::fs::statvfs(below)) else {
        return Finding::bad(NAME, "cannot be looked at", MEND);
    };
    // Signed on some machines; only the number matters.
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
        const MOUNT: Mend = Mend { zh: "在 SCRATCH_DIR 处挂载一个卷", en: "mount a volume at SCRATCH_DIR" };
        return Finding::poor(NAME, "is a container's own layer, which is slow and may be small", MOUNT);
    }
    Finding::good(NAME, "a local disk, writable")
}

/// Whether scratch is writable and has space, tested with a file: root can write everywhere except on read-only file
/// systems.
pub(super) fn scratch(config: &Config) -> Finding {
    const NAME: &str = "scratch space";
    const MEND: Mend = Mend {
        zh: "把 SCRATCH_DIR 设为本机上至少有 10 GiB 空闲且可写的目录",
        en: "set SCRATCH_DIR to a local directory that can be written and has at least 10 GiB",
    };
    let dir = &config.scratch_dir;
    let shown = output::plain(&dir.display().to_string());
    let below = servers::existing(dir);
    let tried = below.join(format!(".reelmill-doctor-{}", std::process::id()));
    let written = std::fs::create_dir(&tried).and_then(|()| std::fs::remove_dir(&tried));
    if let Err(error) = written {
        return Finding::bad(NAME, format!("{shown} cannot be written: {error}"), MEND);
    }
    match rustix::fs::statvfs(below) {
        Err(error) => Finding::bad(NAME, format!("{shown}: {error}"), MEND),
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let found = format!("{} free in {shown}", output::bytes(free));
            // A file system without a count of inodes has no limit of them.
            let (files, none_left) = (disk.f_files > 0, disk.f_favail < 1000);
            if files && none_left {
                return Finding::bad(NAME, format!("{found}, but only {} files more", disk.f_favail), MEND);
            }
            if free < SCRATCH_WANTED_BYTES { Finding::poor(NAME, found, MEND) } else { Finding::good(NAME, found) }
        }
    }
}

/// Whether the services can listen, or do so already.
pub(super) async fn ports(config: &Config) -> Vec<Finding> {
    const API: Mend =
        Mend { zh: "结束占用该端口的程序，或改 LISTEN", en: "end what listens there, or set LISTEN" };
    const DESK: Mend = Mend {
        zh: "结束占用该端口的程序，或改 DESK_LISTEN",
        en: "end what listens there, or set DESK_LISTEN",
    };
    const ADMIN: Mend = Mend {
        zh: "结束占用该端口的程序，或改 ADMIN_LISTEN",
        en: "end what listens there, or set ADMIN_LISTEN",
    };
    const PARTNERS: Mend = Mend {
        zh: "结束占用该端口的程序，或改 PUBLISH_LISTEN",
        en: "end what listens there, or set PUBLISH_LISTEN",
    };
    let api = port("public API", config.listen, Some("/api/v1/openapi.json"), API);
    let desk = port("desk", config.desk_listen, Some("/api/v1/openapi.json"), DESK);
    let admin = port("metrics and health", config.admin_listen, Some("/healthz"), ADMIN);
    let partners = port("partners' port", config.publish_listen, None, PARTNERS);
    vec![api.await, desk.await, admin.await, partners.await]
}

async fn port(name: &'static str, address: SocketAddr, ours: Option<&str>, mend: Mend) -> Finding {
    match TcpListener::bind(address).await {
        Ok(_) => Finding::good(name, format!("{address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => match answers(address, ours).await {
            true => Finding::good(name, format!("{address} is served")),
            false => Finding::poor(name, format!("another program listens on {address}"), mend),
        },
        Err(error) => Finding::bad(name, format!("cannot listen on {address}: {error}"), mend),
    }
}

/// Whether the listener is ours, by a path that we serve; for a port without a public path, whether it speaks HTTP.
async fn answers(address: SocketAddr, ours: Option<&str>) -> bool {
    let Ok(api) = crate::api::Api::new(&format!("http://{address}")) else { return false };
    let asked = api.http.get(format!("http://{address}{}", ours.unwrap_or("/")));
    let answer = asked.timeout(std::time::Duration::from_secs(3)).send().await;
    answer.is_ok_and(|answer| ours.is_none() || answer.status().is_success())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::desk::view::checks::Health;

    #[test]
    fn an_ffmpeg_that_lacks_something_is_bad_and_says_what() {
        let found = parts_of_engine(&["filter zscale".to_owned(), "resampler soxr".to_owned()]);
        assert_eq!(found.health, Health::Bad);
        assert!(found.found.ends_with("filter zscale, resampler soxr"), "{}", found.found);
        assert!(found.mend.contains("--enable-libzimg") && found.mend_zh.contains("--enable-libzimg"));
        assert_eq!(parts_of_engine(&[]).health, Health::Good);
    }

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
