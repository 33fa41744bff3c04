//! Deliveries: desired beside observed, one row a submission and partner. `pipeline::delivery` alone says what may follow what.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::delivery::{Delivery, DeliveryEvent, Observed};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::part::Part;
use pipeline::stage::Stage;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::audit::{self, Act};
use super::history::By;
use super::parts::{Claim, Commit};
use super::{Policy, Store, history, messages};
use crate::{telemetry, wire};

/// A delivery for a reader.
#[derive(Clone, Debug)]
pub struct DeliveryRow {
    /// Whose.
    pub submission: SubmissionId,
    /// To whom.
    pub partner: PartnerId,
    /// Where it stands.
    pub machine: Delivery,
    /// What was handed over last and where it lies; its form is the publish service's own.
    pub receipt: Option<serde_json::Value>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Store {
    /// All deliveries of a submission, by partner.
    pub async fn deliveries(&self, submission: SubmissionId) -> anyhow::Result<Vec<DeliveryRow>> {
        let rows = sqlx::query!(
            r#"/* deliveries */
            select partner, machine as "machine: Json<Delivery>", receipt, updated_at from deliveries
            where submission = $1 order by partner"#,
            submission.0,
        )
        .fetch_all(self.pool())
        .await
        .with_context(|| format!("load the deliveries of {submission}"))?;
        let rows = rows.into_iter().map(|row| DeliveryRow {
            submission,
            partner: PartnerId::new(row.partner),
            machine: row.machine.0,
            receipt: row.receipt,
            updated_at: row.updated_at,
        });
        Ok(rows.collect())
    }

    /// One delivery.
    pub async fn delivery(&self, submission: SubmissionId, partner: &PartnerId) -> anyhow::Result<Option<DeliveryRow>> {
        let row = sqlx::query!(
            r#"/* delivery */
            select machine as "machine: Json<Delivery>", receipt, updated_at from deliveries
            where submission = $1 and partner = $2"#,
            submission.0,
            partner.as_str(),
        )
        .fetch_optional(self.pool())
        .await
        .with_context(|| format!("load the delivery of {submission} to {partner}"))?;
        Ok(row.map(|row| DeliveryRow {
            submission,
            partner: partner.clone(),
            machine: row.machine.0,
            receipt: row.receipt,
            updated_at: row.updated_at,
        }))
    }

    /// A publish job notes what happened, before and after each call to the partner. `Err`-free `None` means that the job
    /// does not hold its part any more: stop. `receipt` replaces what is stored, if given.
    pub async fn delivery_apply(
        &self,
        claim: &Claim,
        event: &DeliveryEvent,
        receipt: Option<&serde_json::Value>,
    ) -> anyhow::Result<Option<Delivery>> {
        let Part::Partner(partner) = &claim.part else { anyhow::bail!("{} has no delivery", claim.part) };
        self.transaction("apply_delivery", |tx, _| {
            Box::pin(async move {
                if check_fence(tx, claim).await? == Commit::Fenced {
                    return Ok(None);
                }
                if let Some(receipt) = receipt {
                    keep_receipt(tx, claim.submission, partner, receipt).await?;
                }
                apply(tx, claim.submission, partner, event, &By::WORKER).await.map(Some)
            })
        })
        .await
    }

    /// A person notes what happened: delivered by hand, taken back by hand. Wakes the partner's part, so that it sees it.
    pub async fn delivery_note(
        &self,
        submission: SubmissionId,
        partner: &PartnerId,
        event: &DeliveryEvent,
        by: impl Into<By>,
    ) -> anyhow::Result<Delivery> {
        let by = &by.into();
        self.transaction("note_delivery", |tx, _| {
            Box::pin(async move { note(tx, submission, partner, event, by).await })
        })
        .await
    }
}

/// A person notes what happened, within the caller's transaction. Wakes the partner's part, so that it sees it.
pub async fn note(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
    event: &DeliveryEvent,
    by: &By,
) -> anyhow::Result<Delivery> {
    let delivery = apply(tx, submission, partner, event, by).await?;
    wake(tx, submission, partner).await?;
    Ok(delivery)
}

/// Plans the deliveries of a run that enters publishing, or wants those again that had ended.
pub(super) async fn want<'a>(
    tx: &mut PgConnection,
    submission: SubmissionId,
    run: u32,
    partners: impl Iterator<Item = &'a PartnerId>,
) -> anyhow::Result<()> {
    for partner in partners {
        sqlx::query!(
            "/* plan_delivery */
            insert into deliveries (submission, partner, machine, state, run) values ($1, $2, $3, $4, $5)
            on conflict do nothing",
            submission.0,
            partner.as_str(),
            Json(Delivery::new(run)) as _,
            Observed::Planned.name(),
            run as i32,
        )
        .execute(&mut *tx)
        .await
        .context("plan a delivery")?;
        apply(tx, submission, partner, &DeliveryEvent::Wanted { run }, &By::WORKER).await?;
    }
    Ok(())
}

/// The submission was taken back: nothing is desired any more, and what may be with a partner gets a part that takes it
/// back. The part of the run is used again, since publishing and recalling one delivery must never run side by side.
pub(super) async fn recall_all(
    tx: &mut PgConnection,
    policy: &Policy,
    submission: SubmissionId,
    run: u32,
) -> anyhow::Result<()> {
    let partners = sqlx::query_scalar!(
        "/* delivery_partners */ select partner from deliveries where submission = $1",
        submission.0
    )
    .fetch_all(&mut *tx)
    .await?;
    for partner in partners.into_iter().map(PartnerId::new) {
        let delivery = apply(tx, submission, &partner, &DeliveryEvent::Unwanted, &By::WORKER).await?;
        if delivery.is_settled() {
            continue;
        }
        // Whoever was calling the partner at this moment has a lease's time to notice that nobody wants it any more.
        let calling = matches!(delivery.observed, Observed::Sending { .. });
        let wait_s = if calling { policy.lease.as_secs_f64() } else { 0.0 };
        sqlx::query!(
            "/* start_recall */
            insert into parts (submission, run, stage, part, status, not_before, traceparent)
            values ($1, $2, $3, $4, 'waiting', clock_timestamp() + make_interval(secs => $5), $6)
            on conflict (submission, run, stage, part) do update set status = 'waiting', attempt = 0, output = null,
                finished_at = null, not_before = excluded.not_before, traceparent = excluded.traceparent",
            submission.0,
            run as i32,
            Stage::Publish.name(),
            Part::Partner(partner.clone()).to_string(),
            wait_s,
            telemetry::current_traceparent(),
        )
        .execute(&mut *tx)
        .await
        .context("start a recall")?;
        if !calling {
            wake(tx, submission, &partner).await?;
        }
    }
    Ok(())
}

/// Stores what was handed over.
pub(super) async fn keep_receipt(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
    receipt: &serde_json::Value,
) -> anyhow::Result<()> {
    sqlx::query!(
        "/* keep_receipt */ update deliveries set receipt = $3 where submission = $1 and partner = $2",
        submission.0,
        partner.as_str(),
        receipt,
    )
    .execute(tx)
    .await
    .context("store the receipt")?;
    Ok(())
}

/// The one way in which a delivery changes. What a person did goes to the audit trail.
async fn apply(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
    event: &DeliveryEvent,
    by: &By,
) -> anyhow::Result<Delivery> {
    let mut delivery = sqlx::query_scalar!(
        r#"/* lock_delivery */
        select machine as "machine: Json<Delivery>" from deliveries where submission = $1 and partner = $2 for update"#,
        submission.0,
        partner.as_str(),
    )
    .fetch_optional(&mut *tx)
    .await?
    .with_context(|| format!("there is no delivery of {submission} to {partner}"))?
    .0;
    let before = delivery.observed.name();
    let stood = serde_json::to_value(&delivery)?;
    if !delivery.apply(event.clone()) {
        return Ok(delivery);
    }
    let state = delivery.observed.name();
    let at = sqlx::query_scalar!(
        "/* save_delivery */
        update deliveries set machine = $3, state = $4, run = $5, updated_at = clock_timestamp()
        where submission = $1 and partner = $2 returning updated_at",
        submission.0,
        partner.as_str(),
        Json(&delivery) as _,
        state,
        delivery.run as i32,
    )
    .fetch_one(&mut *tx)
    .await?;
    if state != before {
        let traceparent = telemetry::current_traceparent();
        let changed = wire::delivery_changed(submission, partner, delivery.run, state, at, traceparent);
        messages::add(tx, &[changed]).await?;
        let detail = serde_json::json!({ "partner": partner, "state": state, "run": delivery.run });
        history::add(tx, submission, by, "delivery_changed", &detail).await?;
    }
    if by.is_person() {
        let act = Act {
            act: &format!("delivery_{}", event_name(event)?),
            submission: Some(submission),
            partner: Some(partner),
            before: stood,
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

/// Locks the part if its fence is still the claim's.
async fn check_fence(tx: &mut PgConnection, claim: &Claim) -> anyhow::Result<Commit> {
    let held = sqlx::query_scalar!(
        "/* check_fence */
        select 1 as one from parts
        where submission = $1 and run = $2 and stage = $3 and part = $4 and fence = $5 and status = 'claimed' for update",
        claim.submission.0,
        claim.run as i32,
        claim.stage.name(),
        claim.part.to_string(),
        claim.fence.0,
    )
    .fetch_optional(tx)
    .await?;
    Ok(if held.is_some() { Commit::Committed } else { Commit::Fenced })
}

/// Ends the wait of a partner's part.
async fn wake(tx: &mut PgConnection, submission: SubmissionId, partner: &PartnerId) -> anyhow::Result<()> {
    let woken = sqlx::query!(
        "/* wake_part */
        update parts set status = 'pending', not_before = clock_timestamp()
        where submission = $1 and stage = $2 and part = $3 and status = 'waiting'",
        submission.0,
        Stage::Publish.name(),
        Part::Partner(partner.clone()).to_string(),
    )
    .execute(&mut *tx)
    .await?;
    messages::add_hints(tx, (0..woken.rows_affected()).map(|_| Stage::Publish)).await
}
