//! A session with a partner's SFTP server: SFTP 3 with OpenSSH's `fsync` and `posix-rename`.
//!
//! Every request has a deadline, nothing is held in memory as a whole, and a server that answers nonsense ends the
//! session.
use std::time::Duration;

use russh::Disconnect;
use russh::client::Handle;
use russh_sftp::client::RawSftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{FileAttributes, OpenFlags, Packet, StatusCode};
use tokio::time::timeout;

use super::access::Access;
use super::connect::{ConnectError, Connected, Pin, connect};

/// Most entries read from a directory: a package has a dozen.
const MOST_ENTRIES: usize = 1000;

/// An error of one request.
pub(crate) type Error = SftpError;

/// A session.
pub(crate) struct Remote {
    ssh: Handle<Pin>,
    pub(super) sftp: RawSftpSession,
    fsync: bool,
    posix_rename: bool,
}

impl Remote {
    /// Connects, checks the host key, logs in, and starts SFTP.
    pub(crate) async fn connect(access: &Access) -> Result<Self, ConnectError> {
        let Connected { ssh, sftp } = connect(access).await?;
        let version = sftp.init().await.map_err(|err| ConnectError::Unreachable(format!("start sftp: {err}")))?;
        let has = |name: &str| version.extensions.contains_key(name);
        let (fsync, posix_rename) = (has("fsync@openssh.com"), has("posix-rename@openssh.com"));
        Ok(Self { ssh, sftp, fsync, posix_rename })
    }

    /// Closes the session. A session that is merely dropped ends too, when the server notices.
    pub(crate) async fn close(self) {
        let _ = self.sftp.close_session();
        let bye = self.ssh.disconnect(Disconnect::ByApplication, "done", "en");
        let _ = timeout(Duration::from_secs(2), bye).await;
    }

    /// The attributes at a path, without following a link; `None` if nothing is there.
    pub(crate) async fn look(&self, path: &str) -> Result<Option<FileAttributes>, Error> {
        found(self.sftp.lstat(path).await.map(|answer| answer.attrs))
    }

    /// The size of the regular file at a path, bytes; `None` if there is no such file.
    pub(crate) async fn size(&self, path: &str) -> Result<Option<u64>, Error> {
        let there = self.look(path).await?;
        Ok(there.filter(is_file).and_then(|there| there.size))
    }

    /// Creates a directory and its parents, below `base`, which exists.
    pub(crate) async fn make_dirs(&self, base: &str, below: &str) -> Result<(), Error> {
        let mut path = base.to_owned();
        for name in below.split('/').filter(|name| !name.is_empty()) {
            path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
            if self.look(&path).await?.as_ref().is_some_and(is_dir) {
                continue;
            }
            self.sftp.mkdir(&*path, FileAttributes::empty()).await?;
        }
        Ok(())
    }

    /// The entries of a directory, bounded; none if it does not exist.
    pub(crate) async fn list(&self, path: &str) -> Result<Vec<(String, FileAttributes)>, Error> {
        let Some(handle) = found(self.sftp.opendir(path).await)? else { return Ok(Vec::new()) };
        let mut entries = Vec::new();
        let read = loop {
            match self.sftp.readdir(&*handle.handle).await {
                Ok(names) => entries.extend(names.files.into_iter().map(|file| (file.filename, file.attrs))),
                Err(Error::Status(status)) if status.status_code == StatusCode::Eof => break Ok(()),
                Err(error) => break Err(error),
            }
            if entries.len() > MOST_ENTRIES {
                break Err(Error::Limited(format!("{path} has more than {MOST_ENTRIES} entries")));
            }
        };
        let _ = self.sftp.close(handle.handle).await;
        read?;
        entries.retain(|(name, _)| name != "." && name != ".." && !name.contains('/'));
        Ok(entries)
    }

    /// The bytes of a small regular file, at most `most` of them and one more; `None` if it does not exist.
    pub(crate) async fn read_small(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, Error> {
        let Some(handle) = found(self.sftp.open(path, OpenFlags::READ, FileAttributes::empty()).await)? else {
            return Ok(None);
        };
        let mut content = Vec::new();
        let read = loop {
            let wanted = (most + 1 - content.len()).min(32 * 1024) as u32;
            match self.sftp.read(&*handle.handle, content.len() as u64, wanted).await {
                // More bytes than requested are no valid answer.
                Ok(data) if data.data.is_empty() || data.data.len() > wanted as usize => break Ok(()),
                Ok(data) => content.extend(data.data),
                Err(Error::Status(status)) if status.status_code == StatusCode::Eof => break Ok(()),
                Err(error) => break Err(error),
            }
            if content.len() > most {
                break Ok(());
            }
        };
        let _ = self.sftp.close(handle.handle).await;
        read.map(|()| Some(content))
    }

    /// Writes a small file: under a temporary name, synced, then renamed. It is either complete or absent.
    pub(crate) async fn put_small(&self, path: &str, content: &[u8]) -> Result<(), Error> {
        let temporary = format!("{path}.part");
        let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE;
        let handle = self.sftp.open(&*temporary, flags, FileAttributes::empty()).await?.handle;
        for (index, piece) in content.chunks(32 * 1024).enumerate() {
            self.sftp.write(&*handle, index as u64 * 32 * 1024, piece.to_vec()).await?;
        }
        self.sync(&handle).await?;
        self.sftp.close(handle).await?;
        self.rename(&temporary, path).await
    }

    /// Makes what was written through a handle durable, if the server supports it.
    pub(crate) async fn sync(&self, handle: &str) -> Result<(), Error> {
        if self.fsync {
            self.sftp.fsync(handle).await?;
        }
        Ok(())
    }

    /// Renames, replacing an existing file.
    pub(crate) async fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        if self.posix_rename {
            let mut paths = Vec::new();
            for path in [from, to] {
                paths.extend((path.len() as u32).to_be_bytes());
                paths.extend(path.as_bytes());
            }
            return match self.sftp.extended("posix-rename@openssh.com", paths).await? {
                Packet::Status(status) if status.status_code == StatusCode::Ok => Ok(()),
                Packet::Status(status) => Err(status.into()),
                _ => Err(Error::UnexpectedPacket),
            };
        }
        // Plain SFTP does not replace a file.
        self.remove(to).await?;
        self.sftp.rename(from, to).await.map(drop)
    }

    /// Removes a file; a missing one counts as removed.
    pub(crate) async fn remove(&self, path: &str) -> Result<(), Error> {
        found(self.sftp.remove(path).await).map(drop)
    }

    /// Removes a directory if it is empty.
    pub(crate) async fn remove_dir_if_empty(&self, path: &str) {
        // A directory that is not empty stays; whether it is gone is checked elsewhere.
        let _ = self.sftp.rmdir(path).await;
    }
}

/// Whether it is a regular file, and not a link to one. The library's own function takes a link for a file, because it
/// compares bits.
pub(super) fn is_file(there: &FileAttributes) -> bool {
    // A server without modes has no links to report.
    kind(there).is_none_or(|kind| kind == 0o10)
}

/// Whether it is a directory itself.
pub(super) fn is_dir(there: &FileAttributes) -> bool {
    kind(there) == Some(0o4)
}

/// The file type of POSIX modes, if the server reports modes.
fn kind(there: &FileAttributes) -> Option<u32> {
    there.permissions.map(|mode| mode >> 12 & 0o17)
}

/// `None` if the server says that there is no such file.
fn found<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(Error::Status(status)) if status.status_code == StatusCode::NoSuchFile => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_neither_a_file_nor_a_directory() {
        let with = |mode: u32| FileAttributes { permissions: Some(mode), ..FileAttributes::empty() };
        assert!(is_file(&with(0o100_644)) && is_dir(&with(0o040_755)));
        for mode in [0o120_777, 0o140_777, 0o060_600, 0o020_600, 0o010_600] {
            assert!(!is_file(&with(mode)) && !is_dir(&with(mode)), "{mode:o}");
        }
        assert!(is_file(&FileAttributes::empty()) && !is_dir(&FileAttributes::empty()));
    }
}
