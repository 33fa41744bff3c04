//! Webhooks: addresses that are notified of changes. Adding one, changing its secret, removing it; sending again and
//! testing are in `send`.
//!
//! An address is checked by the rule of the client that calls it (`runtime::callable`): https, or plain http inside of
//! ALLOW_PRIVATE_NETWORKS, without a password. A name is not resolved here; the client checks every address that it
//! resolves to. The secret is returned once, by the act that makes it, and again only to a repetition of the same
//! request with the same key.
use std::collections::BTreeSet;

use pipeline::id::ContestId;
use pipeline::person::Sees;
use runtime::callable;
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::openapi::vocabulary::EventType;
use runtime::store::outgoing::webhooks::TYPES;
use runtime::store::outgoing::webhooks::endpoints::{self, MOST, NewEndpoint};
use runtime::webhook::Target;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Done, settle};
use crate::Desk;
use named::named;

mod named;
mod reason;
mod send;

pub use reason::WebhookReason;
pub use send::{WebhookResend, WebhookResent, WebhookTest, resend, test};

/// A webhook to add.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// The address, https, without user name or password.
    #[schema(max_length = 2048)]
    pub url: String,
    /// Only events of these types, `submission.changed` or `delivery.changed`; all if absent.
    #[serde(default)]
    #[schema(value_type = Vec<EventType>)]
    pub types: BTreeSet<String>,
    /// Only works of this contest; if absent, of all that the caller may see.
    #[serde(default)]
    pub contest: Option<String>,
    /// Why, for the audit trail.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A webhook with its new secret. Keep it; it is not shown again.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct WebhookSecret {
    /// The webhook.
    pub id: Uuid,
    /// Host of its address.
    pub host: String,
    /// Event types; all if empty.
    pub types: BTreeSet<String>,
    /// Only works of this contest; if absent, of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contest: Option<String>,
    /// What verifies `webhook-signature` (standardwebhooks.com): `whsec_` and base64.
    pub secret: String,
}

/// A removed webhook.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WebhookRemoved {
    /// The webhook.
    pub id: Uuid,
}

/// Adds a webhook. It gets the changes from now on. People who are bound to a contest add webhooks of that contest.
pub async fn create(desk: &Desk, caller: &Caller, wish: NewWebhook) -> Result<Done<WebhookSecret>, Problem> {
    let by = caller.because(wish.reason.as_deref())?;
    callable::check(&wish.url, &desk.allowed_networks)
        .map_err(|wrong| Code::FieldWrong.about(not_called(wrong).of("url")))?;
    if wish.types.iter().any(|it| !TYPES.contains(&it.as_str())) {
        return Err(Code::FieldWrong.about(format!("types: {}", TYPES.join(", "))));
    }
    let contest = contest(desk, caller, wish.contest)?;
    let id = Uuid::now_v7();
    let target = Target::new(&wish.url)?;
    let keys = desk.keys()?;
    let types = wish.types.iter().cloned().collect();
    let new = NewEndpoint { id, host: target.host(), types, contest, sealed: target.seal(keys, id)? };
    let by = &by;
    let new = &new;
    let types = &wish.types;
    let secret = target.secret();
    let done = desk.store.transaction("add_webhook", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, false).await? {
                return Ok(done);
            }
            if !endpoints::add(tx, new, by).await? {
                return Err(Code::TooManyWebhooks.about(MOST.to_string()).into());
            }
            let contest = new.contest.as_ref().map(ContestId::to_string);
            let host = new.host.clone();
            let types = types.clone();
            let secret = secret.to_owned();
            caller.end(tx, false, WebhookSecret { id, host, types, contest, secret }).await
        })
    });
    settle(done.await)
}

/// Makes a new secret. The old one signs beside it for 24 hours.
pub async fn rotate(
    desk: &Desk,
    caller: &Caller,
    id: Uuid,
    wish: WebhookReason,
) -> Result<Done<WebhookSecret>, Problem> {
    let by = caller.because(wish.reason.as_deref())?;
    let (by, keys) = (&by, desk.keys()?);
    let done = desk.store.transaction("rotate_webhook", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, false).await? {
                return Ok(done);
            }
            let row = named(tx, caller, id).await?;
            let sealed = endpoints::sealed(&mut *tx, id).await?.ok_or_else(|| Problem::from(Code::WebhookUnknown))?;
            let mut target = Target::open(keys, id, &sealed)?;
            target.rotate(desk.clock.now())?;
            endpoints::rotate(tx, id, &target.seal(keys, id)?, by).await?;
            let host = row.host;
            let types = row.types.into_iter().collect();
            let secret = target.secret().to_owned();
            caller.end(tx, false, WebhookSecret { id, host, types, contest: row.contest, secret }).await
        })
    });
    settle(done.await)
}

/// Removes a webhook: no more messages are sent, and its address and secrets are deleted.
pub async fn remove(
    desk: &Desk,
    caller: &Caller,
    id: Uuid,
    wish: WebhookReason,
) -> Result<Done<WebhookRemoved>, Problem> {
    let by = caller.because(wish.reason.as_deref())?;
    let by = &by;
    let done = desk.store.transaction("remove_webhook", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, false).await? {
                return Ok(done);
            }
            named(tx, caller, id).await?;
            endpoints::remove(tx, id, by).await?;
            caller.end(tx, false, WebhookRemoved { id }).await
        })
    });
    settle(done.await)
}

/// Why an address is not called.
fn not_called(wrong: String) -> Detail {
    Detail::new("须为公网可达的 https 地址，不含用户名和密码", wrong)
}

/// The contest of a new webhook: the named one, which the catalogue must have, within what the caller may see.
fn contest(desk: &Desk, caller: &Caller, named: Option<String>) -> Result<Option<ContestId>, Problem> {
    let named = named.map(ContestId::new);
    if let Some(contest) = &named
        && desk.catalogue.contest(contest).is_none()
    {
        let all: Vec<_> = desk.catalogue.contests.keys().map(ContestId::as_str).collect();
        return Err(Code::ContestUnknown.about(format!("contest: {}", all.join(", "))));
    }
    match (named, &caller.sees) {
        (Some(named), sees) if sees.includes(&named) => Ok(Some(named)),
        (Some(_), _) => Err(Code::ContestForeign.into()),
        (None, Sees::All) => Ok(None),
        (None, sees) => sees.one().cloned().map(Some).ok_or_else(|| Code::ContestMissing.into()),
    }
}
