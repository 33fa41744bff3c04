//! Directories for the files of running parts: one for each process, locked, so that the next process removes what a
//! killed one left; and in it one for each part.
use std::collections::HashMap;
use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use rustix::fs::{FlockOperation, flock};
use tracing::{info, warn};

mod left;

pub use left::Left;

use crate::child::ChildError;

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

/// One part's directory. Removed with everything in it when dropped.
#[derive(Debug)]
pub struct ScratchDir {
    path: PathBuf,
    input: PathBuf,
    output: PathBuf,
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
        let path = self.own.path.join(name);
        // Removed when dropped, even if it is only half created.
        let dir = ScratchDir { input: path.join("in"), output: path.join("out"), path };
        for part in [&dir.path, &dir.input, &dir.output] {
            private().create(part).with_context(|| format!("make {}", part.display()))?;
        }
        Ok(dir)
    }
}

impl Drop for OwnDirectory {
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

    /// Creates another directory for a child to write to, separate from the output of the part's other children. `name`
    /// is ours.
    ///
    /// # Errors
    /// If it exists already or cannot be created.
    pub fn beside(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.path.join(name);
        private().create(&path).with_context(|| format!("make {}", path.display()))?;
        Ok(path)
    }

    /// Moves a file that a child left in the output directory to the input directory, under a name of ours, and
    /// replaces any file there. From then on, no child can change it.
    ///
    /// # Errors
    /// Those of [`Left::open`].
    pub fn take(&self, name: &str, most_bytes: u64, to: &str) -> Result<Left, ChildError> {
        // A rename moves a symbolic link unchanged; the moved file is checked in its new place, where nothing changes
        // it any more.
        Left::open(&self.output, name, most_bytes)?;
        let moved = fs::rename(self.output.join(name), self.input.join(to));
        moved.map_err(|error| ChildError::Failed(format!("take {name} out of the output directory: {error}")))?;
        Left::open(&self.input, to, most_bytes)
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Creates directories that only this user may open: they contain unpublished works.
fn private() -> DirBuilder {
    let mut private = DirBuilder::new();
    private.mode(0o700);
    private
}

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
    let dead = old.filter(|path| locked_by_nobody(path).is_some());
    dead.map(|path| Abandoned { bytes: bytes_below(&path), path }).collect()
}

/// Removes a process's directory if that process is dead; returns whether it did.
pub fn remove_if_abandoned(path: &Path) -> bool {
    let Some(_lock) = locked_by_nobody(path) else { return false };
    info!("removes {}, which a killed process left behind", path.display());
    remove(path);
    !path.exists()
}

fn remove_abandoned(root: &Path) {
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
fn locked_by_nobody(path: &Path) -> Option<File> {
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
        assert!(scratch.own.fetched.lock().unwrap().is_empty());
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
        assert!(
            scratch.own.fetching.lock().unwrap().len() <= 1,
            "locks of files that are no longer fetched are dropped"
        );
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
        for dir in [&root, &scratch.own.path, part.path(), part.input(), part.output(), &beside] {
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
        assert!(!remove_if_abandoned(&living.own.path), "a living process' files are not touched, whatever their age");
        let _other = Scratch::new(root.path()).unwrap();
        assert!(!dead.exists());
        assert!(foreign.exists());
        assert!(part.path().exists());
        let path = part.path().to_owned();
        drop(part);
        assert!(!path.exists());
    }
}
