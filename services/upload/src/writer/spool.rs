//! The part that is being received, on the local disk: memory does not grow with the number of parts, nor with slow
//! senders.
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use runtime::objects::Body;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Bytes written at once: frames are a few KiB, and each write costs a switch to another thread.
const BATCH_BYTES: usize = 256 * 1024;

/// Bytes of the current part. Its file is removed when this is dropped.
pub(crate) struct Spool {
    file: SpoolFile,
    sink: Option<Sink>,
    batch: Vec<u8>,
    bytes: u64,
}

struct Sink {
    file: File,
    hash: Sha256,
}

/// Complete bytes that wait to be sent.
pub(crate) struct Spooled {
    file: SpoolFile,
    /// Their number.
    pub(crate) bytes: u64,
    /// Their SHA-256.
    pub(crate) sha256: Vec<u8>,
}

struct SpoolFile(PathBuf);

impl Drop for SpoolFile {
    fn drop(&mut self) {
        // Unlinking is fast, and what a crash leaves is removed with the process's scratch directory by the next one.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Spool {
    /// An empty one. Its file is created when the first bytes are written.
    pub(crate) fn new(dir: &Path) -> Self {
        let file = SpoolFile(dir.join(format!("{}.part", Uuid::new_v4())));
        Self { file, sink: None, batch: Vec::new(), bytes: 0 }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes bytes.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.batch.extend_from_slice(bytes);
        self.bytes += bytes.len() as u64;
        if self.batch.len() >= BATCH_BYTES { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> std::io::Result<()> {
        let batch = std::mem::take(&mut self.batch);
        let sink = self.sink.take();
        let path = self.file.0.clone();
        let (sink, batch) = tokio::task::spawn_blocking(move || {
            let mut sink = match sink {
                Some(sink) => sink,
                None => Sink { file: File::create_new(path)?, hash: Sha256::new() },
            };
            sink.hash.update(&batch);
            sink.file.write_all(&batch)?;
            std::io::Result::Ok((sink, batch))
        })
        .await
        .map_err(std::io::Error::other)??;
        self.sink = Some(sink);
        self.batch = batch;
        self.batch.clear();
        Ok(())
    }

    /// Ends writing.
    pub(crate) async fn finish(mut self) -> std::io::Result<Spooled> {
        self.flush().await?;
        let sha256 = self.sink.take().map(|sink| sink.hash).unwrap_or_default().finalize().to_vec();
        Ok(Spooled { file: self.file, bytes: self.bytes, sha256 })
    }
}

impl Spooled {
    /// The body to send; this value must live until it is sent.
    pub(crate) fn body(&self) -> Body {
        Body::File { path: self.file.0.clone(), offset: 0, length: self.bytes }
    }
}
