//! Endpoints: the subscribers to changes. Address and secrets are encrypted before they reach this file.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::ContestId;
use pipeline::person::Sees;
use serde_json::{Value, json};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::queue;
use crate::seal::Sealed;
use crate::store::Store;
use crate::store::people::audit::{self, Act};
use crate::store::submissions::history::By;

/// States of an endpoint: it is used, or it answered 410.
pub const STATES: [&str; 2] = ["enabled", "gone"];

/// Endpoints that may be enabled at the same time. Each has calls of its own in progress, so this limits the sender.
pub const MOST: i64 = 64;

/// An endpoint as a person adds it.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    /// Its id; its address is encrypted for it.
    pub id: Uuid,
    /// Host of its address.
    pub host: String,
    /// Event types; all if empty.
    pub types: Vec<String>,
    /// Only this contest.
    pub contest: Option<ContestId>,
    /// Address and secrets.
    pub sealed: Sealed,
}

/// An endpoint for readers.
#[derive(Clone, Debug)]
pub struct EndpointRow {
    /// Its id.
    pub id: Uuid,
    /// Host of its address.
    pub host: String,
    /// Event types; all if empty.
    pub types: Vec<String>,
    /// Only this contest.
    pub contest: Option<String>,
    /// `enabled` or `gone`.
    pub state: String,
    /// Messages that wait.
    pub pending: i64,
    /// Messages that were given up or did not fit into the queue.
    pub failed: i64,
    /// Until when no message is sent to it, if so.
    pub quiet_until: Option<DateTime<Utc>>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

/// An endpoint whose row is locked until the end of the transaction.
#[derive(Clone, Debug)]
pub struct LockedEndpoint {
    /// Host of its address.
    pub host: String,
    /// Event types; all if empty.
    pub types: Vec<String>,
    /// Only this contest.
    pub contest: Option<String>,
}

impl Store {
    /// All endpoints that were not removed, oldest first; only those of these contests. There are at most as many as
    /// may be enabled, and in addition those that answered 410.
    pub async fn webhooks(&self, contests: &Sees) -> anyhow::Result<Vec<EndpointRow>> {
        let contests = contests.names();
        sqlx::query_as!(
            EndpointRow,
            r#"/* webhooks */
            select id, host, types, contest, state, created_at,
                case when quiet_until > clock_timestamp() then quiet_until end as quiet_until,
                (select count(*) from webhook_messages where endpoint = e.id and status = 'pending') as "pending!",
                (select count(*) from webhook_messages where endpoint = e.id and status in ('failed', 'dropped')) as "failed!"
            from webhook_endpoints e where state <> 'removed' and ($1::text[] is null or contest = any($1)) order by created_at, id"#,
            contests.as_deref(),
        )
        .fetch_all(self.pool())
        .await
        .context("list webhook endpoints")
    }

    /// Whether there is an endpoint that was not removed, of these contests.
    pub async fn has_webhook(&self, id: Uuid, contests: &Sees) -> anyhow::Result<bool> {
        let contests = contests.names();
        sqlx::query_scalar!(
            r#"/* has_webhook */
            select exists (select from webhook_endpoints
                where id = $1 and state <> 'removed' and ($2::text[] is null or contest = any($2))) as "there!""#,
            id,
            contests.as_deref(),
        )
        .fetch_one(self.pool())
        .await
        .context("look for a webhook endpoint")
    }

    /// Address and secrets of an endpoint that was not removed, for the sender.
    pub async fn webhook_sealed(&self, id: Uuid) -> anyhow::Result<Option<Sealed>> {
        sealed(self.pool(), id).await
    }
}

/// Locks an endpoint that was not removed. `None` if there is none, or it does not belong to these contests.
pub async fn lock(tx: &mut PgConnection, id: Uuid, contests: &Sees) -> anyhow::Result<Option<LockedEndpoint>> {
    let contests = contests.names();
    sqlx::query_as!(
        LockedEndpoint,
        "/* lock_webhook */
        select host, types, contest from webhook_endpoints
        where id = $1 and state <> 'removed' and ($2::text[] is null or contest = any($2)) for update",
        id,
        contests.as_deref(),
    )
    .fetch_optional(tx)
    .await
    .context("lock a webhook endpoint")
}

/// Adds an endpoint, which receives events from now on. `false` if [`MOST`] are enabled already.
pub async fn add(tx: &mut PgConnection, new: &NewEndpoint, by: &By) -> anyhow::Result<bool> {
    let added = sqlx::query!(
        "/* add_webhook */
        insert into webhook_endpoints (id, host, types, contest, key_id, nonce, ciphertext)
        select $1, $2, $3, $4, $5, $6, $7
        where (select count(*) from webhook_endpoints where state = 'enabled') < $8",
        new.id,
        new.host,
        &new.types,
        new.contest.as_ref().map(ContestId::as_str),
        new.sealed.key_id,
        new.sealed.nonce,
        new.sealed.ciphertext,
        MOST,
    )
    .execute(&mut *tx)
    .await
    .context("store a webhook endpoint")?;
    if added.rows_affected() == 0 {
        return Ok(false);
    }
    let after = json!({ "host": new.host, "types": new.types, "contest": new.contest });
    note(tx, by, "webhook_added", new.id, after).await?;
    Ok(true)
}

/// Address and secrets of an endpoint that was not removed.
pub async fn sealed(executor: impl PgExecutor<'_>, id: Uuid) -> anyhow::Result<Option<Sealed>> {
    sqlx::query_as!(
        Sealed,
        "/* webhook_sealed */
        select key_id, nonce, ciphertext from webhook_endpoints where id = $1 and state <> 'removed'",
        id,
    )
    .fetch_optional(executor)
    .await
    .context("load a webhook endpoint")
}

/// Replaces address and secrets of a locked endpoint, for a rotation.
pub async fn rotate(tx: &mut PgConnection, id: Uuid, new: &Sealed, by: &By) -> anyhow::Result<()> {
    sqlx::query!(
        "/* rotate_webhook */
        update webhook_endpoints set key_id = $2, nonce = $3, ciphertext = $4, updated_at = clock_timestamp()
        where id = $1",
        id,
        new.key_id,
        new.nonce,
        new.ciphertext,
    )
    .execute(&mut *tx)
    .await
    .context("replace a webhook's secrets")?;
    note(tx, by, "webhook_rotated", id, json!({})).await
}

/// Removes an endpoint: it receives nothing more, and its address and secrets are deleted. Its log stays for a while.
/// `false` if there is none.
pub async fn remove(tx: &mut PgConnection, id: Uuid, by: &By) -> anyhow::Result<bool> {
    let removed = sqlx::query!(
        "/* remove_webhook */
                    update webhook_endpoints set state = 'removed', nonce = '', ciphertext = '', updated_at = clock_timestamp()
                    where id = $1 and state <> 'removed'",
        id,
    )
    .execute(&mut *tx)
    .await
    .context("remove a webhook endpoint")?;
    if removed.rows_affected() == 0 {
        return Ok(false);
    }
    queue::cancel(tx, id).await?;
    note(tx, by, "webhook_removed", id, json!({})).await?;
    Ok(true)
}

/// A person's act on an endpoint, for the audit trail. It may contain the endpoint's host, but not its address.
pub(super) async fn note(tx: &mut PgConnection, by: &By, act: &str, id: Uuid, after: Value) -> anyhow::Result<()> {
    let act = Act { act, submission: None, partner: None, before: json!({ "webhook": id }), after };
    let contest = sqlx::query_scalar!("/* webhook_contest */ select contest from webhook_endpoints where id = $1", id)
        .fetch_optional(&mut *tx)
        .await
        .context("find a webhook's contest")?;
    audit::add_about(tx, by, &act, contest.flatten().map(ContestId::new).as_ref()).await
}
