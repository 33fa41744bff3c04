//! The one function through which a delivery changes.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::delivery::{Delivery, DeliveryEvent, Desired, Phase};
use pipeline::id::{PartnerId, SubmissionId};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::lock::{LockedDelivery, lock_existing};
use crate::store::outgoing::webhooks;
use crate::store::people::audit::{self, Act};
use crate::store::submissions::history::{self, By};
use crate::store::work::fingerprints;
use crate::{telemetry, wire};

/// The only way in which a delivery changes. Acts of people are added to the audit trail.
pub(in crate::store) async fn apply(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
    event: &DeliveryEvent,
    by: &By,
) -> anyhow::Result<Delivery> {
    let locked = lock_existing(tx, submission, partner).await?;
    apply_locked(tx, submission, partner, locked, event, by).await
}

/// The same for a delivery that this transaction has locked already.
pub(super) async fn apply_locked(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
    locked: LockedDelivery,
    event: &DeliveryEvent,
    by: &By,
) -> anyhow::Result<Delivery> {
    let LockedDelivery { mut delivery, at } = locked;
    let before = delivery.clone();
    if !delivery.apply(event.clone()) {
        return Ok(delivery);
    }
    if delivery.observed.name() == before.observed.name() {
        save(tx, submission, partner, &delivery, at).await?;
    } else {
        save_and_tell(tx, submission, partner, &delivery, at, by).await?;
        if delivery.observed.phase() == Phase::Ended {
            fingerprints::leave_seat(tx, submission).await?;
        }
    }
    if by.is_person() {
        let act = Act {
            act: &format!("delivery_{}", event_name(event)?),
            submission: Some(submission),
            partner: Some(partner),
            before: serde_json::to_value(&before)?,
            after: serde_json::to_value(&delivery)?,
        };
        audit::add(tx, by, &act).await?;
    }
    Ok(delivery)
}

/// The observed state keeps its name: readers of events and of the history see no change.
async fn save(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
    delivery: &Delivery,
    at: DateTime<Utc>,
) -> anyhow::Result<()> {
    sqlx::query!(
        "/* save_delivery */
        update deliveries set machine = $3, state = $4, run = $5, updated_at = $6,
            recall_due = case when $7 then recall_due end, recall_reason = case when $7 then recall_reason end
        where submission = $1 and partner = $2",
        submission.0,
        partner.as_str(),
        Json(delivery) as _,
        delivery.observed.name(),
        delivery.run as i32,
        at,
        delivery.desired == Desired::Gone,
    )
    .execute(tx)
    .await
    .with_context(|| format!("save the delivery of {submission} to {partner}"))?;
    Ok(())
}

/// The observed state has another name: writes it, the event for subscribers, including webhooks, and a line of
/// history. One statement, because a round trip costs both sides more than most of what it carries.
async fn save_and_tell(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
    delivery: &Delivery,
    at: DateTime<Utc>,
    by: &By,
) -> anyhow::Result<()> {
    let (state, run) = (delivery.observed.name(), delivery.run);
    let traceparent = telemetry::current_traceparent();
    let changed = wire::delivery_changed(submission, partner, run, state, at, traceparent);
    let webhook = webhooks::Message::of(&changed, at)?;
    let detail = serde_json::json!({ "partner": partner, "state": state, "run": run });
    sqlx::query_file!(
        "src/store/partners/deliveries/change_delivery.sql",
        submission.0,
        partner.as_str(),
        Json(delivery) as _,
        state,
        run as i32,
        at,
        delivery.desired == Desired::Gone,
        webhook.kind,
        webhook.payload,
        webhooks::QUEUE_BOUND,
        changed.exchange,
        changed.routing_key,
        changed.kind,
        changed.body,
        serde_json::to_value(&changed.headers)?,
        by.actor.to_string(),
        history::signed(by, &detail),
    )
    .execute(tx)
    .await
    .with_context(|| format!("change the delivery of {submission} to {partner} to {state}"))?;
    Ok(())
}

/// Stores what was handed over. Returns the current state of the delivery, locked until the end of the transaction.
pub(in crate::store) async fn keep_receipt(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
    receipt: &serde_json::Value,
) -> anyhow::Result<Delivery> {
    let machine = sqlx::query_scalar!(
        r#"/* keep_receipt */
        update deliveries set receipt = $3 where submission = $1 and partner = $2
        returning machine as "machine: Json<Delivery>""#,
        submission.0,
        partner.as_str(),
        receipt,
    )
    .fetch_one(tx)
    .await
    .context("store the receipt")?;
    Ok(machine.0)
}

/// An event's name in its JSON form.
fn event_name(event: &DeliveryEvent) -> anyhow::Result<String> {
    let event = serde_json::to_value(event)?;
    event["event"].as_str().map(ToOwned::to_owned).context("a delivery event without a name")
}
