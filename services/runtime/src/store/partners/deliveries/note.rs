//! Events of a delivery, as a publish job or a person records them.
use std::time::Duration;

use pipeline::delivery::{Delivery, DeliveryEvent};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::part::Part;
use sqlx::PgConnection;

use super::change::{apply, apply_locked, keep_receipt};
use super::lock::lock_claimed;
use super::part::{has_open_part, open_part, wake};
use crate::store::submissions::history::By;
use crate::store::work::parts::Claim;
use crate::store::{Store, submissions};

impl Store {
    /// For a publish job: records an event, before and after each call to the partner. `None` without an `Err` means
    /// that the job no longer holds its part and must stop. `receipt` replaces the stored one, if given.
    pub async fn delivery_apply(
        &self,
        claim: &Claim,
        event: &DeliveryEvent,
        receipt: Option<&serde_json::Value>,
    ) -> anyhow::Result<Option<Delivery>> {
        let Part::Partner(partner) = &claim.part else { anyhow::bail!("{} has no delivery", claim.part) };
        self.transaction("apply_delivery", |tx, _| {
            Box::pin(async move {
                let Some(locked) = lock_claimed(tx, claim, partner).await? else { return Ok(None) };
                if let Some(receipt) = receipt {
                    keep_receipt(tx, claim.submission, partner, receipt).await?;
                }
                apply_locked(tx, claim.submission, partner, locked, event, &By::WORKER).await.map(Some)
            })
        })
        .await
    }

    /// For a person: records an event, such as delivered or removed by hand. It wakes the partner's part, so that the
    /// part sees it.
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

/// For a person: records an event within the caller's transaction. It wakes the partner's part, so that the part sees
/// it; if the part had ended and there is something to do again, reopens it.
pub async fn note(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
    event: &DeliveryEvent,
    by: &By,
) -> anyhow::Result<Delivery> {
    let delivery = apply(tx, submission, partner, event, by).await?;
    wake(tx, submission, partner).await?;
    if delivery.needs_part() && !has_open_part(tx, submission, partner).await? {
        let run = submissions::lock(tx, submission).await?.machine.0.run;
        open_part(tx, submission, run, partner, Duration::ZERO).await?;
    }
    Ok(delivery)
}
