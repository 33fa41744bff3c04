//! Reads uploads, and keeps those of active clients alive.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{SubmissionId, UploadId};

use super::failure::Failure;
use super::rows::{Row, UploadRow};
use crate::store::Store;

impl Store {
    /// An upload, or `None` if there is none with this id.
    pub async fn upload(&self, id: UploadId) -> anyhow::Result<Option<UploadRow>> {
        let row = sqlx::query_as!(
            Row,
            r#"/* upload */
            select id, submission, length, "offset", state, kind, pieces, metadata, declared_sha256, multipart_id, part_size,
                tail_key, tail_bytes, lock_fence, failure, expires_at, created_at
            from uploads where id = $1"#,
            id.0,
        )
        .fetch_optional(self.pool())
        .await
        .with_context(|| format!("load upload {id}"))?;
        row.map(TryInto::try_into).transpose()
    }

    /// The upload of a submission that waits for the rest of its bytes at `now`: the latest, without pieces of a
    /// concatenation. An older one belongs to a file that its client abandoned for another.
    pub async fn unfinished_upload(
        &self,
        submission: SubmissionId,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Option<UploadId>> {
        let id = sqlx::query_scalar!(
            "/* unfinished_upload */
            select id from uploads where submission = $1 and kind = 'single' and state = 'open' and expires_at > $2
            order by created_at desc limit 1",
            submission.0,
            now,
        )
        .fetch_optional(self.pool())
        .await
        .context("look for a submission's unfinished upload")?;
        Ok(id.map(UploadId))
    }

    /// Extends the life of uploads to at least `expires_at`, because their client is active.
    pub async fn prolong_upload(&self, id: UploadId, expires_at: DateTime<Utc>) -> anyhow::Result<()> {
        sqlx::query!(
            "/* prolong_upload */ update uploads set expires_at = greatest(expires_at, $2) where id = $1 and state = 'open'",
            id.0,
            expires_at,
        )
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Why the last upload of a submission failed, without its pieces; `None` if it did not.
    pub async fn last_failure(&self, submission: SubmissionId) -> anyhow::Result<Option<Failure>> {
        let failure = sqlx::query_scalar!(
            "/* last_failure */
            select failure from uploads where submission = $1 and kind <> 'partial' order by created_at desc limit 1",
            submission.0,
        )
        .fetch_optional(self.pool())
        .await
        .context("ask why the last upload failed")?;
        Ok(failure.flatten().as_deref().and_then(Failure::called))
    }

    /// How many bytes of an incomplete film have arrived: of the most advanced upload, or of its pieces together.
    pub async fn uploaded_bytes(&self, submission: SubmissionId) -> anyhow::Result<(u64, Option<u64>)> {
        let row = sqlx::query!(
            r#"/* uploaded_bytes */
            select coalesce(max("offset") filter (where kind <> 'partial'), 0) as "whole!",
                coalesce(sum("offset") filter (where kind = 'partial'), 0)::bigint as "pieces!",
                max(length) filter (where kind <> 'partial') as length
            from uploads where submission = $1
                and (state in ('open', 'assembling') or state = 'finished' and kind = 'partial')"#,
            submission.0,
        )
        .fetch_one(self.pool())
        .await?;
        Ok((row.whole.max(row.pieces).try_into()?, row.length.map(TryInto::try_into).transpose()?))
    }
}
