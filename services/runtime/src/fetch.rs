//! Copies stored files to scratch and compares them with their records: a store may also lose or mix up bytes.
use std::path::Path;

use anyhow::Context;
use pipeline::object_key::ObjectKey;

use crate::objects::{ObjectError, Objects};
use crate::outcome::StoredFile;
use crate::scratch::Scratch;
use crate::store::submissions::SubmissionRow;

/// How many bytes are fetched of a file's two ends: as much of its start as libav reads to find the streams, and at the
/// end an index, which has about 20 bytes a frame.
const ENDS: (u64, u64) = (16 << 20, 8 << 20);

/// The store has other bytes than were stored.
#[derive(Debug, thiserror::Error)]
#[error("{} is not what was stored: {got} bytes with digest {digest}, expected {} with {}", stored.key, stored.bytes, stored.sha256)]
pub struct Altered {
    stored: StoredFile,
    got: u64,
    digest: String,
}

/// Whether fetching failed because the stored object is gone for good or has changed: another attempt would not
/// succeed.
pub fn is_lost(failure: &anyhow::Error) -> bool {
    let gone = |cause: &(dyn std::error::Error + 'static)| {
        cause.is::<Altered>() || matches!(cause.downcast_ref(), Some(ObjectError::NotFound))
    };
    failure.chain().any(gone)
}

/// Fetches stored files to scratch. Clones share everything.
#[derive(Clone)]
pub struct Fetcher {
    objects: Objects,
    scratch: Scratch,
}

impl Fetcher {
    /// Fetches from this object store. Parts of this process that need the same mezzanine share one copy.
    pub fn new(objects: Objects, scratch: Scratch) -> Self {
        Self { objects, scratch }
    }

    /// Fetches a file that a part stored.
    ///
    /// # Errors
    /// If it does not exist or has changed; [`is_lost`] distinguishes these two cases from an unreachable store.
    pub async fn fetch(&self, file: &StoredFile, path: &Path) -> anyhow::Result<()> {
        let StoredFile { key, bytes, sha256 } = file;
        let (got, digest) = self.objects.get_to_file(key, path).await.with_context(|| format!("fetch {key}"))?;
        let digest = hex::encode(digest);
        if got == *bytes && digest == *sha256 {
            Ok(())
        } else {
            Err(Altered { stored: file.clone(), got, digest }.into())
        }
    }

    /// Copies a submission's mezzanine to `path`, which must not be written to: another running part may use the same
    /// file. Returns its size in bytes and its SHA-256 in lower-case hex, both as recorded when the upload was
    /// verified.
    ///
    /// # Errors
    /// If there is none yet, or the stored bytes are not those that were received.
    pub async fn fetch_mezzanine(&self, submission: &SubmissionRow, path: &Path) -> anyhow::Result<(u64, String)> {
        let upload = submission.mezzanine_upload.context("the submission has no mezzanine yet")?;
        let bytes = submission.mezzanine_bytes.context("the mezzanine's size was never verified")?;
        let sha256 = submission.mezzanine_sha256.as_ref().context("the mezzanine's digest was never verified")?;
        let file = StoredFile { key: ObjectKey::Upload(upload).to_string(), bytes, sha256: hex::encode(sha256) };
        let _alone = self.scratch.alone(&file.key).await;
        if !self.scratch.link(&file.key, path) {
            self.fetch(&file, path).await?;
            self.scratch.fetched(&file.key, path);
        }
        Ok((file.bytes, file.sha256))
    }

    /// Copies the two ends of a submission's mezzanine to `path`, with a hole between them. They contain the headers of
    /// nearly every file and arrive much sooner than the whole file, but they are not compared with what was received.
    ///
    /// # Errors
    /// If there is none yet, or it cannot be read.
    pub async fn fetch_ends(&self, submission: &SubmissionRow, path: &Path) -> anyhow::Result<()> {
        let upload = submission.mezzanine_upload.context("the submission has no mezzanine yet")?;
        let bytes = submission.mezzanine_bytes.context("the mezzanine's size was never verified")?;
        let key = ObjectKey::Upload(upload);
        self.objects.get_ends_to_file(&key, bytes, ENDS, path).await.with_context(|| format!("fetch the ends of {key}"))
    }
}
