//! What a submission may keep in the object store before its film is complete: counted and granted under a lock of its
//! row, so that requests at the limit wait for each other.
use anyhow::Context;
use pipeline::id::{SubmissionId, UploadId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::rows::{NewUpload, UploadKind};
use crate::store::Store;

/// The newest records of aborted uploads that a submission keeps; the others are deleted when it starts a new one. A
/// client that returns to one of those learns that it was aborted; for an older one, that there is none.
const REMEMBERED: i64 = 32;

/// The limit on the uploads of one submission, as long as its film is not complete. Finished pieces count, and so do
/// aborted uploads until they are freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How many.
    pub uploads: i64,
    /// Declared bytes in total.
    pub bytes: u64,
    /// How much an upload without a declared length counts: as much as it may become.
    pub undeclared: u64,
}

/// The result of a request for a new upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is stored.
    New,
    /// A `final` of exactly these pieces exists already.
    Same(UploadId),
    /// The submission accepts no more.
    Closed,
    /// A piece of the `final` is unfinished or was aborted meanwhile.
    PieceGone,
    /// The submission has as many as it may have.
    TooMany,
    /// Their total size would exceed the limit.
    TooMuch,
}

impl Store {
    /// Stores a new upload if the submission's budget allows it.
    pub async fn create_upload(&self, new: &NewUpload, budget: Budget) -> anyhow::Result<Created> {
        self.quiet_transaction("create_upload", |tx, _| {
            Box::pin(async move {
                if !lock_submission(tx, new.submission).await? {
                    return Ok(Created::Closed);
                }
                if new.kind == UploadKind::Final {
                    if let Some(same) = of_pieces(tx, new.submission, &new.pieces).await? {
                        return Ok(Created::Same(same));
                    }
                    if !have_pieces(tx, new).await? {
                        return Ok(Created::PieceGone);
                    }
                }
                let (count, bytes) = held_by(tx, new.submission, budget.undeclared).await?;
                if count >= budget.uploads {
                    return Ok(Created::TooMany);
                }
                if bytes.saturating_add(new.length.unwrap_or(budget.undeclared)) > budget.bytes {
                    return Ok(Created::TooMuch);
                }
                forget_older(tx, new.submission).await?;
                insert(tx, new).await?;
                Ok(Created::New)
            })
        })
        .await
    }

    /// The unfinished or finished `final` upload of exactly these pieces.
    pub async fn upload_of_pieces(
        &self,
        submission: SubmissionId,
        pieces: &[UploadId],
    ) -> anyhow::Result<Option<UploadId>> {
        let mut connection = self.pool().acquire().await?;
        of_pieces(&mut connection, submission, pieces).await
    }
}

/// Locks the row of a submission against other uploads that start or are aborted; `false` if it accepts no upload.
pub(super) async fn lock_submission(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<bool> {
    let takes = sqlx::query_scalar!(
        r#"/* lock_for_uploads */
        select state = 'uploading' or machine @> '{"replacing": true}' and held_at is null as "takes!"
        from submissions where id = $1 for no key update"#,
        id.0,
    )
    .fetch_optional(tx)
    .await
    .context("lock a submission for its uploads")?;
    Ok(takes.unwrap_or_default())
}

async fn of_pieces(
    tx: &mut PgConnection,
    submission: SubmissionId,
    pieces: &[UploadId],
) -> anyhow::Result<Option<UploadId>> {
    let found = sqlx::query_scalar!(
        "/* upload_of_pieces */
        select id from uploads where submission = $1 and pieces = $2 and state in ('assembling', 'finished') limit 1",
        submission.0,
        &ids(pieces),
    )
    .fetch_optional(tx)
    .await?;
    Ok(found.map(UploadId))
}

/// Whether every piece belongs to this submission and is complete.
async fn have_pieces(tx: &mut PgConnection, new: &NewUpload) -> anyhow::Result<bool> {
    let count = sqlx::query_scalar!(
        r#"/* pieces_there */
        select count(*) as "count!" from uploads
        where id = any($2) and submission = $1 and kind = 'partial' and state in ('assembling', 'finished')"#,
        new.submission.0,
        &ids(&new.pieces),
    )
    .fetch_one(tx)
    .await?;
    Ok(usize::try_from(count)? == new.pieces.len())
}

/// How many uploads count, and their possible total of bytes.
async fn held_by(tx: &mut PgConnection, id: SubmissionId, undeclared: u64) -> anyhow::Result<(i64, u64)> {
    let row = sqlx::query!(
        r#"/* uploads_held */
        select count(*) as "count!", coalesce(sum(greatest(coalesce(length, $2), "offset")), 0)::bigint as "bytes!"
        from uploads where submission = $1 and held"#,
        id.0,
        i64::try_from(undeclared)?,
    )
    .fetch_one(tx)
    .await
    .context("count a submission's uploads")?;
    Ok((row.count, row.bytes.try_into()?))
}

/// Deletes the oldest records of aborted uploads whose bytes are gone.
async fn forget_older(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<()> {
    sqlx::query!(
        "/* forget_older_uploads */
        delete from uploads where id in (
            select id from uploads
            where submission = $1 and not held and state in ('expired', 'terminated', 'failed')
            order by updated_at desc, id offset $2)",
        id.0,
        REMEMBERED,
    )
    .execute(tx)
    .await
    .context("forget a submission's older uploads")?;
    Ok(())
}

async fn insert(tx: &mut PgConnection, new: &NewUpload) -> anyhow::Result<()> {
    sqlx::query!(
        "/* create_upload */
        insert into uploads (id, submission, length, \"offset\", state, kind, pieces, metadata, filename, declared_sha256,
            part_size, expires_at, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        new.id.0,
        new.submission.0,
        new.length.map(i64::try_from).transpose()?,
        i64::try_from(new.offset)?,
        new.state.name(),
        new.kind.name(),
        &ids(&new.pieces),
        new.metadata,
        new.filename,
        new.declared_sha256,
        i64::try_from(new.part_size)?,
        new.expires_at,
        new.created_at,
    )
    .execute(tx)
    .await
    .context("store the upload")?;
    Ok(())
}

fn ids(pieces: &[UploadId]) -> Vec<Uuid> {
    pieces.iter().map(|piece| piece.0).collect()
}
