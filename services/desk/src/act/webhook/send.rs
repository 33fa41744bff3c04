//! Messages to a webhook: sending again, and a test.
use runtime::problem::{Code, Detail, Problem};
use runtime::store::outgoing::webhooks::log;
use runtime::webhook;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::named::named;
use super::reason::WebhookReason;
use crate::Desk;
use crate::act::{Caller, Done, settle};

/// What to send again.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookResend {
    /// Only this message, by its `webhook-id` (`msg_…`); if absent, all that were not delivered.
    pub message: Option<String>,
    /// Why, for the audit trail.
    pub reason: Option<String>,
}

/// What is sent again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WebhookResent {
    /// The webhook.
    pub id: Uuid,
    /// How many messages.
    pub messages: u64,
}

/// The message for testing a webhook.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WebhookTest {
    /// The webhook.
    pub id: Uuid,
    /// The message, by its `webhook-id`.
    pub message: String,
}

/// Sends a message again under its old id, or all that were not delivered. Refused with `nothing_to_resend` if there
/// are none, or the webhook is not enabled.
pub async fn resend(
    desk: &Desk,
    caller: &Caller,
    id: Uuid,
    wish: WebhookResend,
) -> Result<Done<WebhookResent>, Problem> {
    let by = caller.because(wish.reason.as_deref())?;
    let wrong = || {
        Code::FieldWrong.about(Detail::new("须为 msg_ 加 32 位十六进制数字", "msg_ and 32 hex digits").of("message"))
    };
    let message = wish.message.as_deref().map(|it| webhook::message_id(it).ok_or_else(wrong)).transpose()?;
    let by = &by;
    let done = desk.store.transaction("resend_webhooks", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, false).await? {
                return Ok(done);
            }
            named(tx, caller, id).await?;
            let messages = log::resend(tx, id, message, by).await?;
            if messages == 0 {
                return Err(Problem::from(Code::NothingToResend).into());
            }
            caller.end(tx, false, WebhookResent { id, messages }).await
        })
    });
    settle(done.await)
}

/// Sends a test message. Refused with `nothing_to_resend` if the webhook is not enabled.
pub async fn test(desk: &Desk, caller: &Caller, id: Uuid, wish: WebhookReason) -> Result<Done<WebhookTest>, Problem> {
    let by = caller.because(wish.reason.as_deref())?;
    let (by, at) = (&by, desk.clock.now());
    let done = desk.store.transaction("test_webhook", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, false).await? {
                return Ok(done);
            }
            named(tx, caller, id).await?;
            let message = log::test(tx, id, at, by).await?.ok_or_else(|| Problem::from(Code::NothingToResend))?;
            caller.end(tx, false, WebhookTest { id, message: webhook::message_name(message) }).await
        })
    });
    settle(done.await)
}
