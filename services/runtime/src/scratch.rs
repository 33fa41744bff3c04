//! Directories for the files of running parts: one for each process, locked, so that the next process removes what a
//! killed one left; and in it one for each part.
use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use anyhow::Context;
use rustix::fs::{FlockOperation, flock};

mod abandoned;
mod left;
mod part_dir;
mod private;

pub use abandoned::{Abandoned, abandoned, remove_if_abandoned};
pub use left::Left;
pub use part_dir::ScratchDir;

use abandoned::remove_abandoned;
use private::{private, remove};

/// The process's directory. Clones share it; it is removed when the last of them is dropped.
#[derive(Clone)]
pub struct Scratch {
    own: Arc<OwnDirectory>,
}

/// Removed when dropped.
struct OwnDirectory {
    path: PathBuf,
    /// Paths at which running parts have fetched and verified files, by the files' keys.
    fetched: Mutex<HashMap<String, Vec<PathBuf>>>,
    /// A lock for each file that is being fetched.
    fetching: Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
    // Kept but never read: the lock on it shows that this process is alive.
    _lock: File,
}

impl Scratch {
    /// Creates a directory for this process under `root`, and removes those of dead processes.
    pub fn new(root: &Path) -> anyhow::Result<Self> {
        private()
            .recursive(true)
            .create(root)
            .with_context(|| format!("make the scratch directory {}", root.display()))?;
        remove_abandoned(root);
        let path = root.join(uuid::Uuid::now_v7().to_string());
        private().create(&path).with_context(|| format!("make the scratch directory {}", path.display()))?;
        let lock = File::open(&path).with_context(|| format!("open {}", path.display()))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).with_context(|| format!("lock {}", path.display()))?;
        let own = OwnDirectory { path, fetched: Mutex::default(), fetching: Mutex::default(), _lock: lock };
        Ok(Self { own: Arc::new(own) })
    }

    /// Waits until no other task of this process fetches the file `key`, and excludes others until the result is
    /// dropped: parts of one work that start together then fetch it once.
    pub async fn alone(&self, key: &str) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = {
            let mut fetching = self.own.fetching.lock().unwrap_or_else(PoisonError::into_inner);
            fetching.retain(|_, lock| lock.strong_count() > 0);
            let lock: Arc<_> = fetching.get(key).and_then(Weak::upgrade).unwrap_or_default();
            fetching.insert(key.to_owned(), Arc::downgrade(&lock));
            lock
        };
        lock.lock_owned().await
    }

    /// Creates `to` as another hard link to the file `key` that another running part fetched; false if none has it any
    /// more. It takes no space, and is removed with the last part that has it.
    pub fn link(&self, key: &str, to: &Path) -> bool {
        let mut fetched = self.own.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(paths) = fetched.get_mut(key) else { return false };
        // Paths of parts that have ended no longer exist.
        let found = paths.iter().any(|path| fs::hard_link(path, to).is_ok());
        paths.retain(|path| path.exists());
        if found {
            paths.push(to.to_owned());
        } else if paths.is_empty() {
            fetched.remove(key);
        }
        found
    }

    /// Records that the file `key` is at `path`, complete and verified, and that it will not be written to.
    pub fn fetched(&self, key: &str, path: &Path) {
        let mut fetched = self.own.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        fetched.retain(|_, paths| {
            paths.retain(|path| path.exists());
            !paths.is_empty()
        });
        fetched.entry(key.to_owned()).or_default().push(path.to_owned());
    }

    /// Creates an empty directory for one part. `name` is made of ids.
    pub fn dir(&self, name: &str) -> anyhow::Result<ScratchDir> {
        ScratchDir::create(self.own.path.join(name))
    }
}

impl Drop for OwnDirectory {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

#[cfg(test)]
mod tests;
