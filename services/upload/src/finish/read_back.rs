//! What the object store has is compared with what was received.
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use pipeline::object_key::ObjectKey;
use runtime::store::entry::uploads::{PartRow, UploadRow};
use sha2::{Digest, Sha256};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::app::App;

/// Bytes digested at once, off the async threads. Twice as much is in memory.
const BATCH_BYTES: usize = 512 * 1024;

/// Reads the object back and compares size and every part's digest with what was received; returns the SHA-256 of the
/// whole, or `None` if they differ.
pub(super) async fn read_back(app: &App, upload: &UploadRow, parts: &[PartRow]) -> anyhow::Result<Option<Vec<u8>>> {
    let mut object = app.objects.read(&ObjectKey::Upload(upload.id)).await.context("read the object back")?;
    let expected: u64 = parts.iter().map(|part| part.bytes).sum();
    if object.bytes() != upload.offset || expected != upload.offset {
        return Ok(None);
    }
    let mut digests = Digests::of(parts.iter().map(|part| part.bytes).collect());
    let (mut batch, mut batched) = (Vec::new(), 0);
    while let Some(bytes) = object.next().await? {
        batched += bytes.len();
        batch.push(bytes);
        if batched >= BATCH_BYTES {
            digests.update(std::mem::take(&mut batch)).await?;
            batched = 0;
        }
    }
    digests.update(batch).await?;
    let Digested { whole, parts: digested } = digests.end().await?;
    let same = digested.len() == parts.len() && digested.iter().zip(parts).all(|(digest, part)| *digest == part.sha256);
    Ok(same.then_some(whole))
}

/// The digests of the whole and of each part, computed by two threads while the next bytes are read: digesting takes
/// longer than reading.
struct Digests {
    /// Bytes of each part.
    sizes: Arc<[u64]>,
    whole: JoinHandle<Sha256>,
    parts: JoinHandle<Parts>,
}

/// All of them.
struct Digested {
    whole: Vec<u8>,
    parts: Vec<Vec<u8>>,
}

impl Digests {
    fn of(sizes: Arc<[u64]>) -> Self {
        Self { sizes, whole: spawn_blocking(Sha256::new), parts: spawn_blocking(Parts::default) }
    }

    /// Begins to digest these bytes as soon as the ones before them are digested.
    async fn update(&mut self, batch: Vec<Bytes>) -> anyhow::Result<()> {
        let batch: Arc<[Bytes]> = batch.into();
        let (mut whole, mut parts) = ((&mut self.whole).await?, (&mut self.parts).await?);
        self.whole = spawn_blocking({
            let batch = batch.clone();
            move || {
                batch.iter().for_each(|bytes| whole.update(bytes));
                whole
            }
        });
        let sizes = self.sizes.clone();
        self.parts = spawn_blocking(move || {
            batch.iter().for_each(|bytes| parts.update(bytes, &sizes));
            parts
        });
        Ok(())
    }

    async fn end(self) -> anyhow::Result<Digested> {
        let (whole, mut parts) = (self.whole.await?, self.parts.await?);
        parts.close_empty(&self.sizes);
        Ok(Digested { whole: whole.finalize().to_vec(), parts: parts.done })
    }
}

/// The digest of each part, of bytes that arrive in any pieces.
#[derive(Default)]
struct Parts {
    part: Sha256,
    part_bytes: u64,
    done: Vec<Vec<u8>>,
}

impl Parts {
    fn update(&mut self, mut bytes: &[u8], sizes: &[u64]) {
        while !bytes.is_empty() {
            let Some(size) = sizes.get(self.done.len()) else { return };
            let room = usize::try_from(size - self.part_bytes).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.part.update(now);
            self.part_bytes += now.len() as u64;
            if self.part_bytes == *size {
                self.done.push(self.part.finalize_reset().to_vec());
                self.part_bytes = 0;
            }
            bytes = later;
        }
    }

    /// An empty upload has one part without bytes.
    fn close_empty(&mut self, sizes: &[u64]) {
        if sizes == [0] {
            self.done.push(self.part.finalize_reset().to_vec());
        }
    }
}
