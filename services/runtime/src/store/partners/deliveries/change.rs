//! The one function through which a delivery changes, and its current state under a lock.
use anyhow::Context;
use pipeline::delivery::{Delivery, DeliveryEvent, Desired, Phase};
use pipeline::id::{PartnerId, SubmissionId};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::store::outgoing::{messages, webhooks};
use crate::store::people::audit::{self, Act};
use crate::store::submissions::history::{self, By};
use crate::store::work::fingerprints;
use crate::{telemetry, wire};

/// The current state of one delivery, locked against other changes until the transaction ends.
pub async fn current(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
) -> anyhow::Result<Option<Delivery>> {
    let machine = sqlx::query_scalar!(
        r#"/* lock_delivery */
        select machine as "machine: Json<Delivery>" from deliveries where submission = $1 and partner = $2 for update"#,
        submission.0,
        partner.as_str(),
    )
    .fetch_optional(tx)
    .await
    .with_context(|| format!("load the delivery of {submission} to {partner}"))?;
    Ok(machine.map(|machine| machine.0))
}

/// The same for a delivery that must exist.
pub(in crate::store) async fn locked(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
) -> anyhow::Result<Delivery> {
    current(tx, submission, partner)
        .await?
        .with_context(|| format!("there is no delivery of {submission} to {partner}"))
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

/// The only way in which a delivery changes. Acts of people are added to the audit trail.
pub(in crate::store) async fn apply(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
    event: &DeliveryEvent,
    by: &By,
) -> anyhow::Result<Delivery> {
    let mut delivery = locked(tx, submission, partner).await?;
    let before = delivery.observed.name();
    let state_before = serde_json::to_value(&delivery)?;
    if !delivery.apply(event.clone()) {
        return Ok(delivery);
    }
    let state = delivery.observed.name();
    let at = sqlx::query_scalar!(
        "/* save_delivery */
        update deliveries set machine = $3, state = $4, run = $5, updated_at = clock_timestamp(),
            recall_due = case when $6 then recall_due end, recall_reason = case when $6 then recall_reason end
        where submission = $1 and partner = $2 returning updated_at",
        submission.0,
        partner.as_str(),
        Json(&delivery) as _,
        state,
        delivery.run as i32,
        delivery.desired == Desired::Gone,
    )
    .fetch_one(&mut *tx)
    .await?;
    if state != before {
        let traceparent = telemetry::current_traceparent();
        let changed = wire::delivery_changed(submission, partner, delivery.run, state, at, traceparent);
        webhooks::follow(tx, submission, &changed, at).await?;
        messages::add(tx, &[changed]).await?;
        let detail = serde_json::json!({ "partner": partner, "state": state, "run": delivery.run });
        history::add(tx, submission, by, "delivery_changed", &detail).await?;
        if delivery.observed.phase() == Phase::Ended {
            fingerprints::leave_seat(tx, submission).await?;
        }
    }
    if by.is_person() {
        let act = Act {
            act: &format!("delivery_{}", event_name(event)?),
            submission: Some(submission),
            partner: Some(partner),
            before: state_before,
            after: serde_json::to_value(&delivery)?,
        };
        audit::add(tx, by, &act).await?;
    }
    Ok(delivery)
}

/// An event's name in its JSON form.
fn event_name(event: &DeliveryEvent) -> anyhow::Result<String> {
    let event = serde_json::to_value(event)?;
    event["event"].as_str().map(ToOwned::to_owned).context("a delivery event without a name")
}
