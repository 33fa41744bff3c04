//! Records which bytes of an upload are durable.
use anyhow::Context;
use pipeline::id::{Fence, UploadId};
use sqlx::PgConnection;

use super::rows::{PartRow, UploadState};
use crate::store::Store;

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

impl Store {
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
