//! The end of an upload: it becomes the mezzanine, or everything it put is freed.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{Fence, SubmissionId, UploadId};
use pipeline::submission::Event;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Store, UploadKind, UploadRow};
use crate::store::history::By;
use crate::store::submissions;

/// A writer that lost its lock may still be sending for this long, in seconds; what it put is freed after that.
const LATE_WRITES_S: f64 = 60.0;

/// How verifying an upload ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// It is the mezzanine now, or a finished piece.
    Accepted,
    /// Its submission has a mezzanine already, or takes none any more; the upload is given up.
    NotWanted,
    /// Somebody else holds it.
    LockLost,
}

impl Store {
    /// The object is whole and was read back: makes it the submission's mezzanine and moves the submission on. A piece of a
    /// concatenation only becomes finished. Pieces of a concatenation that it replaces are given up.
    pub async fn finish_upload(&self, upload: &UploadRow, fence: Fence, sha256: &[u8]) -> anyhow::Result<Finished> {
        self.transaction("finish_upload", |tx, _| {
            Box::pin(async move {
                if !end(tx, upload.id, fence, "finished").await? {
                    return Ok(Finished::LockLost);
                }
                if upload.kind == UploadKind::Partial {
                    return Ok(Finished::Accepted);
                }
                give_up_pieces(tx, upload).await?;
                let id = upload.submission;
                let applied = submissions::apply(tx, self.policy(), id, &Event::Uploaded, &By::ENTRANT).await?;
                if !applied.changed {
                    give_up(tx, upload.id, "failed").await?;
                    return Ok(Finished::NotWanted);
                }
                let declared = upload.declared_sha256.as_deref();
                submissions::set_mezzanine(tx, id, upload.id, upload.offset, sha256, declared).await?;
                Ok(Finished::Accepted)
            })
        })
        .await
    }

    /// What was stored is not what was received: gives the upload up. `false`: the lock was lost.
    pub async fn fail_upload(&self, id: UploadId, fence: Fence) -> anyhow::Result<bool> {
        self.transaction("fail_upload", |tx, _| {
            Box::pin(async move {
                let held = end(tx, id, fence, "failed").await?;
                if held {
                    give_up(tx, id, "failed").await?;
                }
                Ok(held)
            })
        })
        .await
    }

    /// Gives an unfinished upload up at its client's wish, whoever is writing. `false`: there is nothing to give up.
    pub async fn terminate_upload(&self, id: UploadId) -> anyhow::Result<bool> {
        let done = sqlx::query!(
            "/* terminate_upload */
            update uploads set state = 'terminated', lock_fence = null, updated_at = clock_timestamp(),
                free_at = case when lock_until > clock_timestamp() then clock_timestamp() + make_interval(secs => $2)
                    else clock_timestamp() end
            where id = $1 and (state = 'open' or (state = 'finished' and kind = 'partial'))",
            id.0,
            LATE_WRITES_S,
        )
        .execute(self.pool())
        .await
        .context("terminate an upload")?;
        Ok(done.rows_affected() == 1)
    }

    /// Gives up open uploads and finished pieces that are past their time at `now`, or whose submission takes none any more.
    pub async fn expire_uploads(&self, now: DateTime<Utc>) -> anyhow::Result<u64> {
        let done = sqlx::query!(
            "/* expire_uploads */
            update uploads set state = 'expired', lock_fence = null, updated_at = clock_timestamp(),
                free_at = case when lock_until > clock_timestamp() then clock_timestamp() + make_interval(secs => $2)
                    else clock_timestamp() end
            where id in (
                select upload.id from uploads upload join submissions on submissions.id = upload.submission
                where (upload.state = 'open' or (upload.state = 'finished' and upload.kind = 'partial'))
                    and (upload.expires_at <= $1 or submissions.state <> 'uploading')
                limit 100 for update of upload skip locked
            )",
            now,
            LATE_WRITES_S,
        )
        .execute(self.pool())
        .await
        .context("expire uploads")?;
        Ok(done.rows_affected())
    }

    /// Uploads whose objects are to be deleted now.
    pub async fn uploads_to_free(&self, limit: i64) -> anyhow::Result<Vec<UploadId>> {
        let ids = sqlx::query_scalar!(
            "/* uploads_to_free */ select id from uploads where free_at <= clock_timestamp() order by free_at limit $1",
            limit,
        )
        .fetch_all(self.pool())
        .await?;
        Ok(ids.into_iter().map(UploadId).collect())
    }

    /// Everything that the upload put is gone, and its list of parts goes too.
    pub async fn upload_freed(&self, id: UploadId) -> anyhow::Result<()> {
        self.transaction("upload_freed", |tx, _| {
            Box::pin(async move {
                sqlx::query!("/* forget_upload_parts */ delete from upload_parts where upload = $1", id.0)
                    .execute(&mut *tx)
                    .await?;
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

    /// How many bytes a submission's uploads have so far: the furthest of them, or its pieces together.
    pub async fn uploaded_bytes(&self, submission: SubmissionId) -> anyhow::Result<(u64, Option<u64>)> {
        let row = sqlx::query!(
            r#"/* uploaded_bytes */
            select coalesce(max("offset") filter (where kind <> 'partial'), 0) as "whole!",
                coalesce(sum("offset") filter (where kind = 'partial'), 0)::bigint as "pieces!",
                max(length) filter (where kind <> 'partial') as length
            from uploads where submission = $1 and state in ('open', 'assembling', 'finished')"#,
            submission.0,
        )
        .fetch_one(self.pool())
        .await?;
        Ok((row.whole.max(row.pieces).try_into()?, row.length.map(TryInto::try_into).transpose()?))
    }
}

/// Ends an upload whose bytes were all there; `false`: the lock was lost.
async fn end(tx: &mut PgConnection, id: UploadId, fence: Fence, state: &str) -> anyhow::Result<bool> {
    let done = sqlx::query!(
        "/* end_upload */
        update uploads set state = $3, lock_fence = null, lock_until = null, tail_key = null, tail_bytes = 0,
            updated_at = clock_timestamp()
        where id = $1 and lock_fence = $2 and state = 'assembling'",
        id.0,
        fence.0,
        state,
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn give_up(tx: &mut PgConnection, id: UploadId, state: &str) -> anyhow::Result<()> {
    sqlx::query!(
        "/* give_up_upload */
        update uploads set state = $2, lock_fence = null, free_at = clock_timestamp() where id = $1",
        id.0,
        state,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn give_up_pieces(tx: &mut PgConnection, upload: &UploadRow) -> anyhow::Result<()> {
    let pieces: Vec<Uuid> = upload.pieces.iter().map(|piece| piece.0).collect();
    sqlx::query!(
        "/* give_up_pieces */
        update uploads set state = 'terminated', lock_fence = null, free_at = clock_timestamp() where id = any($1)",
        &pieces,
    )
    .execute(tx)
    .await?;
    Ok(())
}
