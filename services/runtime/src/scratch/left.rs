//! A file that a child left in its output directory. The child is not trusted: under the agreed name it may have left a
//! symbolic link, a pipe or a directory, or a file of another size than it reports. So a child's file is opened only
//! here, and everything after that uses the open file and never the name again.
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2};
use rustix::io::Errno;

use crate::child::ChildError;

/// A regular file that a child left, open for reading.
#[derive(Clone, Debug)]
pub struct Left {
    file: Arc<File>,
    bytes: u64,
}

impl Left {
    /// Opens the file `name` of the directory `dir`. `name` comes from the request, never from the answer.
    ///
    /// # Errors
    /// [`ChildError::Lied`] if there is no regular file of this name within the directory, if it has a second name, or
    /// if it is empty or larger than `most_bytes`; [`ChildError::Failed`] if this machine cannot open it.
    pub fn open(dir: &Path, name: &str, most_bytes: u64) -> Result<Self, ChildError> {
        let lied = |what: &str| ChildError::Lied(format!("{name:?} in its output is {what}"));
        let failed = |error: Errno| ChildError::Failed(format!("open {name:?}, which a child left: {error}"));
        if name.is_empty() || matches!(name, "." | "..") || name.contains(['/', '\0']) {
            return Err(lied("no plain name"));
        }
        let directory = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::PATH | OFlags::CLOEXEC;
        let dir = openat(CWD, dir, directory, Mode::empty()).map_err(failed)?;
        let opened = match beneath(&dir, name) {
            Ok(opened) => opened,
            Err(Errno::NOENT) => return Err(lied("not there")),
            Err(Errno::LOOP | Errno::XDEV) => return Err(lied("a link")),
            // The error when a socket is opened.
            Err(Errno::NXIO) => return Err(lied("no regular file")),
            Err(error) => return Err(failed(error)),
        };
        let stat = fstat(&opened).map_err(failed)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(lied("no regular file"));
        }
        // A second name could be outside the directory, or be the source, which other running parts share.
        if stat.st_nlink != 1 {
            return Err(lied("a file with another name elsewhere"));
        }
        let bytes = u64::try_from(stat.st_size).unwrap_or(0);
        if bytes == 0 || bytes > most_bytes {
            return Err(lied(&format!("a file of {bytes} bytes, allowed are 1 to {most_bytes}")));
        }
        Ok(Self { file: Arc::new(File::from(opened)), bytes })
    }

    /// Like [`Left::open`], for a file that may be missing: `None`.
    ///
    /// # Errors
    /// If the name exists but is not such a file.
    pub fn open_if_there(dir: &Path, name: &str, most_bytes: u64) -> Result<Option<Self>, ChildError> {
        match dir.join(name).symlink_metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ChildError::Failed(format!("look for {name:?}: {error}"))),
            Ok(_) => Self::open(dir, name, most_bytes).map(Some),
        }
    }

    /// The same file, if it has the size that the child reports.
    ///
    /// # Errors
    /// [`ChildError::Lied`] if it has another size.
    pub fn of_size(self, bytes: u64) -> Result<Self, ChildError> {
        if self.bytes == bytes {
            return Ok(self);
        }
        Err(ChildError::Lied(format!("it says that a file has {bytes} bytes, which has {}", self.bytes)))
    }

    /// The same file, if it has these bytes at `offset`: its own magic number identifies it.
    ///
    /// # Errors
    /// [`ChildError::Lied`] if it has other bytes there.
    pub fn with_magic(self, offset: u64, magic: &[u8]) -> Result<Self, ChildError> {
        let mut found = vec![0; magic.len()];
        if self.file.read_exact_at(&mut found, offset).is_ok() && found == magic {
            return Ok(self);
        }
        Err(ChildError::Lied(format!("a file lacks its magic {}", magic.escape_ascii())))
    }

    /// All of its bytes. The file is small because of the limit with which it was opened.
    ///
    /// # Errors
    /// [`ChildError::Failed`] if this machine cannot read it.
    pub fn content(&self) -> Result<Vec<u8>, ChildError> {
        let mut content = vec![0; usize::try_from(self.bytes).unwrap_or(usize::MAX)];
        let read = self.file.read_exact_at(&mut content, 0);
        read.map_err(|error| ChildError::Failed(format!("read what a child left: {error}")))?;
        Ok(content)
    }

    /// Size in bytes when it was opened.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The open file.
    pub(crate) fn file(&self) -> &Arc<File> {
        &self.file
    }
}

/// Opens a plain name in a directory. With `NONBLOCK`, a pipe without a writer cannot block us; regular files ignore
/// it.
fn beneath(dir: &OwnedFd, name: &str) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let resolve =
        ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_XDEV;
    match openat2(dir.as_fd(), name, flags, Mode::empty(), resolve) {
        // Some container runtimes do not support the call. For a name without a slash, NOFOLLOW has the same effect.
        Err(Errno::NOSYS) => openat(dir.as_fd(), name, flags, Mode::empty()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
