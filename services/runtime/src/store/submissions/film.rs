//! The film of a submission is complete.
use anyhow::Context;
use pipeline::id::{SubmissionId, UploadId};
use pipeline::submission::{Event, Submission};
use sqlx::PgConnection;

use super::apply::apply_locked;
use super::lock::lock;
use crate::store::Policy;
use crate::store::submissions::history::By;

/// A film is complete: the first one, or one that replaces another. Returns whether the submission accepts it.
pub(in crate::store) async fn film_is_whole(
    tx: &mut PgConnection,
    policy: &Policy,
    id: SubmissionId,
) -> anyhow::Result<bool> {
    let locked = lock(tx, id).await?;
    let Submission { run, replacing, .. } = locked.machine.0;
    let event = if replacing { Event::Replaced { run } } else { Event::Uploaded };
    Ok(apply_locked(tx, policy, id, locked, &event, &By::ENTRANT).await?.changed)
}

/// Records the upload whose bytes are complete as the submission's mezzanine. It must follow [`film_is_whole`] in the
/// same transaction.
pub async fn set_mezzanine(
    tx: &mut PgConnection,
    id: SubmissionId,
    upload: UploadId,
    bytes: u64,
    sha256: &[u8],
    declared_sha256: Option<&[u8]>,
) -> anyhow::Result<()> {
    sqlx::query!(
        "/* set_mezzanine */
        update submissions set mezzanine_upload = $2, mezzanine_bytes = $3, mezzanine_sha256 = $4, declared_sha256 = $5,
            updated_at = now()
        where id = $1",
        id.0,
        upload.0,
        i64::try_from(bytes).context("a size beyond any object's")?,
        sha256,
        declared_sha256,
    )
    .execute(tx)
    .await
    .context("store the mezzanine's upload")?;
    Ok(())
}
