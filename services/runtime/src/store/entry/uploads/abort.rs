//! Uploads that end without a film: aborted by their client, expired, and freed.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{SubmissionId, UploadId};
use sqlx::PgConnection;

use super::budget::lock_submission;
use crate::store::Store;

/// A writer that lost its lock may still be sending for this long, in seconds; what it stored is freed after that.
const LATE_WRITES_S: f64 = 60.0;

impl Store {
    /// Aborts an unfinished upload at its client's request, whichever process is writing. `false` if there is nothing
    /// to abort, or it is a piece of a concatenation that is being made.
    pub async fn terminate_upload(&self, id: UploadId) -> anyhow::Result<bool> {
        self.quiet_transaction("terminate_upload", |tx, _| {
            Box::pin(async move {
                let owner = sqlx::query_scalar!(
                    "/* submission_of_upload */ select submission from uploads where id = $1",
                    id.0
                )
                .fetch_optional(&mut *tx)
                .await?;
                let Some(owner) = owner else { return Ok(false) };
                // A concatenation that starts now waits for this, or this for it.
                lock_submission(tx, SubmissionId(owner)).await?;
                terminate(tx, id).await
            })
        })
        .await
    }

    /// Aborts open uploads and finished pieces that are past their time at `now`, or whose submission accepts none any
    /// more.
    pub async fn expire_uploads(&self, now: DateTime<Utc>) -> anyhow::Result<u64> {
        let done = sqlx::query!(
            "/* expire_uploads */
            update uploads set state = 'expired', lock_fence = null, updated_at = clock_timestamp(), metadata = '',
                filename = null, declared_sha256 = null, pieces = null,
                free_at = case when lock_until > clock_timestamp() then clock_timestamp() + make_interval(secs => $2)
                    else clock_timestamp() end
            where id = any(array(
                select upload.id from uploads upload join submissions on submissions.id = upload.submission
                where (upload.state = 'open' or (upload.state = 'finished' and upload.kind = 'partial'))
                    and (upload.expires_at <= $1
                        or submissions.state <> 'uploading' and not submissions.machine @> '{\"replacing\": true}')
                    -- A concatenation that is being made needs its pieces, however long it takes.
                    and not (upload.kind = 'partial' and exists (
                        select from uploads whole where whole.submission = upload.submission
                            and whole.state = 'assembling' and upload.id = any(whole.pieces)))
                limit 100 for update of upload skip locked
            ))",
            now,
            LATE_WRITES_S,
        )
        .execute(self.pool())
        .await
        .context("expire uploads")?;
        Ok(done.rows_affected())
    }

    /// Everything that the upload stored is deleted, so its list of parts is deleted too.
    pub async fn upload_freed(&self, id: UploadId) -> anyhow::Result<()> {
        self.transaction("upload_freed", |tx, _| {
            Box::pin(async move {
                forget_parts(tx, id).await?;
                sqlx::query!(
                    "/* upload_freed */
                update uploads set free_at = null, multipart_id = null, tail_key = null where id = $1",
                    id.0,
                )
                .execute(tx)
                .await?;
                Ok(())
            })
        })
        .await
    }
}

async fn terminate(tx: &mut PgConnection, id: UploadId) -> anyhow::Result<bool> {
    let done = sqlx::query!(
        "/* terminate_upload */
        update uploads it set state = 'terminated', lock_fence = null, updated_at = clock_timestamp(), metadata = '',
            filename = null, declared_sha256 = null,
            free_at = case when lock_until > clock_timestamp() then clock_timestamp() + make_interval(secs => $2)
                else clock_timestamp() end
        where id = $1 and (state = 'open' or (state = 'finished' and kind = 'partial' and not exists (
            select from uploads whole where whole.submission = it.submission
                and whole.state = 'assembling' and it.id = any(whole.pieces))))",
        id.0,
        LATE_WRITES_S,
    )
    .execute(tx)
    .await
    .context("terminate an upload")?;
    Ok(done.rows_affected() == 1)
}

/// Deletes the list of an upload's parts.
pub(super) async fn forget_parts(tx: &mut PgConnection, id: UploadId) -> anyhow::Result<()> {
    sqlx::query!("/* forget_upload_parts */ delete from upload_parts where upload = $1", id.0)
        .execute(tx)
        .await
        .context("forget the parts of an upload")?;
    Ok(())
}
