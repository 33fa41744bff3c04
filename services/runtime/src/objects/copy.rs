//! Objects that the server copies within the bucket. Each copy is read and compared before it is used.
use std::fmt::Display;

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use pipeline::object_key::ObjectKey;
use sha2::{Digest, Sha256};

use super::client::{LARGE, Objects, within};
use super::error::ObjectError;
use super::off_thread::{BATCH_BYTES, off_thread};
use super::stored_file::StoredFile;

/// The most that S3 copies in one call.
const WHOLE_BYTES: u64 = 5 * 1024 * 1024 * 1024;
/// Parts of a larger copy; the server transfers them, so they may be large.
const PART_BYTES: u64 = 1024 * 1024 * 1024;

impl Objects {
    /// Copies a stored file to another key and reads the copy back. The bytes pass through this process only for the
    /// comparison.
    ///
    /// # Errors
    /// `NotFound` if the object no longer exists; `Refused` if it differs from its record, in which case the copy is
    /// deleted.
    pub async fn copy_file(&self, from: &StoredFile, to: &ObjectKey) -> Result<StoredFile, ObjectError> {
        if from.bytes <= WHOLE_BYTES {
            self.copy_whole(&from.key, to).await?;
        } else {
            self.copy_parts(from, to, PART_BYTES).await?;
        }
        let (bytes, digest) = self.digest(to).await?;
        let (digest, key) = (hex::encode(digest), to.to_string());
        if bytes == from.bytes && digest == from.sha256 {
            return Ok(StoredFile { key, bytes, sha256: digest });
        }
        // On failure, the sweep of the prefix finds it too.
        let _ = self.delete(to).await;
        let was = &from.key;
        Err(ObjectError::Refused(format!(
            "the copy of {was} has {bytes} bytes with digest {digest}, not what was stored"
        )))
    }

    /// Reads an object to its end; returns its size in bytes and its SHA-256.
    pub async fn digest(&self, key: &impl Display) -> Result<(u64, [u8; 32]), ObjectError> {
        let mut reader = self.read(key).await?;
        let (mut hash, mut batch) = (Sha256::new(), Vec::with_capacity(BATCH_BYTES));
        let mut more = true;
        while more {
            match reader.next().await? {
                Some(bytes) => batch.extend_from_slice(&bytes),
                None => more = false,
            }
            if batch.len() >= BATCH_BYTES || !more {
                (hash, batch) = off_thread(move || {
                    hash.update(&batch);
                    batch.clear();
                    Ok((hash, batch))
                })
                .await?;
            }
        }
        Ok((reader.bytes(), hash.finalize().into()))
    }

    /// The source in S3's notation. Our keys contain no character that must be escaped.
    fn source(&self, key: &str) -> String {
        format!("{}/{key}", self.bucket)
    }

    async fn copy_whole(&self, from: &str, to: &ObjectKey) -> Result<(), ObjectError> {
        let copy = self.client.copy_object().bucket(&*self.bucket).key(to.to_string()).copy_source(self.source(from));
        let copy = copy.customize().config_override(within(LARGE)).send();
        self.traced("CopyObject", &to.to_string(), copy).await?;
        Ok(())
    }

    pub(super) async fn copy_parts(
        &self,
        from: &StoredFile,
        to: &ObjectKey,
        part_bytes: u64,
    ) -> Result<(), ObjectError> {
        let upload = self.create_multipart(to).await?;
        let copied = async {
            let mut parts = Vec::new();
            let mut at = 0;
            while at < from.bytes {
                let end = (at + part_bytes).min(from.bytes);
                let number = parts.len() as i32 + 1;
                let call = self.client.upload_part_copy().bucket(&*self.bucket).key(&upload.key).upload_id(&upload.id);
                let call = call.copy_source(self.source(&from.key)).part_number(number);
                let call = call.copy_source_range(format!("bytes={at}-{}", end - 1));
                let done = call.customize().config_override(within(LARGE)).send().await?;
                let etag = done.copy_part_result().and_then(|part| part.e_tag()).unwrap_or_default().to_owned();
                parts.push(CompletedPart::builder().part_number(number).e_tag(etag).build());
                at = end;
            }
            let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
            let call = self.client.complete_multipart_upload().bucket(&*self.bucket).key(&upload.key);
            let call = call.upload_id(&upload.id).multipart_upload(parts);
            call.customize().config_override(within(LARGE)).send().await?;
            Ok(())
        };
        let copied: Result<(), ObjectError> = copied.await;
        if copied.is_err() {
            // A failure is ignored: the first error is the one to report.
            let _ = self.abort_multipart(&upload).await;
        }
        copied
    }
}
