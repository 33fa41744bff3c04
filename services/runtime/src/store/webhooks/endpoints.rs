//! Endpoints: who wants to hear of changes. Address and secrets come here sealed.
use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use pipeline::id::ContestId;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::Store;
use super::super::audit::{self, Act};
use super::super::history::By;
use super::queue;
use crate::seal::Sealed;

/// Endpoints that may be enabled at once: each has calls of its own under way, so this bounds the sender.
const MOST: i64 = 64;

/// An endpoint as a person adds it.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    /// Its id; its address is sealed for it.
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

/// An endpoint for a reader.
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
    /// Messages that were given up or did not fit the queue.
    pub failed: i64,
    /// Until when it is left alone, if it is.
    pub quiet_until: Option<DateTime<Utc>>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// Adds an endpoint. It is told of what happens from now on.
    ///
    /// # Errors
    /// Also when there are too many already.
    pub async fn add_webhook(&self, new: &NewEndpoint, by: &By) -> anyhow::Result<()> {
        self.quiet_transaction("add_webhook", |tx, _| {
            Box::pin(async move {
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
                ensure!(added.rows_affected() == 1, "there are {MOST} webhook endpoints already");
                let after = json!({ "host": new.host, "types": new.types, "contest": new.contest });
                note(tx, by, "webhook_added", new.id, after).await
            })
        })
        .await
    }

    /// All endpoints that were not removed, oldest first.
    pub async fn webhooks(&self) -> anyhow::Result<Vec<EndpointRow>> {
        sqlx::query_as!(
            EndpointRow,
            r#"/* webhooks */
            select id, host, types, contest, state, created_at,
                case when quiet_until > clock_timestamp() then quiet_until end as quiet_until,
                (select count(*) from webhook_messages where endpoint = e.id and status = 'pending') as "pending!",
                (select count(*) from webhook_messages where endpoint = e.id and status in ('failed', 'dropped')) as "failed!"
            from webhook_endpoints e where state <> 'removed' order by created_at, id"#,
        )
        .fetch_all(self.pool())
        .await
        .context("list webhook endpoints")
    }

    /// Address and secrets of an endpoint that was not removed.
    pub async fn webhook_sealed(&self, id: Uuid) -> anyhow::Result<Option<Sealed>> {
        sqlx::query_as!(
            Sealed,
            "/* webhook_sealed */
            select key_id, nonce, ciphertext from webhook_endpoints where id = $1 and state <> 'removed'",
            id,
        )
        .fetch_optional(self.pool())
        .await
        .context("load a webhook endpoint")
    }

    /// Replaces `old` by `new`: a rotation. `false` where somebody else was faster.
    pub async fn rotate_webhook(&self, id: Uuid, old: &Sealed, new: &Sealed, by: &By) -> anyhow::Result<bool> {
        self.quiet_transaction("rotate_webhook", |tx, _| {
            Box::pin(async move {
                let replaced = sqlx::query!(
                    "/* rotate_webhook */
                    update webhook_endpoints set key_id = $2, nonce = $3, ciphertext = $4, updated_at = clock_timestamp()
                    where id = $1 and state <> 'removed' and ciphertext = $5",
                    id,
                    new.key_id,
                    new.nonce,
                    new.ciphertext,
                    old.ciphertext,
                )
                .execute(&mut *tx)
                .await
                .context("replace a webhook's secrets")?;
                if replaced.rows_affected() == 0 {
                    return Ok(false);
                }
                note(tx, by, "webhook_rotated", id, json!({})).await?;
                Ok(true)
            })
        })
        .await
    }

    /// Removes an endpoint: it is told nothing more, and its address and secrets are forgotten. Its log stays for a while.
    /// `false` if there is none.
    pub async fn remove_webhook(&self, id: Uuid, by: &By) -> anyhow::Result<bool> {
        self.quiet_transaction("remove_webhook", |tx, _| Box::pin(async move { remove(tx, id, by).await })).await
    }
}

/// Removes an endpoint within the caller's transaction. `false` if there is none.
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

/// What a person did with an endpoint, for the audit trail. Its host may be told, its address may not.
pub(super) async fn note(tx: &mut PgConnection, by: &By, act: &str, id: Uuid, after: Value) -> anyhow::Result<()> {
    let act = Act { act, submission: None, partner: None, before: json!({ "webhook": id }), after };
    audit::add(tx, by, &act).await
}
