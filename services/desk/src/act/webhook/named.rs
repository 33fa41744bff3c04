//! The webhook that an act names.
use runtime::problem::{Code, Problem};
use runtime::store::Transaction;
use runtime::store::outgoing::webhooks::endpoints::{self, LockedEndpoint};
use uuid::Uuid;

use crate::act::Caller;

/// Locks the webhook. One of another contest, or of all contests, does not exist for people who are bound to a contest.
pub(super) async fn named(tx: &mut Transaction, caller: &Caller, id: Uuid) -> anyhow::Result<LockedEndpoint> {
    let row = endpoints::lock(tx, id, &caller.sees).await?;
    row.ok_or_else(|| Problem::from(Code::WebhookUnknown).into())
}
