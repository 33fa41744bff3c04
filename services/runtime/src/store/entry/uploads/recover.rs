//! Uploads that a process left before their end: which are due, in what order, and how long one waits after a failure.
//! One that fails each time does not delay the others.
use std::time::Duration;

use anyhow::Context;
use pipeline::id::{Fence, UploadId};
use uuid::Uuid;

use super::free::end_without_use;
use super::lock::unlock;
use crate::store::Store;

/// Wait after the first attempt that ended without a result; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// The longest wait while the database or the object store is unreachable: an upload continues soon after they are
/// back.
const AWAY_WAIT: Duration = Duration::from_secs(30);
/// The longest wait after a fault of the upload itself.
const FAULT_WAIT: Duration = Duration::from_secs(1800);

/// What follows an attempt without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutOff {
    /// There will be another one.
    Later,
    /// It was the last one; the upload failed.
    Failed,
    /// Another process holds it.
    LockLost,
}

impl Store {
    /// Uploads that wait to be assembled, that no process assembles, and whose next attempt is due. Those with the
    /// fewest attempts come first.
    pub async fn uploads_to_assemble(&self, limit: i64) -> anyhow::Result<Vec<UploadId>> {
        let ids = sqlx::query_scalar!(
            "/* uploads_to_assemble */
            select id from uploads where state = 'assembling' and (lock_until is null or lock_until < clock_timestamp())
                and (try_at is null or try_at <= clock_timestamp())
            order by tries, coalesce(try_at, updated_at) limit $1",
            limit,
        )
        .fetch_all(self.pool())
        .await?;
        Ok(ids.into_iter().map(UploadId).collect())
    }

    /// An attempt to finish an upload ended without a result: releases the lock and delays the next attempt. With
    /// `most_faults` it was a fault of the upload itself, and the upload is aborted after that many.
    pub async fn put_off_upload(&self, id: UploadId, fence: Fence, most_faults: Option<i32>) -> anyhow::Result<PutOff> {
        let longest = if most_faults.is_some() { FAULT_WAIT } else { AWAY_WAIT };
        self.quiet_transaction("put_off_upload", |tx, _| {
            Box::pin(async move {
                let faults = sqlx::query_scalar!(
                    "/* put_off_upload */
                    update uploads set tries = tries + 1, faults = faults + $3, try_at = clock_timestamp()
                        + make_interval(secs => least($4::float8 * power(2::float8, least(tries, 20)), $5::float8))
                    where id = $1 and lock_fence = $2 returning faults",
                    id.0,
                    fence.0,
                    i32::from(most_faults.is_some()),
                    FIRST_WAIT.as_secs_f64(),
                    longest.as_secs_f64(),
                )
                .fetch_optional(&mut *tx)
                .await
                .with_context(|| format!("put off upload {id}"))?;
                let Some(faults) = faults else { return Ok(PutOff::LockLost) };
                if most_faults.is_some_and(|most| faults >= most) {
                    end_without_use(tx, id, fence).await?;
                    return Ok(PutOff::Failed);
                }
                unlock(tx, id, fence).await?;
                Ok(PutOff::Later)
            })
        })
        .await
    }

    /// Uploads whose objects are to be deleted now.
    pub async fn uploads_to_free(&self, limit: i64) -> anyhow::Result<Vec<UploadId>> {
        let ids = sqlx::query_scalar!(
            "/* uploads_to_free */ select id from uploads where free_at <= statement_timestamp() order by free_at limit $1",
            limit,
        )
        .fetch_all(self.pool())
        .await?;
        Ok(ids.into_iter().map(UploadId).collect())
    }

    /// What an upload stored could not be deleted: it is due again later, after the others.
    pub async fn put_off_freeing(&self, id: UploadId, fault: bool) -> anyhow::Result<()> {
        let longest = if fault { FAULT_WAIT } else { AWAY_WAIT };
        sqlx::query!(
            "/* put_off_freeing */
            update uploads set tries = tries + 1,
                free_at = clock_timestamp() + make_interval(secs => least($2::float8 * power(2::float8, least(tries, 20)), $3::float8))
            where id = $1 and free_at is not null",
            id.0,
            FIRST_WAIT.as_secs_f64(),
            longest.as_secs_f64(),
        )
        .execute(self.pool())
        .await
        .with_context(|| format!("put off freeing upload {id}"))?;
        Ok(())
    }

    /// Those of these ids that need no object any more: unknown, or aborted and freed.
    pub async fn uploads_over(&self, ids: &[Uuid]) -> anyhow::Result<Vec<UploadId>> {
        let over = sqlx::query_scalar!(
            r#"/* uploads_over */
            select asked.id as "id!" from unnest($1::uuid[]) as asked (id)
            where not exists (select from uploads u where u.id = asked.id and (u.held or u.lock_until > clock_timestamp()))"#,
            ids,
        )
        .fetch_all(self.pool())
        .await
        .context("ask which uploads are over")?;
        Ok(over.into_iter().map(UploadId).collect())
    }
}
