//! Files from the object store; size and SHA-256 are computed during the transfer.
use std::fmt::Display;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use super::client::Objects;
use super::error::ObjectError;
use super::off_thread::{BATCH_BYTES, off_thread};

impl Objects {
    /// Fetches an object into a new file; returns its size in bytes and its SHA-256.
    pub async fn get_to_file(&self, key: &impl Display, path: &Path) -> Result<(u64, [u8; 32]), ObjectError> {
        let mut reader = self.read(key).await?;
        let sink = Sink { file: new_file(path)?, hash: Sha256::new() };
        let mut batch = Vec::with_capacity(BATCH_BYTES);
        let mut writing = spawn_blocking(|| Ok((sink, Vec::with_capacity(BATCH_BYTES))));
        loop {
            let bytes = match reader.next().await {
                Ok(bytes) => bytes,
                Err(err) => {
                    // A new attempt creates the file again, and this task must not write to it then.
                    let _ = writing.await;
                    return Err(err);
                }
            };
            let over = bytes.is_none();
            batch.extend_from_slice(&bytes.unwrap_or_default());
            if batch.len() >= BATCH_BYTES || over {
                // While more is read, the received bytes are written.
                let (sink, free) = writing.await.map_err(std::io::Error::other)??;
                let full = std::mem::replace(&mut batch, free);
                writing = spawn_blocking(move || sink.take(full));
            }
            if over {
                break;
            }
        }
        let (sink, _) = writing.await.map_err(std::io::Error::other)??;
        Ok((reader.bytes(), sink.hash.finalize().into()))
    }

    /// Fetches only the first and the last bytes of an object of `size` bytes into a new file of that size, with a hole
    /// in the middle. Nothing is compared: the caller must accept that the bytes may be wrong.
    pub async fn get_ends_to_file(
        &self,
        key: &impl Display,
        size: u64,
        (first, last): (u64, u64),
        path: &Path,
    ) -> Result<(), ObjectError> {
        let file = Arc::new(File::create_new(path)?);
        file.set_len(size)?;
        let stretches = if size <= first + last { vec![(0, size)] } else { vec![(0, first), (size - last, size)] };
        for (mut at, to) in stretches {
            let mut reader = self.read_range(key, at, to).await?;
            while let Some(bytes) = reader.next().await? {
                let (file, from) = (Arc::clone(&file), at);
                at += bytes.len() as u64;
                off_thread(move || file.write_all_at(&bytes, from)).await?;
            }
        }
        Ok(())
    }
}

struct Sink {
    file: File,
    hash: Sha256,
}

impl Sink {
    /// Writes the batch and returns it empty.
    fn take(mut self, mut batch: Vec<u8>) -> std::io::Result<(Self, Vec<u8>)> {
        self.hash.update(&batch);
        self.file.write_all(&batch)?;
        batch.clear();
        Ok((self, batch))
    }
}

/// A new file at `path`, whatever exists there: a link is replaced and not followed.
fn new_file(path: &Path) -> std::io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => File::create_new(path),
    }
}
