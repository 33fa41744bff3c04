//! Expired sessions, invitations and failures to sign in.
use anyhow::Context;
use chrono::{DateTime, Utc};

use super::amount::{AT_ONCE, Amount};
use crate::store::Store;

impl Store {
    /// Counts sessions and expired invitations that were created before `before`.
    pub async fn old_sign_ins(&self, before: DateTime<Utc>) -> anyhow::Result<Amount> {
        let count = sqlx::query_scalar!(
            r#"/* old_sign_ins */
            select (select count(*) from sessions where created_at < $1)
                + (select count(*) from invitations where created_at < $1 and expires_at < clock_timestamp()) as "count!""#,
            before,
        )
        .fetch_one(self.pool())
        .await
        .context("look for expired sessions")?;
        Ok(Amount::of(count, 0))
    }

    /// Deletes them, and failures to sign in that no longer count. Returns the number of sessions and invitations.
    pub async fn forget_sign_ins(&self, before: DateTime<Utc>) -> anyhow::Result<u64> {
        let forgotten = sqlx::query_scalar!(
            r#"/* forget_sign_ins */
            with s as (delete from sessions where id = any(array(
                    select id from sessions where created_at < $1 order by created_at limit $2)) returning id),
                i as (delete from invitations where id in (select id from invitations
                    where created_at < $1 and expires_at < clock_timestamp() limit $2) returning id),
                f as (delete from sign_in_failures where failed_at < statement_timestamp() - interval '1 day')
            select (select count(*) from s) + (select count(*) from i) as "count!""#,
            before,
            AT_ONCE * 10,
        )
        .fetch_one(self.pool())
        .await
        .context("forget sessions")?;
        Ok(forgotten.max(0) as u64)
    }
}
