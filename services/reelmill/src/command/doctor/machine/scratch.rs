//! Scratch space: its file system, whether it is writable, and how much is free.
use std::path::Path;

use crate::command::doctor::finding::{Finding, Mend};
use crate::command::doctor::servers;
use crate::output;

/// Space that one eight-minute entry at a high bitrate needs for its source, segments and renditions.
const SCRATCH_WANTED_BYTES: u64 = 10 << 30;

/// Whether scratch is on a file system for large files.
pub(crate) fn scratch_kind(dir: &Path) -> Finding {
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
    let below = servers::existing(dir);
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
pub(crate) fn scratch(dir: &Path) -> Finding {
    const NAME: &str = "scratch space";
    const MEND: Mend = Mend {
        zh: "把 SCRATCH_DIR 设为本机上至少有 10 GiB 空闲且可写的目录",
        en: "set SCRATCH_DIR to a local directory that can be written and has at least 10 GiB",
    };
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
