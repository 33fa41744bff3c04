//! Webhooks: the addresses that receive changes, and the outcome of each message. An address may contain a token, so
//! only its host is shown.
use chrono::{DateTime, Utc};
use pipeline::person::Sees;
use runtime::problem::{Code, Problem};
use runtime::serving::openapi::vocabulary::{EventType, MessageStatus, WebhookState};
use runtime::store::outgoing::webhooks::endpoints::EndpointRow;
use runtime::store::outgoing::webhooks::log::{LogRow, LoggedAttempt};
use runtime::webhook;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Page, Paging, limit_of, wrong_cursor};
use crate::Desk;

/// A webhook.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Webhook {
    /// Its id.
    pub id: Uuid,
    /// Host of its address.
    pub host: String,
    /// Event types; all if empty.
    #[schema(value_type = Vec<EventType>)]
    pub types: Vec<String>,
    /// Only works of this contest; if absent, of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contest: Option<String>,
    /// `enabled`, or `gone`: it answered 410.
    #[schema(value_type = WebhookState)]
    pub state: String,
    /// Messages that wait.
    pub pending: i64,
    /// Messages that were given up or did not fit into the queue.
    pub failed: i64,
    /// Until when no message is sent, because it did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet_until: Option<DateTime<Utc>>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

impl From<EndpointRow> for Webhook {
    fn from(row: EndpointRow) -> Self {
        Self {
            id: row.id,
            host: row.host,
            types: row.types,
            contest: row.contest,
            state: row.state,
            pending: row.pending,
            failed: row.failed,
            quiet_until: row.quiet_until,
            created_at: row.created_at,
        }
    }
}

/// A message to a webhook.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Message {
    /// What the receiver sees as `webhook-id`: `msg_` and 32 hex digits.
    pub id: String,
    /// Event type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The work that it is about; absent for a test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submission: Option<Uuid>,
    /// `pending`, `delivered`, `failed`, `cancelled` or `dropped`.
    #[schema(value_type = MessageStatus)]
    pub status: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When the next attempt is due, while it is pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<DateTime<Utc>>,
    /// Every attempt, oldest first.
    pub attempts: Vec<MessageAttempt>,
}

/// One attempt to send a message.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MessageAttempt {
    /// Its number.
    pub attempt: i32,
    /// When it started.
    pub at: DateTime<Utc>,
    /// HTTP status of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<i32>,
    /// Why there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took; absent while it runs, and if it was cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<i32>,
    /// Beginning of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

impl From<LoggedAttempt> for MessageAttempt {
    fn from(row: LoggedAttempt) -> Self {
        let LoggedAttempt { attempt, at, status, error, elapsed_ms, answer } = row;
        Self { attempt, at, status, error, elapsed_ms, answer }
    }
}

impl From<LogRow> for Message {
    fn from(row: LogRow) -> Self {
        Self {
            id: webhook::message_name(row.id),
            kind: row.kind,
            submission: row.submission,
            status: row.status,
            created_at: row.created_at,
            due: row.due,
            attempts: row.attempts.0.into_iter().map(MessageAttempt::from).collect(),
        }
    }
}

/// Webhooks that were not removed, oldest first. Not paged: at most 64 are enabled.
pub async fn webhooks(desk: &Desk, sees: &Sees) -> Result<Vec<Webhook>, Problem> {
    Ok(desk.store.webhooks(sees).await?.into_iter().map(Webhook::from).collect())
}

/// Messages to a webhook, newest first, with every attempt.
pub async fn messages(desk: &Desk, sees: &Sees, id: Uuid, paged: &Paging) -> Result<Page<Message>, Problem> {
    let limit = limit_of(paged.limit)?;
    let before = paged.cursor.as_deref().map(|it| webhook::message_id(it).ok_or_else(wrong_cursor));
    let before = before.transpose()?;
    if !desk.store.has_webhook(id, sees).await? {
        return Err(Code::WebhookUnknown.into());
    }
    let rows = desk.store.webhook_log(id, before, limit + 1).await?;
    Ok(Page::of(rows.into_iter().map(Message::from).collect(), limit, |message| message.id.clone()))
}
