//! Webhooks as organisers see them: who is told of changes, what became of it, sending again, ending it. Adding one and changing
//! its secret need the guarded client and the publish service's secrets: `reelmill webhook add|rotate`.
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use pipeline::id::MessageId;
use runtime::store::tokens::TokenRow;
use runtime::store::webhooks::endpoints::{self, EndpointRow};
use runtime::store::webhooks::log::{self, LogRow};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::limit_of;
use crate::Desk;
use runtime::problem::{Code, Problem};
use runtime::serving::act::{Act, Answered};
use runtime::serving::params::Params;
use runtime::serving::principal::Person;

/// Who is told of changes.
#[derive(Serialize, ToSchema)]
pub(crate) struct Webhook {
    id: Uuid,
    /// Host of its address; the address may hold a token.
    host: String,
    /// Event types; all if empty.
    types: Vec<String>,
    /// Only entries of this contest.
    #[serde(skip_serializing_if = "Option::is_none")]
    contest: Option<String>,
    /// `enabled`, or `gone`: it answered 410.
    state: String,
    /// Messages that wait.
    pending: i64,
    /// Messages that were given up.
    failed: i64,
    /// Until when it is left alone, since it did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    quiet_until: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
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
#[derive(Serialize, ToSchema)]
pub(crate) struct Message {
    /// `msg_` and 32 hex digits, as the receiver sees it.
    #[schema(value_type = String)]
    id: MessageId,
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    submission: Option<Uuid>,
    /// `pending`, `delivered`, `failed`, `cancelled` or `dropped`.
    status: String,
    created_at: DateTime<Utc>,
    /// When the next attempt is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<DateTime<Utc>>,
    /// Every attempt, oldest first: when, HTTP status or error, how long, the beginning of the answer.
    #[schema(value_type = Vec<Object>)]
    attempts: Value,
}

impl TryFrom<LogRow> for Message {
    type Error = anyhow::Error;
    fn try_from(row: LogRow) -> Result<Self, Self::Error> {
        Ok(Self {
            attempts: serde_json::to_value(&row.attempts.0)?,
            id: row.id,
            kind: row.kind,
            submission: row.submission,
            status: row.status,
            created_at: row.created_at,
            due: row.due,
        })
    }
}

/// Those that a token may see: of its contest, or all.
async fn seen_by(desk: &Desk, token: &TokenRow) -> anyhow::Result<Vec<EndpointRow>> {
    let rows = desk.store.webhooks().await?.into_iter();
    let bound = token.contest.as_ref().map(|contest| contest.as_str());
    Ok(rows.filter(|row| bound.is_none_or(|bound| row.contest.as_deref() == Some(bound))).collect())
}

/// The id, if the token may see that webhook.
async fn named(desk: &Desk, token: &TokenRow, id: &str) -> Result<Uuid, Problem> {
    let id = id.parse().map_err(|_| Code::WebhookUnknown)?;
    let seen = seen_by(desk, token).await?;
    if seen.iter().any(|row| row.id == id) { Ok(id) } else { Err(Code::WebhookUnknown.into()) }
}

/// Lists who is told of changes, oldest first. Whoever is bound to a contest sees those that are, too.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "desk", security(("token" = [])),
    responses((status = 200, description = "Those that were not removed", body = Vec<Webhook>)))]
pub(crate) async fn list(State(desk): State<Arc<Desk>>, Person(token): Person) -> Result<Json<Vec<Webhook>>, Problem> {
    let rows = seen_by(&desk, &token).await?;
    Ok(Json(rows.into_iter().map(Webhook::from).collect()))
}

/// How much of the log.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Newest {
    /// 1 to 200, 50 if absent.
    limit: Option<u32>,
}

/// The newest messages to a webhook, newest first, with every attempt.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}/messages", tag = "desk", security(("token" = [])),
    params(("webhook" = Uuid, Path, description = "Webhook"), Newest),
    responses((status = 200, description = "Newest first", body = Vec<Message>)))]
pub(crate) async fn messages(
    State(desk): State<Arc<Desk>>,
    Person(token): Person,
    Path(id): Path<String>,
    Params(newest): Params<Newest>,
) -> Result<Json<Vec<Message>>, Problem> {
    let id = named(&desk, &token, &id).await?;
    let rows = desk.store.webhook_log(id, i64::from(limit_of(newest.limit)?)).await?;
    let messages: anyhow::Result<Vec<Message>> = rows.into_iter().map(Message::try_from).collect();
    Ok(Json(messages?))
}

/// What to send again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resend {
    /// Only this message; all that were not delivered if absent.
    #[schema(value_type = Option<String>)]
    message: Option<MessageId>,
    /// For the audit trail.
    reason: Option<String>,
}

/// What is sent again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Resent {
    /// How many messages.
    messages: u64,
}

/// Sends a message again under its old id, or all that were not delivered.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/resend", tag = "desk", security(("token" = [])),
    params(("webhook" = Uuid, Path, description = "Webhook")), request_body = Resend,
    responses((status = 200, description = "They are due now", body = Resent)))]
pub(crate) async fn resend(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    act: Act,
) -> Result<Answered, Problem> {
    let wish: Resend = act.body()?;
    let id = named(&desk, act.token()?, &id).await?;
    let by = act.by(wish.reason.as_deref())?;
    let (act, by, message) = (&act, &by, wish.message.map(|it| it.0));
    let resent = desk.store.transaction("desk_resend_webhooks", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            let messages = log::resend(tx, id, message, by).await?;
            if messages == 0 {
                return Err(Problem::from(Code::NothingToResend).into());
            }
            act.end(tx, StatusCode::OK, &Resent { messages }).await
        })
    });
    Ok(Answered(resent.await?))
}

/// Tells an address nothing more, and forgets its secrets.
#[utoipa::path(delete, path = "/api/v1/webhooks/{webhook}", tag = "desk", security(("token" = [])),
    params(("webhook" = Uuid, Path, description = "Webhook")),
    responses((status = 204, description = "Removed")))]
pub(crate) async fn remove(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    act: Act,
) -> Result<Answered, Problem> {
    // A repeated request finds it gone.
    if let Some(answer) = act.answered(&desk.store).await? {
        return Ok(Answered(answer));
    }
    let id = named(&desk, act.token()?, &id).await?;
    let by = act.by(None)?;
    let (act, by) = (&act, &by);
    let removed = desk.store.transaction("desk_remove_webhook", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            if !endpoints::remove(tx, id, by).await? {
                return Err(Problem::from(Code::WebhookUnknown).into());
            }
            act.end(tx, StatusCode::NO_CONTENT, &()).await
        })
    });
    Ok(Answered(removed.await?))
}
