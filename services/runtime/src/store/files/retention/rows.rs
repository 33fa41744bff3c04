//! Lines of the policy about single rows: oldest first through an index of their own, some at a time until none is
//! found.
use anyhow::Context;
use chrono::{DateTime, Utc};

use super::amount::{AT_ONCE, Amount};
use crate::store::Store;

impl Store {
    /// Deletes what is left of the parts of complete films. Returns how many.
    pub async fn forget_upload_parts(&self) -> anyhow::Result<u64> {
        let done = sqlx::query!(
            "/* forget_parts_of_whole_films */
            delete from upload_parts where ctid = any(array(select due from forgettable_upload_parts() as due limit $1))",
            AT_ONCE * 10,
        )
        .execute(self.pool())
        .await
        .context("forget parts of uploads")?;
        Ok(done.rows_affected())
    }

    /// Records of attempts that ended before `before`, for parts that are not open.
    pub async fn old_attempts(&self, before: DateTime<Utc>) -> anyhow::Result<Amount> {
        let count = sqlx::query_scalar!(
            r#"/* old_attempts */
            select count(*) as "count!" from forgettable_attempts($1)"#,
            before,
        )
        .fetch_one(self.pool())
        .await
        .context("look for expired records of attempts")?;
        Ok(Amount::of(count, 0))
    }

    /// Deletes those records. Returns how many.
    pub async fn forget_attempts(&self, before: DateTime<Utc>) -> anyhow::Result<u64> {
        let done = sqlx::query!(
            "/* forget_attempts */
            delete from attempts where ctid = any(array(select due from forgettable_attempts($1) as due limit $2))",
            before,
            AT_ONCE * 10,
        )
        .execute(self.pool())
        .await
        .context("forget records of attempts")?;
        Ok(done.rows_affected())
    }

    /// Counts outputs of parts from before `before` that are no longer read.
    pub async fn old_outputs(&self, before: DateTime<Utc>) -> anyhow::Result<Amount> {
        let count = sqlx::query_scalar!(
            r#"/* old_outputs */ select count(*) as "count!" from forgettable_outputs($1)"#,
            before,
        )
        .fetch_one(self.pool())
        .await
        .context("look for expired outputs of parts")?;
        Ok(Amount::of(count, 0))
    }

    /// Deletes them. The parts stay. Returns how many.
    pub async fn forget_outputs(&self, before: DateTime<Utc>) -> anyhow::Result<u64> {
        let done = sqlx::query!(
            "/* forget_outputs */
            update parts set output = null where ctid = any(array(select due from forgettable_outputs($1) as due limit $2))",
            before,
            AT_ONCE * 10,
        )
        .execute(self.pool())
        .await
        .context("forget outputs of parts")?;
        Ok(done.rows_affected())
    }

    /// Counts lines of history from before `before` that only report how one part went.
    pub async fn old_history(&self, before: DateTime<Utc>) -> anyhow::Result<Amount> {
        let count = sqlx::query_scalar!(
            r#"/* old_history */ select count(*) as "count!" from forgettable_history($1)"#,
            before,
        )
        .fetch_one(self.pool())
        .await
        .context("look for expired lines of history")?;
        Ok(Amount::of(count, 0))
    }

    /// Deletes them. Returns how many.
    pub async fn forget_history(&self, before: DateTime<Utc>) -> anyhow::Result<u64> {
        let done = sqlx::query!(
            "/* forget_history */
            delete from history where ctid = any(array(select due from forgettable_history($1) as due limit $2))",
            before,
            AT_ONCE * 10,
        )
        .execute(self.pool())
        .await
        .context("forget lines of history")?;
        Ok(done.rows_affected())
    }

    /// Counts exchanges from before `before` that were repeated later, for deliveries that have ended.
    pub async fn old_exchanges(&self, before: DateTime<Utc>) -> anyhow::Result<Amount> {
        let count = sqlx::query_scalar!(
            r#"/* old_exchanges */ select count(*) as "count!" from forgettable_exchanges($1)"#,
            before,
        )
        .fetch_one(self.pool())
        .await
        .context("look for expired exchanges")?;
        Ok(Amount::of(count, 0))
    }

    /// Deletes them. Returns how many.
    pub async fn forget_exchanges(&self, before: DateTime<Utc>) -> anyhow::Result<u64> {
        let done = sqlx::query!(
            "/* forget_exchanges */
            delete from exchanges where ctid = any(array(select due from forgettable_exchanges($1) as due limit $2))",
            before,
            AT_ONCE * 10,
        )
        .execute(self.pool())
        .await
        .context("forget exchanges")?;
        Ok(done.rows_affected())
    }
}
