//! What dead processes left on this machine.
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{FlockOperation, flock};
use tracing::info;

use super::private::remove;

/// The directory of a dead process.
#[derive(Clone, Debug)]
pub struct Abandoned {
    /// Its directory.
    pub path: PathBuf,
    /// Bytes in it.
    pub bytes: u64,
}

/// Directories under `root` whose processes are dead and that were last modified more than `older_than` before `now`.
pub fn abandoned(root: &Path, older_than: Duration, now: SystemTime) -> Vec<Abandoned> {
    let of_processes = directories_of_processes(root).into_iter();
    let old = of_processes.filter(|path| {
        let touched = fs::metadata(path).and_then(|it| it.modified());
        touched.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age >= older_than))
    });
    // The lock is released again immediately: this is only a check.
    let dead = old.filter(|path| lock_if_free(path).is_some());
    dead.map(|path| Abandoned { bytes: bytes_below(&path), path }).collect()
}

/// Removes a process's directory if that process is dead; returns whether it did.
pub fn remove_if_abandoned(path: &Path) -> bool {
    let Some(_lock) = lock_if_free(path) else { return false };
    info!("removes {}, which a killed process left behind", path.display());
    remove(path);
    !path.exists()
}

/// Removes the directories of dead processes.
pub(super) fn remove_abandoned(root: &Path) {
    for path in directories_of_processes(root) {
        remove_if_abandoned(&path);
    }
}

/// Only entries with the name of a process's directory: the root may be shared with others.
fn directories_of_processes(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(root) else { return Vec::new() };
    let ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.parse::<uuid::Uuid>().is_ok()) && path.is_dir()
    };
    entries.flatten().map(|entry| entry.path()).filter(ours).collect()
}

/// The directory's lock, if no process holds it.
fn lock_if_free(path: &Path) -> Option<File> {
    let dir = File::open(path).ok()?;
    flock(&dir, FlockOperation::NonBlockingLockExclusive).ok()?;
    Some(dir)
}

fn bytes_below(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else { return 0 };
    let bytes = entries.flatten().map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => bytes_below(&entry.path()),
        Ok(kind) if kind.is_file() => entry.metadata().map_or(0, |it| it.len()),
        _ => 0,
    });
    bytes.sum()
}
