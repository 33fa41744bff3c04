//! The end of an upload: it becomes the mezzanine, or everything that it stored is freed.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{Fence, SubmissionId, UploadId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::budget::lock_submission;
use super::{Store, UploadKind, UploadRow};
use crate::store::submissions;

/// A writer that lost its lock may still be sending for this long, in seconds; what it stored is freed after that.
const LATE_WRITES_S: f64 = 60.0;

/// How verifying an upload ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// It is the mezzanine now, or a finished piece.
    Accepted,
    /// Its submission has a mezzanine already, or accepts none any more; the upload is aborted.
    NotWanted,
    /// Another process holds it.
    LockLost,
}

/// Why an upload failed although all its bytes had arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The object store returned other bytes than it received.
    Damaged,
    /// A piece of the concatenation is gone.
    JoinFailed,
    /// The object store answered but did not create the object, in any of the attempts.
    StoreFailed,
}

impl Failure {
    const ALL: [Self; 3] = [Self::Damaged, Self::JoinFailed, Self::StoreFailed];

    /// Its name in the table and in problems.
    pub fn name(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::JoinFailed => "join_failed",
            Self::StoreFailed => "store_failed",
        }
    }

    pub(super) fn called(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|failure| failure.name() == name)
    }
}

impl Store {
    /// The object is complete and was read back: makes it the submission's mezzanine and advances the submission. A
    /// piece of a concatenation only becomes finished. Pieces of a concatenation that it replaces are aborted.
    pub async fn finish_upload(&self, upload: &UploadRow, fence: Fence, sha256: &[u8]) -> anyhow::Result<Finished> {
        self.transaction("finish_upload", |tx, _| {
            Box::pin(async move {
                // Before any row of an upload, in the order of every transaction that locks both.
                let takes = lock_submission(tx, upload.submission).await?;
                if !end(tx, upload.id, fence, "finished").await? {
                    return Ok(Finished::LockLost);
                }
                // They served to continue and to compare it; the complete film has its own digest.
                forget_parts(tx, upload.id).await?;
                if upload.kind == UploadKind::Partial {
                    return Ok(Finished::Accepted);
                }
                give_up_pieces(tx, upload).await?;
                let id = upload.submission;
                if !takes || !submissions::film_is_whole(tx, self.policy(), id).await? {
                    give_up(tx, upload.id, None).await?;
                    return Ok(Finished::NotWanted);
                }
                let declared = upload.declared_sha256.as_deref();
                submissions::set_mezzanine(tx, id, upload.id, upload.offset, sha256, declared).await?;
                Ok(Finished::Accepted)
            })
        })
        .await
    }

    /// An upload whose bytes had all arrived cannot become an object: aborts it. `false` if the lock was lost.
    pub async fn fail_upload(&self, id: UploadId, fence: Fence, why: Failure) -> anyhow::Result<bool> {
        self.transaction("fail_upload", |tx, _| {
            Box::pin(async move {
                let held = end(tx, id, fence, "failed").await?;
                if held {
                    give_up(tx, id, Some(why)).await?;
                }
                Ok(held)
            })
        })
        .await
    }

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

/// Ends an upload after its last useful attempt.
pub(super) async fn end_without_use(tx: &mut PgConnection, id: UploadId, fence: Fence) -> anyhow::Result<()> {
    if end(tx, id, fence, "failed").await? {
        give_up(tx, id, Some(Failure::StoreFailed)).await?;
    }
    Ok(())
}

/// Ends an upload whose bytes had all arrived; `false` if the lock was lost.
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

/// Aborts an upload whose end was recorded. Nothing is kept of what its client sent.
async fn give_up(tx: &mut PgConnection, id: UploadId, why: Option<Failure>) -> anyhow::Result<()> {
    sqlx::query!(
        "/* give_up_upload */
        update uploads set state = 'failed', failure = $2, lock_fence = null, free_at = clock_timestamp(), tries = 0,
            metadata = '', filename = null, declared_sha256 = null, pieces = null where id = $1",
        id.0,
        why.map(Failure::name),
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn give_up_pieces(tx: &mut PgConnection, upload: &UploadRow) -> anyhow::Result<()> {
    let pieces: Vec<Uuid> = upload.pieces.iter().map(|piece| piece.0).collect();
    sqlx::query!(
        "/* give_up_pieces */
        update uploads set state = 'terminated', lock_fence = null, free_at = clock_timestamp(), metadata = '',
            filename = null, declared_sha256 = null where id = any($1)",
        &pieces,
    )
    .execute(tx)
    .await?;
    Ok(())
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

async fn forget_parts(tx: &mut PgConnection, id: UploadId) -> anyhow::Result<()> {
    sqlx::query!("/* forget_upload_parts */ delete from upload_parts where upload = $1", id.0)
        .execute(tx)
        .await
        .context("forget the parts of an upload")?;
    Ok(())
}
