//! Webhooks: list, messages; add, rotate, test, send again, remove.
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use runtime::problem::{Code, Problem};
use runtime::serving::params::Params;
use runtime::serving::principal::Person;
use uuid::Uuid;

use super::wish::Wish;
use crate::Desk;
use crate::act::Done;
use crate::act::webhook::{
    self, NewWebhook, WebhookReason, WebhookRemoved, WebhookResend, WebhookResent, WebhookSecret, WebhookTest,
};
use crate::view::webhooks::{self as view, Message, Webhook};
use crate::view::{Page, Paging};

/// Lists webhooks, oldest first. A token that is bound to a contest sees those of that contest.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "desk", operation_id = "list_webhooks", security(("token" = [])),
    responses((status = 200, description = "Those that were not removed", body = Vec<Webhook>)))]
pub(crate) async fn list(State(desk): State<Arc<Desk>>, Person(token): Person) -> Result<Json<Vec<Webhook>>, Problem> {
    Ok(Json(view::webhooks(&desk, &token.sees()).await?))
}

/// Messages to a webhook, newest first, with every attempt.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}/messages", tag = "desk", operation_id = "webhook_messages",
    security(("token" = [])), params(("webhook" = Uuid, Path, description = "Webhook"), Paging),
    responses((status = 200, description = "A page", body = Page<Message>)))]
pub(crate) async fn messages(
    State(desk): State<Arc<Desk>>,
    Person(token): Person,
    Path(id): Path<String>,
    Params(paged): Params<Paging>,
) -> Result<Json<Page<Message>>, Problem> {
    Ok(Json(view::messages(&desk, &token.sees(), named(&id)?, &paged).await?))
}

/// Adds a webhook: its address receives changes from now on. The answer contains the signing secret, which is not shown
/// again.
#[utoipa::path(post, path = "/api/v1/webhooks", tag = "desk", operation_id = "add_webhook", security(("token" = [])),
    request_body = NewWebhook, responses((status = 201, description = "Added", body = WebhookSecret)))]
pub(crate) async fn create(
    State(desk): State<Arc<Desk>>,
    Wish(caller, wish): Wish<NewWebhook>,
) -> Result<Response, Problem> {
    Ok(webhook::create(&desk, &caller, wish).await?.answer(StatusCode::CREATED))
}

/// Creates a new secret, which is not shown again. For 24 hours, messages are signed with the old one as well.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/rotate", tag = "desk", operation_id = "rotate_webhook",
    security(("token" = [])), params(("webhook" = Uuid, Path, description = "Webhook")), request_body = WebhookReason,
    responses((status = 200, description = "Rotated", body = WebhookSecret)))]
pub(crate) async fn rotate(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    Wish(caller, wish): Wish<WebhookReason>,
) -> Result<Done<WebhookSecret>, Problem> {
    webhook::rotate(&desk, &caller, named(&id)?, wish).await
}

/// Sends a test message; the list of messages shows the result.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/test", tag = "desk", operation_id = "test_webhook",
    security(("token" = [])), params(("webhook" = Uuid, Path, description = "Webhook")), request_body = WebhookReason,
    responses((status = 200, description = "It is due now", body = WebhookTest)))]
pub(crate) async fn test(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    Wish(caller, wish): Wish<WebhookReason>,
) -> Result<Done<WebhookTest>, Problem> {
    webhook::test(&desk, &caller, named(&id)?, wish).await
}

/// Sends a message again under its old id, or all that were not delivered.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/resend", tag = "desk", operation_id = "resend_webhook",
    security(("token" = [])), params(("webhook" = Uuid, Path, description = "Webhook")), request_body = WebhookResend,
    responses((status = 200, description = "They are due now", body = WebhookResent)))]
pub(crate) async fn resend(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    Wish(caller, wish): Wish<WebhookResend>,
) -> Result<Done<WebhookResent>, Problem> {
    webhook::resend(&desk, &caller, named(&id)?, wish).await
}

/// Removes a webhook: no more messages are sent, and its address and secrets are deleted.
#[utoipa::path(delete, path = "/api/v1/webhooks/{webhook}", tag = "desk", operation_id = "remove_webhook",
    security(("token" = [])), params(("webhook" = Uuid, Path, description = "Webhook")),
    responses((status = 200, description = "Removed", body = WebhookRemoved)))]
pub(crate) async fn remove(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    Wish(caller, wish): Wish<WebhookReason>,
) -> Result<Done<WebhookRemoved>, Problem> {
    webhook::remove(&desk, &caller, named(&id)?, wish).await
}

fn named(webhook: &str) -> Result<Uuid, Problem> {
    Ok(webhook.parse().map_err(|_| Code::WebhookUnknown)?)
}
