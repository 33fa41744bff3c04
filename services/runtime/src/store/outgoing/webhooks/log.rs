//! The delivery log of an endpoint, and the acts of people on it: send again, send a test.
use anyhow::Context;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::{TEST_TYPE, endpoints, payload};
use crate::store::Store;
use crate::store::submissions::history::By;

/// Every status of a message.
pub const STATUSES: [&str; 5] = ["pending", "delivered", "failed", "cancelled", "dropped"];

/// A message in the log, newest first.
#[derive(Clone, Debug, Serialize)]
pub struct LogRow {
    /// What the receiver sees as `webhook-id`, without its prefix.
    pub id: Uuid,
    /// Event type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The submission that it is about.
    pub submission: Option<Uuid>,
    /// `pending`, `delivered`, `failed`, `cancelled` or `dropped`.
    pub status: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When the next attempt is due, while it is pending.
    pub due: Option<DateTime<Utc>>,
    /// Every attempt, oldest first.
    pub attempts: Json<Vec<LoggedAttempt>>,
}

/// One attempt.
#[derive(Clone, Debug, Serialize, serde::Deserialize)]
pub struct LoggedAttempt {
    /// Its number.
    pub attempt: i32,
    /// When it began.
    pub at: DateTime<Utc>,
    /// HTTP status.
    pub status: Option<i32>,
    /// Why there was no answer.
    pub error: Option<String>,
    /// How long it took; absent if it was cut off.
    pub elapsed_ms: Option<i32>,
    /// Beginning of the answer.
    pub answer: Option<String>,
}

impl Store {
    /// Messages of an endpoint, newest first, with every attempt: those written before the message `before`, at most `limit`.
    pub async fn webhook_log(&self, endpoint: Uuid, before: Option<Uuid>, limit: u32) -> anyhow::Result<Vec<LogRow>> {
        sqlx::query_as!(
            LogRow,
            r#"/* webhook_log */
            select id, type as kind, submission, status, created_at, case when status = 'pending' then due end as due,
                (select coalesce(json_agg(json_build_object('attempt', a.attempt, 'at', a.at, 'status', a.status,
                    'error', a.error, 'elapsed_ms', a.elapsed_ms, 'answer', a.answer) order by a.attempt), '[]')
                    from webhook_attempts a where a.message = m.id) as "attempts!: Json<Vec<LoggedAttempt>>"
            from webhook_messages m
            where endpoint = $1 and ($2::uuid is null or seq < (select seq from webhook_messages where id = $2))
            order by seq desc limit $3"#,
            endpoint,
            before,
            i64::from(limit),
        )
        .fetch_all(self.pool())
        .await
        .context("read the log of a webhook endpoint")
    }
}

/// Writes a message for testing an endpoint. `None` if the endpoint is not enabled.
pub async fn test(tx: &mut PgConnection, endpoint: Uuid, at: DateTime<Utc>, by: &By) -> anyhow::Result<Option<Uuid>> {
    let message = sqlx::query_scalar!(
        "/* test_webhook */
        insert into webhook_messages (endpoint, type, body)
        select id, $2, $3 from webhook_endpoints where id = $1 and state = 'enabled' returning id",
        endpoint,
        TEST_TYPE,
        payload(TEST_TYPE, at, &json!({ "endpoint": endpoint })),
    )
    .fetch_optional(&mut *tx)
    .await
    .context("write a test message")?;
    if let Some(message) = message {
        endpoints::note(tx, by, "webhook_tested", endpoint, json!({ "message": message })).await?;
    }
    Ok(message)
}

/// Sends ended messages again, including delivered ones, under their old ids. Without `message`, all messages of the
/// endpoint that were not delivered. Nothing is sent to an endpoint that is not enabled. Returns how many.
pub async fn resend(tx: &mut PgConnection, endpoint: Uuid, message: Option<Uuid>, by: &By) -> anyhow::Result<u64> {
    let again = sqlx::query!(
        "/* resend_webhooks */
                    update webhook_messages set status = 'pending', attempts_before = attempt, due = clock_timestamp(),
                        finished_at = null
                    where endpoint = $1 and status <> 'pending'
                        and (id = $2 or ($2::uuid is null and status in ('failed', 'dropped', 'cancelled')))
                        and exists (select from webhook_endpoints where id = $1 and state = 'enabled')",
        endpoint,
        message,
    )
    .execute(&mut *tx)
    .await
    .context("send webhook messages again")?
    .rows_affected();
    if again > 0 {
        let after = json!({ "message": message, "messages": again });
        endpoints::note(tx, by, "webhook_resent", endpoint, after).await?;
    }
    Ok(again)
}
