//! tus uploads: which bytes are stored, who may write, and what must be freed.
//!
//! One writer at a time holds an upload's lock: a lease by the database's clock and a fence that every write includes.
//! Offsets are read from here at each request and never cached.
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{Fence, SubmissionId, UploadId};
use sqlx::PgConnection;

use super::Store;

mod budget;
pub use budget::{Budget, Created, Stock};
mod free;
pub use free::{Failure, Finished};
mod recover;
pub use recover::PutOff;
mod rows;

use rows::Row;
pub use rows::{NewUpload, PartRow, UploadKind, UploadRow, UploadState};

/// What a writer stored durably. Applied completely or not at all.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The number of durable bytes.
    pub offset: u64,
    /// Parts that the object store has in addition to the known ones.
    pub parts: Vec<PartRow>,
    /// Key and size of the object with the bytes after the last part.
    pub tail: Option<(String, u64)>,
    /// Total length, if the client has sent it by now.
    pub length: Option<u64>,
    /// Whether every byte has arrived.
    pub complete: bool,
}

/// The state of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockState {
    /// Whether the caller still holds it.
    pub held: bool,
    /// Whether another writer waits for it.
    pub wanted: bool,
}

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

    /// Records the multipart upload that was just started, before anything is sent to it, so that it can be aborted
    /// when the upload is freed. `false` if the lock was lost: nothing is recorded.
    pub async fn begin_upload_parts(&self, id: UploadId, fence: Fence, multipart_id: &str) -> anyhow::Result<bool> {
        let done = sqlx::query!(
            "/* begin_upload_parts */ update uploads set multipart_id = $3 where id = $1 and lock_fence = $2",
            id.0,
            fence.0,
            multipart_id,
        )
        .execute(self.pool())
        .await
        .with_context(|| format!("record the multipart upload of upload {id}"))?;
        Ok(done.rows_affected() == 1)
    }

    /// Records what became durable, and releases the lock if `release`. `false` if the lock was lost: nothing is
    /// recorded.
    pub async fn advance_upload(
        &self,
        id: UploadId,
        fence: Fence,
        progress: &Progress,
        release: bool,
    ) -> anyhow::Result<bool> {
        self.transaction("advance_upload", |tx, _| {
            Box::pin(async move {
                if !advance(tx, id, fence, progress, release).await? {
                    return Ok(false);
                }
                for part in &progress.parts {
                    add_part(tx, id, part).await?;
                }
                Ok(true)
            })
        })
        .await
    }

    /// The parts that the object store has, in order.
    pub async fn upload_parts(&self, id: UploadId) -> anyhow::Result<Vec<PartRow>> {
        let rows = sqlx::query!(
            "/* upload_parts */ select number, etag, bytes, sha256 from upload_parts where upload = $1 order by number",
            id.0,
        )
        .fetch_all(self.pool())
        .await
        .context("load the parts of an upload")?;
        let part = |number: i32, etag, bytes: i64, sha256| {
            anyhow::Ok(PartRow { number: number.try_into()?, etag, bytes: bytes.try_into()?, sha256 })
        };
        rows.into_iter().map(|row| part(row.number, row.etag, row.bytes, row.sha256)).collect()
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
}

async fn unlock(tx: &mut PgConnection, id: UploadId, fence: Fence) -> anyhow::Result<()> {
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

async fn advance(
    tx: &mut PgConnection,
    id: UploadId,
    fence: Fence,
    progress: &Progress,
    release: bool,
) -> anyhow::Result<bool> {
    let state = if progress.complete { UploadState::Assembling } else { UploadState::Open };
    let (tail_key, tail_bytes) = progress.tail.clone().map_or((None, 0), |(key, bytes)| (Some(key), bytes));
    let done = sqlx::query!(
        "/* advance_upload */
        update uploads set \"offset\" = $3, tail_key = $4, tail_bytes = $5,
            length = coalesce($6, length), state = case when state = 'open' then $7 else state end,
            lock_fence = case when $8 then null else lock_fence end, lock_until = case when $8 then null else lock_until end,
            updated_at = clock_timestamp()
        where id = $1 and lock_fence = $2",
        id.0,
        fence.0,
        i64::try_from(progress.offset)?,
        tail_key,
        i64::try_from(tail_bytes)?,
        progress.length.map(i64::try_from).transpose()?,
        state.name(),
        release,
    )
    .execute(tx)
    .await
    .with_context(|| format!("advance upload {id}"))?;
    Ok(done.rows_affected() == 1)
}

async fn add_part(tx: &mut PgConnection, id: UploadId, part: &PartRow) -> anyhow::Result<()> {
    sqlx::query!(
        "/* add_upload_part */
        insert into upload_parts (upload, number, etag, bytes, sha256) values ($1, $2, $3, $4, $5)
        on conflict (upload, number) do update set etag = excluded.etag, bytes = excluded.bytes, sha256 = excluded.sha256",
        id.0,
        i32::try_from(part.number)?,
        part.etag,
        i64::try_from(part.bytes)?,
        part.sha256,
    )
    .execute(tx)
    .await
    .context("store a part of an upload")?;
    Ok(())
}
