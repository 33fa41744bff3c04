//! The lock of an upload: one writer at a time holds it.
use std::time::Duration;

use anyhow::Context;
use pipeline::id::{Fence, UploadId};
use sqlx::PgConnection;

use super::rows::{Row, UploadRow, UploadState};
use crate::store::Store;

/// The state of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockState {
    /// Whether the caller still holds it.
    pub held: bool,
    /// Whether another writer waits for it.
    pub wanted: bool,
}

impl Store {
    /// Takes the lock of an upload that is in `state` and not locked, and returns the upload as it is then.
    pub async fn lock_upload(
        &self,
        id: UploadId,
        state: UploadState,
        lease: Duration,
    ) -> anyhow::Result<Option<(UploadRow, Fence)>> {
        let row = sqlx::query_as!(
            Row,
            r#"/* lock_upload */
            update uploads set lock_fence = nextval('upload_fences'), lock_wanted_at = null,
                lock_until = clock_timestamp() + make_interval(secs => $3)
            where id = $1 and state = $2 and (lock_until is null or lock_until < clock_timestamp())
            returning id, submission, length, "offset", state, kind, pieces, metadata, declared_sha256, multipart_id, part_size,
                tail_key, tail_bytes, lock_fence, failure, expires_at, created_at"#,
            id.0,
            state.name(),
            lease.as_secs_f64(),
        )
        .fetch_optional(self.pool())
        .await
        .with_context(|| format!("lock upload {id}"))?;
        let Some(row) = row else { return Ok(None) };
        let fence = Fence(row.lock_fence.context("a locked upload without a fence")?);
        Ok(Some((row.try_into()?, fence)))
    }

    /// Records that a writer waits for the lock.
    pub async fn want_upload(&self, id: UploadId) -> anyhow::Result<()> {
        sqlx::query!("/* want_upload */ update uploads set lock_wanted_at = clock_timestamp() where id = $1", id.0)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Keeps the lock for another lease, unless another writer has taken it.
    pub async fn renew_upload(&self, id: UploadId, fence: Fence, lease: Duration) -> anyhow::Result<LockState> {
        let wanted = sqlx::query_scalar!(
            r#"/* renew_upload */
            update uploads set lock_until = clock_timestamp() + make_interval(secs => $3)
            where id = $1 and lock_fence = $2
            returning lock_wanted_at > clock_timestamp() - interval '5 seconds' as "wanted""#,
            id.0,
            fence.0,
            lease.as_secs_f64(),
        )
        .fetch_optional(self.pool())
        .await?;
        Ok(LockState { held: wanted.is_some(), wanted: wanted.flatten().unwrap_or_default() })
    }

    /// Releases the lock.
    pub async fn unlock_upload(&self, id: UploadId, fence: Fence) -> anyhow::Result<()> {
        let mut connection = self.pool().acquire().await?;
        unlock(&mut connection, id, fence).await
    }
}

pub(super) async fn unlock(tx: &mut PgConnection, id: UploadId, fence: Fence) -> anyhow::Result<()> {
    sqlx::query!(
        "/* unlock_upload */
        update uploads set lock_fence = null, lock_until = null where id = $1 and lock_fence = $2",
        id.0,
        fence.0,
    )
    .execute(tx)
    .await?;
    Ok(())
}
