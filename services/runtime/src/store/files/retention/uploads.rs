//! Records of uploads whose bytes are deleted, and how much garbage waits.
use anyhow::Context;
use chrono::{DateTime, Utc};

use super::amount::{AT_ONCE, Amount};
use crate::store::Store;

impl Store {
    /// Records of uploads that were aborted before `before` and whose bytes are deleted.
    pub async fn given_up_uploads(&self, before: DateTime<Utc>) -> anyhow::Result<Amount> {
        let count = sqlx::query_scalar!(
            r#"/* given_up_uploads */
            select count(*) as "count!" from forgettable_uploads($1)"#,
            before,
        )
        .fetch_one(self.pool())
        .await
        .context("look for expired records of uploads")?;
        Ok(Amount::of(count, 0))
    }

    /// Deletes those records. Returns how many.
    pub async fn forget_uploads(&self, before: DateTime<Utc>) -> anyhow::Result<u64> {
        let done = sqlx::query!(
            "/* forget_uploads */
            delete from uploads where id in (select id from forgettable_uploads($1) limit $2)",
            before,
            AT_ONCE,
        )
        .execute(self.pool())
        .await
        .context("forget records of uploads")?;
        Ok(done.rows_affected())
    }

    /// Prefixes and objects that are garbage already: leftovers of attempts, and recalled objects. They are deleted
    /// without a policy.
    pub async fn garbage_waiting(&self) -> anyhow::Result<u64> {
        let count = sqlx::query_scalar!(r#"/* garbage_waiting */ select count(*) as "count!" from garbage"#)
            .fetch_one(self.pool())
            .await
            .context("count the garbage")?;
        Ok(count.max(0) as u64)
    }
}
