//! The end of an upload: it becomes the mezzanine, or everything that it stored is freed.
use pipeline::id::{Fence, UploadId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::abort::forget_parts;
use super::budget::lock_submission;
use super::failure::Failure;
use super::rows::{UploadKind, UploadRow};
use crate::store::{Store, submissions};

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
