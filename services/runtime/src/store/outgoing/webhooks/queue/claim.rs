//! Messages that are due, and those that ended long ago.
use std::time::Duration;

use anyhow::Context;
use uuid::Uuid;

use crate::store::Store;

/// How long an attempt may take before its sender is considered dead. Well above the call's own deadline.
pub const LEASE: Duration = Duration::from_secs(60);

/// Days that finished messages stay in the log.
const KEEP_DAYS: f64 = 30.0;

/// A message to send now.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Its id.
    pub id: Uuid,
    /// The number of this attempt, from 1, always increasing.
    pub attempt: i32,
    /// Attempts before this one that the schedule counts.
    pub earlier: i32,
    /// The payload.
    pub body: String,
}

impl Store {
    /// Endpoints that have something due.
    pub async fn webhooks_due(&self) -> anyhow::Result<Vec<Uuid>> {
        sqlx::query_scalar!(
            "/* webhooks_due */
            select id from webhook_endpoints e where state = 'enabled' and quiet_until <= clock_timestamp()
                and exists (select from webhook_messages
                    where endpoint = e.id and status = 'pending' and due <= statement_timestamp())",
        )
        .fetch_all(self.pool())
        .await
        .context("look for webhooks that are due")
    }

    /// Claims the messages of an endpoint that have been due longest, and logs the attempts.
    pub async fn claim_webhooks(&self, endpoint: Uuid, limit: i64) -> anyhow::Result<Vec<Claimed>> {
        sqlx::query_as!(
            Claimed,
            r#"/* claim_webhooks */
            with claimed as (
                update webhook_messages set attempt = attempt + 1, due = clock_timestamp() + make_interval(secs => $3)
                where id in (
                    select m.id from webhook_messages m join webhook_endpoints e on e.id = m.endpoint
                    where m.endpoint = $1 and m.status = 'pending' and m.due <= statement_timestamp()
                        and e.state = 'enabled' and e.quiet_until <= clock_timestamp()
                    order by m.due limit $2 for update of m skip locked
                )
                returning id, attempt, attempts_before, body
            ), logged as (
                insert into webhook_attempts (message, attempt) select id, attempt from claimed
            )
            select id, attempt, attempt - attempts_before - 1 as "earlier!", body from claimed"#,
            endpoint,
            limit,
            LEASE.as_secs_f64(),
        )
        .fetch_all(self.pool())
        .await
        .context("claim webhook messages")
    }

    /// Deletes messages that ended long ago, some at a time. Returns how many.
    pub async fn forget_old_webhooks(&self) -> anyhow::Result<u64> {
        let forgotten = sqlx::query!(
            "/* forget_old_webhooks */
            delete from webhook_messages where id = any(array(
                select id from webhook_messages
                where status <> 'pending' and finished_at < statement_timestamp() - make_interval(secs => $1::float8 * 86400)
                order by finished_at limit 1000
            ))",
            KEEP_DAYS,
        )
        .execute(self.pool())
        .await
        .context("forget old webhook messages")?;
        Ok(forgotten.rows_affected())
    }
}
