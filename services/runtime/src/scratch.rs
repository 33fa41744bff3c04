//! Directories for the files of running parts: one for each process, locked, so that what a killed process left is removed by
//! the next one, and in it one for each part.
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Context;
use rustix::fs::{FlockOperation, flock};
use tracing::{info, warn};

/// The process' directory. Removed when dropped.
pub struct Scratch {
    path: PathBuf,
    // Held, never read: the lock on it says that this process lives.
    _lock: File,
}

/// One part's directory. Removed with everything in it when dropped.
#[derive(Debug)]
pub struct ScratchDir {
    path: PathBuf,
    input: PathBuf,
    output: PathBuf,
}

impl Scratch {
    /// Makes a directory for this process under `root`, and removes those of processes that are gone.
    pub fn new(root: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(root).with_context(|| format!("make the scratch directory {}", root.display()))?;
        remove_abandoned(root);
        let path = root.join(uuid::Uuid::now_v7().to_string());
        fs::create_dir(&path).with_context(|| format!("make the scratch directory {}", path.display()))?;
        let lock = File::open(&path).with_context(|| format!("open {}", path.display()))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).with_context(|| format!("lock {}", path.display()))?;
        Ok(Self { path, _lock: lock })
    }

    /// Makes an empty directory for one part. `name` is made of ids.
    pub fn dir(&self, name: &str) -> anyhow::Result<ScratchDir> {
        let path = self.path.join(name);
        // Removed when dropped, so a half-made one goes too.
        let dir = ScratchDir { input: path.join("in"), output: path.join("out"), path };
        for part in [&dir.path, &dir.input, &dir.output] {
            fs::create_dir(part).with_context(|| format!("make {}", part.display()))?;
        }
        Ok(dir)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

impl ScratchDir {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory that a child may read.
    pub fn input(&self) -> &Path {
        &self.input
    }

    /// The directory that a child may write.
    pub fn output(&self) -> &Path {
        &self.output
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

fn remove_abandoned(root: &Path) {
    let Ok(entries) = fs::read_dir(root) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        // Only what has the name of a process' directory: the root may be shared with others.
        let ours =
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.parse::<uuid::Uuid>().is_ok());
        let Ok(dir) = File::open(&path) else { continue };
        if ours && path.is_dir() && flock(&dir, FlockOperation::NonBlockingLockExclusive).is_ok() {
            info!("removes {}, which a killed process left behind", path.display());
            remove(&path);
        }
    }
}

fn remove(path: &Path) {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            warn!("could not remove {}: {error}", path.display())
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_process_left_is_removed_and_what_a_living_one_has_is_not() {
        let root = tempfile::tempdir().unwrap();
        let dead = root.path().join(uuid::Uuid::now_v7().to_string());
        fs::create_dir_all(dead.join("part")).unwrap();
        let foreign = root.path().join("holiday-photos");
        fs::create_dir(&foreign).unwrap();
        let living = Scratch::new(root.path()).unwrap();
        let part = living.dir("part").unwrap();
        let _other = Scratch::new(root.path()).unwrap();
        assert!(!dead.exists());
        assert!(foreign.exists());
        assert!(part.path().exists());
        let path = part.path().to_owned();
        drop(part);
        assert!(!path.exists());
    }
}
