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

/// The process's directory. Removed when dropped.
pub struct Scratch {
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
        Ok(Self { path, fetched: Mutex::default(), fetching: Mutex::default(), _lock: lock })
    }

    /// Waits until no other task of this process fetches the file `key`, and excludes others until the result is
    /// dropped: parts of one work that start together then fetch it once.
    pub async fn alone(&self, key: &str) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = {
            let mut fetching = self.fetching.lock().unwrap_or_else(PoisonError::into_inner);
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
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
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
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        fetched.retain(|_, paths| {
            paths.retain(|path| path.exists());
            !paths.is_empty()
        });
        fetched.entry(key.to_owned()).or_default().push(path.to_owned());
    }

    /// Creates an empty directory for one part. `name` is made of ids.
    pub fn dir(&self, name: &str) -> anyhow::Result<ScratchDir> {
        ScratchDir::create(self.path.join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_a_running_part_has_is_linked_and_goes_with_the_last_of_them() {
        let root = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(root.path()).unwrap();
        let (one, other, late) = (scratch.dir("1").unwrap(), scratch.dir("2").unwrap(), scratch.dir("3").unwrap());
        let source = |dir: &ScratchDir| dir.input().join("source");
        assert!(!scratch.link("film", &source(&other)));
        fs::write(source(&one), "film").unwrap();
        scratch.fetched("film", &source(&one));
        assert!(!scratch.link("another film", &source(&other)));
        assert!(scratch.link("film", &source(&other)));
        drop(one);
        assert!(scratch.link("film", &source(&late)), "the second has it still");
        assert_eq!(fs::read_to_string(source(&late)).unwrap(), "film");
        drop((other, late));
        let next = scratch.dir("4").unwrap();
        assert!(!scratch.link("film", &source(&next)));
        assert!(scratch.fetched.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn one_file_is_fetched_by_one_part_at_a_time_and_another_file_beside_it() {
        use futures::FutureExt;
        let root = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(root.path()).unwrap();
        let first = scratch.alone("film").await;
        assert!(scratch.alone("another film").now_or_never().is_some());
        let mut second = Box::pin(scratch.alone("film"));
        assert!((&mut second).now_or_never().is_none(), "the first has not ended");
        drop(first);
        assert!(second.now_or_never().is_some());
        assert!(scratch.fetching.lock().unwrap().len() <= 1, "locks of files that are no longer fetched are dropped");
    }

    #[test]
    fn nobody_else_may_look_into_scratch() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let root = root.path().join("made/by/us");
        let scratch = Scratch::new(&root).unwrap();
        let part = scratch.dir("part").unwrap();
        let beside = part.beside("stills").unwrap();
        assert!(part.beside("stills").is_err(), "it is new");
        for dir in [&root, &scratch.path, part.path(), part.input(), part.output(), &beside] {
            assert_eq!(fs::metadata(dir).unwrap().permissions().mode() & 0o777, 0o700, "{}", dir.display());
        }
    }

    #[test]
    fn what_a_dead_process_left_is_removed_and_what_a_living_one_has_is_not() {
        let root = tempfile::tempdir().unwrap();
        let dead = root.path().join(uuid::Uuid::now_v7().to_string());
        fs::create_dir_all(dead.join("part")).unwrap();
        let foreign = root.path().join("holiday-photos");
        fs::create_dir(&foreign).unwrap();
        let living = Scratch::new(root.path()).unwrap();
        let part = living.dir("part").unwrap();
        fs::create_dir_all(&dead).unwrap();
        fs::write(dead.join("file"), "12345").unwrap();
        let hour = Duration::from_secs(3600);
        let now = fs::metadata(&dead).unwrap().modified().unwrap();
        assert!(abandoned(root.path(), hour, now).is_empty(), "nothing is old yet");
        let [old] = &abandoned(root.path(), hour, now + hour * 2)[..] else { panic!("one is old") };
        assert_eq!((&old.path, old.bytes), (&dead, 5));
        assert!(!remove_if_abandoned(&living.path), "a living process' files are not touched, whatever their age");
        let _other = Scratch::new(root.path()).unwrap();
        assert!(!dead.exists());
        assert!(foreign.exists());
        assert!(part.path().exists());
        let path = part.path().to_owned();
        drop(part);
        assert!(!path.exists());
    }
}
