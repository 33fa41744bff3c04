//! Compares the uploads in parts: what the database expects with what the object store keeps.
use pipeline::id::UploadId;
use uuid::Uuid;

use super::comparison::{Check, wanted_still};
use super::finding::Finding;
use super::place::{OF_UPLOADS, place};
use crate::objects::ObjectError;

impl Check<'_> {
    /// Multipart uploads that were started and whose parts the object store no longer has.
    pub(super) async fn multiparts(&mut self, uploads: &[Uuid]) -> anyhow::Result<()> {
        for open in self.store.open_multiparts(uploads).await? {
            let stored = self.store.upload_parts(UploadId(open.upload)).await?;
            let whole = match self.objects.list_parts(&open.multipart()).await {
                // A server may not know an upload and still answer, with an empty list.
                Ok(parts) => {
                    stored.iter().all(|it| parts.iter().any(|part| (part.number, part.bytes) == (it.number, it.bytes)))
                }
                Err(ObjectError::NotFound) => false,
                Err(error) => {
                    self.unreadable(&open.multipart().key, &error)?;
                    continue;
                }
            };
            if whole {
                self.report.sound += 1;
            } else if self.store.open_multiparts(&[open.upload]).await?.contains(&open) {
                self.found(Finding::of_multipart(&open)).await?;
            }
        }
        Ok(())
    }

    /// Multipart uploads that the object store keeps, and bills, for uploads that have ended or were never ours.
    pub(super) async fn unknown_multiparts(&mut self) -> anyhow::Result<()> {
        let begun = match self.objects.list_multiparts(&format!("{OF_UPLOADS}/")).await {
            Ok(begun) => begun,
            Err(error) => {
                let words = format!("unfinished uploads in parts, which the server does not list: {error}");
                self.report.not_looked_at.push(words);
                return Ok(());
            }
        };
        for multipart in begun {
            // An upload's row exists before its first part, so an upload without a row has no part under way.
            let wanted = match place(&multipart.key) {
                Some((_, upload)) => wanted_still(&self.store.owner_of_upload(upload, &multipart.key).await?, "parts"),
                None => true,
            };
            if !wanted {
                self.found(Finding::of_unknown_multipart(&multipart)).await?;
            }
        }
        Ok(())
    }
}
