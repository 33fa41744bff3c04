//! Files to the object store; size and SHA-256 are computed during the transfer.
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use aws_sdk_s3::types::ChecksumAlgorithm;
use base64::Engine;
use futures::{StreamExt, TryStreamExt, stream};
use pipeline::object_key::ObjectKey;
use sha2::{Digest, Sha256};

use super::body::Body;
use super::client::{LARGE, Objects, within};
use super::error::ObjectError;
use super::off_thread::{BATCH_BYTES, off_thread};
use super::stored_file::StoredFile;
use crate::scratch::Left;

/// Larger files are sent in parts.
const WHOLE_BYTES: u64 = 64 * 1024 * 1024;
/// The size of parts, unless 10,000 of them would not be enough.
const PART_BYTES: u64 = 16 * 1024 * 1024;
/// The most parts that S3 allows.
const MOST_PARTS: u64 = 10_000;
/// Parts that are sent in parallel.
const PARTS_AT_ONCE: usize = 3;

impl Objects {
    /// Stores a complete file. It must not change meanwhile.
    pub async fn put_file(&self, key: &ObjectKey, path: &Path) -> Result<StoredFile, ObjectError> {
        let path = path.to_owned();
        let opened = off_thread(move || {
            let file = File::open(&path)?;
            let bytes = file.metadata()?.len();
            Ok((file, bytes))
        });
        let (file, bytes) = opened.await?;
        self.put_open(key, Arc::new(file), bytes).await
    }

    /// Stores a file that a child left. Its name is not used again, and a change of its size is a failure.
    pub async fn put_left(&self, key: &ObjectKey, left: &Left) -> Result<StoredFile, ObjectError> {
        self.put_open(key, left.file().clone(), left.bytes()).await
    }

    /// Stores the `bytes` bytes of an open file.
    async fn put_open(&self, key: &ObjectKey, file: Arc<File>, bytes: u64) -> Result<StoredFile, ObjectError> {
        let read = file.clone();
        let digest = off_thread(move || hash_file(&read, bytes)).await?;
        if bytes <= WHOLE_BYTES {
            self.put_whole(key, &file, bytes, &digest).await?;
        } else {
            self.put_parts(key, &file, bytes).await?;
        }
        let now = off_thread(move || Ok(file.metadata()?.len())).await?;
        if now != bytes {
            // A failure is ignored: no record names this object.
            let _ = self.delete(key).await;
            return Err(ObjectError::File(std::io::Error::other(format!(
                "it grew from {bytes} to {now} bytes meanwhile"
            ))));
        }
        Ok(StoredFile { key: key.to_string(), bytes, sha256: hex::encode(digest) })
    }

    async fn put_whole(&self, key: &ObjectKey, file: &Arc<File>, bytes: u64, digest: &[u8]) -> Result<(), ObjectError> {
        let body = Body::Open { file: file.clone(), offset: 0, length: bytes }.into_stream().await?;
        let put = self.client.put_object().bucket(&*self.bucket).key(key.to_string()).body(body);
        // The digest is known, so the server can compare what arrived.
        let put = put
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .checksum_sha256(base64::engine::general_purpose::STANDARD.encode(digest));
        let put = put.customize().config_override(within(LARGE)).send();
        self.traced("PutObject", &key.to_string(), put).await?;
        Ok(())
    }

    async fn put_parts(&self, key: &ObjectKey, file: &Arc<File>, bytes: u64) -> Result<(), ObjectError> {
        let part_bytes = PART_BYTES.max(bytes.div_ceil(MOST_PARTS));
        let to = self.create_multipart(key).await?;
        let count = u32::try_from(bytes.div_ceil(part_bytes)).unwrap_or(u32::MAX);
        let sent = stream::iter(0..count)
            .map(|index| {
                let offset = u64::from(index) * part_bytes;
                let length = part_bytes.min(bytes - offset);
                self.put_part(&to, index + 1, Body::Open { file: file.clone(), offset, length })
            })
            .buffered(PARTS_AT_ONCE)
            .try_collect::<Vec<_>>()
            .await;
        let done = match sent {
            Ok(parts) => self.complete_multipart(&to, &parts).await,
            Err(err) => Err(err),
        };
        if let Err(err) = done {
            // A failure is ignored: the first error is the one to report.
            let _ = self.abort_multipart(&to).await;
            return Err(err);
        }
        match self.head(key).await? {
            there if there == bytes => Ok(()),
            there => Err(ObjectError::Unavailable(format!("{there} of {bytes} bytes arrived"))),
        }
    }
}

/// The SHA-256 of the first `bytes` bytes of a file, which has at least as many.
fn hash_file(file: &File, bytes: u64) -> std::io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut batch = vec![0; BATCH_BYTES];
    let mut at = 0;
    while at < bytes {
        let most = usize::try_from(bytes - at).unwrap_or(BATCH_BYTES).min(BATCH_BYTES);
        let read = file.read_at(&mut batch[..most], at)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        hash.update(&batch[..read]);
        at += read as u64;
    }
    Ok(hash.finalize().into())
}
