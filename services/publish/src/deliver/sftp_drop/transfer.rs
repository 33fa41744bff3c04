//! Sends one file to the partner: under a temporary name, resumed where it broke, synced, measured, and renamed.
//!
//! Existing bytes are read back and compared with ours, so that a resumed file has the right content and not only the
//! right length.
use std::path::Path;

use anyhow::{Context, Result, ensure};
use futures::StreamExt;
use futures::stream::{FuturesOrdered, FuturesUnordered};
use runtime::lease::Progress;
use russh_sftp::protocol::{FileAttributes, OpenFlags, StatusCode};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};

use super::remote::{Error, Remote, is_file};

/// Bytes per request: supported by every server.
const PIECE: u64 = 32 * 1024;
/// Requests in flight at once: with these pieces two megabytes, which fill a line of 400 Mbit/s at 40 ms.
const AT_ONCE: u64 = 64;
/// Bytes of our file that are read at once, and then sent or compared.
const BATCH: u64 = PIECE * AT_ONCE;

/// How a file was transferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transferred {
    /// Bytes that were there already and are ours.
    pub(crate) kept: u64,
    /// Bytes that were sent.
    pub(crate) sent: u64,
}

/// The part of the work that `progress` covers: its start and its size, both of 1.
pub(crate) struct Share<'a> {
    pub(crate) progress: &'a Progress,
    pub(crate) from: f64,
    pub(crate) of: f64,
}

impl Remote {
    /// Sends `local` (of `bytes`) to `path`. Existing bytes, of a finished file or not, are kept as far as they are
    /// ours.
    pub(crate) async fn transfer(&self, local: &Path, bytes: u64, path: &str, share: Share<'_>) -> Result<Transferred> {
        if self.size(path).await? == Some(bytes) && self.same(path, local, bytes).await? == bytes {
            return Ok(Transferred { kept: bytes, sent: 0 });
        }
        let temporary = format!("{path}.part");
        // A link in its place would lead elsewhere.
        if self.look(&temporary).await?.is_some_and(|there| !is_file(&there)) {
            self.remove(&temporary).await?;
        }
        let there = self.size(&temporary).await?.unwrap_or(0).min(bytes);
        let kept = if there == 0 { 0 } else { self.same(&temporary, local, there).await? };
        let flags = OpenFlags::WRITE | OpenFlags::CREATE;
        let handle = self.sftp.open(&*temporary, flags, FileAttributes::empty()).await?.handle;
        let written = self.write_from(&handle, local, kept, bytes, &share).await;
        let closed = self.sftp.close(&*handle).await;
        written.with_context(|| format!("write {temporary} from byte {kept}"))?;
        closed.with_context(|| format!("close {temporary}"))?;
        let there = self.size(&temporary).await?;
        ensure!(there == Some(bytes), "{temporary} has {there:?} bytes and not {bytes}");
        self.rename(&temporary, path).await.with_context(|| format!("rename {temporary}"))?;
        Ok(Transferred { kept, sent: bytes - kept })
    }

    async fn write_from(&self, handle: &str, local: &Path, from: u64, bytes: u64, share: &Share<'_>) -> Result<()> {
        // Everything after our bytes is removed first: an older, longer file, or bytes that differ.
        let size = FileAttributes { size: Some(from), ..FileAttributes::empty() };
        self.sftp.fsetstat(handle, size).await?;
        let mut file = File::open(local).await?;
        file.seek(SeekFrom::Start(from)).await?;
        let mut at = from;
        while at < bytes {
            let batch = read_exactly(&mut file, BATCH.min(bytes - at)).await?;
            let mut writes = FuturesUnordered::new();
            for (index, piece) in batch.chunks(PIECE as usize).enumerate() {
                writes.push(self.sftp.write(handle, at + index as u64 * PIECE, piece.to_vec()));
            }
            while let Some(written) = writes.next().await {
                written?;
            }
            at += batch.len() as u64;
            share.progress.set(share.from + share.of * at as f64 / bytes.max(1) as f64);
        }
        self.sync(handle).await?;
        Ok(())
    }

    /// How many of the first `bytes` of the file at `path` equal those of `local`.
    async fn same(&self, path: &str, local: &Path, bytes: u64) -> Result<u64> {
        let handle = self.sftp.open(path, OpenFlags::READ, FileAttributes::empty()).await?.handle;
        let same = self.same_bytes(&handle, local, bytes).await;
        let _ = self.sftp.close(handle).await;
        same.with_context(|| format!("read {path} back"))
    }

    async fn same_bytes(&self, handle: &str, local: &Path, bytes: u64) -> Result<u64> {
        let mut file = File::open(local).await?;
        let mut at = 0;
        while at < bytes {
            let ours = read_exactly(&mut file, BATCH.min(bytes - at)).await?;
            let mut reads = FuturesOrdered::new();
            for start in (0..ours.len() as u64).step_by(PIECE as usize) {
                reads.push_back(self.read_piece(handle, at + start, PIECE.min(ours.len() as u64 - start)));
            }
            let mut theirs = Vec::with_capacity(ours.len());
            while let Some(piece) = reads.next().await {
                theirs.extend(piece?);
            }
            let differ = ours.iter().zip(&theirs).position(|(ours, theirs)| ours != theirs);
            if let Some(differ) = differ.or((theirs.len() < ours.len()).then_some(theirs.len())) {
                return Ok(at + differ as u64);
            }
            at += ours.len() as u64;
        }
        Ok(bytes)
    }

    /// `length` bytes, or fewer at the file's end: a server may answer a read with less than requested.
    async fn read_piece(&self, handle: &str, from: u64, length: u64) -> Result<Vec<u8>, Error> {
        let mut piece = Vec::with_capacity(length as usize);
        while (piece.len() as u64) < length {
            let wanted = length - piece.len() as u64;
            match self.sftp.read(handle, from + piece.len() as u64, wanted as u32).await {
                Ok(data) if data.data.is_empty() => break,
                Ok(data) if data.data.len() as u64 > wanted => {
                    return Err(Error::UnexpectedBehavior("more bytes than were asked for".to_owned()));
                }
                Ok(data) => piece.extend(data.data),
                Err(Error::Status(status)) if status.status_code == StatusCode::Eof => break,
                Err(error) => return Err(error),
            }
        }
        Ok(piece)
    }
}

async fn read_exactly(file: &mut File, bytes: u64) -> Result<Vec<u8>> {
    let mut batch = vec![0; bytes as usize];
    file.read_exact(&mut batch).await.context("read our own file")?;
    Ok(batch)
}
