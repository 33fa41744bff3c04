//! What all submissions keep in the object store together, counted without a lock.
use std::time::Duration;

use anyhow::Context;

use crate::store::Store;

/// What the object store has of entrants' films, in the whole installation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// Uploads without a complete film: open ones, pieces, and aborted ones until they are freed.
    pub unfinished: u64,
    /// Bytes of those uploads and of complete films. Films of works that ended count too; films of works that their
    /// entrants withdrew do not.
    pub bytes: u64,
}

impl Store {
    /// What the object store has of entrants' films, of all submissions together.
    pub async fn stock(&self) -> anyhow::Result<Stock> {
        let row = sqlx::query!(
            r#"/* stock */
            select count(*) as "unfinished!", (coalesce(sum("offset"), 0)
                + coalesce((select sum(count) from settled where what = 'film'), 0)
                + coalesce((select sum(change) from settled_changes where what = 'film'), 0))::bigint as "bytes!"
            from uploads where held"#
        )
        .fetch_one(self.pool())
        .await
        .context("sum up what entrants' films come to")?;
        Ok(Stock { unfinished: row.unfinished.try_into()?, bytes: row.bytes.try_into()? })
    }

    /// Aborts open uploads that have fewer than `bytes` bytes, that no request is writing to and that received nothing
    /// for `idle`: at most 100, those that waited longest first. Returns how many.
    pub async fn give_up_idle_uploads(&self, bytes: u64, idle: Duration) -> anyhow::Result<u64> {
        let done = sqlx::query!(
            r#"/* give_up_idle_uploads */
            update uploads set state = 'expired', lock_fence = null, updated_at = clock_timestamp(), metadata = '',
                filename = null, declared_sha256 = null, pieces = null, free_at = clock_timestamp()
            where id in (
                select id from uploads
                where state = 'open' and "offset" < $1 and updated_at < statement_timestamp() - make_interval(secs => $2)
                    and (lock_until is null or lock_until < clock_timestamp())
                order by updated_at limit 100 for update skip locked
            )"#,
            i64::try_from(bytes)?,
            idle.as_secs_f64(),
        )
        .execute(self.pool())
        .await
        .context("give up idle uploads")?;
        Ok(done.rows_affected())
    }
}
