//! The lock under which a delivery changes, and its state and the time under it.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::delivery::Delivery;
use pipeline::id::{PartnerId, SubmissionId};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::store::work::parts::{Claim, Commit, check_fence};

/// A delivery whose row is locked until the end of the transaction.
pub(super) struct LockedDelivery {
    pub(super) delivery: Delivery,
    /// By the database's clock, after the lock was obtained.
    pub(super) at: DateTime<Utc>,
}

/// The current state of one delivery, locked against other changes until the transaction ends.
pub async fn current(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
) -> anyhow::Result<Option<Delivery>> {
    Ok(lock(tx, submission, partner).await?.map(|locked| locked.delivery))
}

/// The same for a delivery that must exist.
pub(in crate::store) async fn locked(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
) -> anyhow::Result<Delivery> {
    Ok(lock_existing(tx, submission, partner).await?.delivery)
}

/// Locks a delivery that must exist.
pub(super) async fn lock_existing(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
) -> anyhow::Result<LockedDelivery> {
    lock(tx, submission, partner).await?.ok_or_else(|| missing(submission, partner))
}

/// Locks a publish part, if its fence is still that of the claim, and then its delivery. `None` if the claim is lost.
pub(super) async fn lock_claimed(
    tx: &mut PgConnection,
    claim: &Claim,
    partner: &PartnerId,
) -> anyhow::Result<Option<LockedDelivery>> {
    let submission = claim.submission;
    let row = sqlx::query!(
        r#"/* lock_claimed_delivery */
        with locked as (
            select machine from deliveries
            where submission = $1 and partner = $2 and exists (
                select from parts where submission = $1 and run = $3 and stage = $4 and part = $5 and fence = $6
                    and status = 'claimed' for update)
            for update
        )
        select machine as "machine!: Json<Delivery>", clock_timestamp() as "at!" from locked"#,
        submission.0,
        partner.as_str(),
        claim.run as i32,
        claim.stage.name(),
        claim.part.to_string(),
        claim.fence.0,
    )
    .fetch_optional(&mut *tx)
    .await
    .with_context(|| format!("load the delivery of {submission} to {partner}"))?;
    if let Some(row) = row {
        return Ok(Some(LockedDelivery { delivery: row.machine.0, at: row.at }));
    }
    match check_fence(tx, claim).await? {
        Commit::Fenced => Ok(None),
        Commit::Committed => Err(missing(submission, partner)),
    }
}

async fn lock(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
) -> anyhow::Result<Option<LockedDelivery>> {
    let row = sqlx::query!(
        r#"/* lock_delivery */
        with locked as (
            select machine from deliveries where submission = $1 and partner = $2 for update
        )
        select machine as "machine!: Json<Delivery>", clock_timestamp() as "at!" from locked"#,
        submission.0,
        partner.as_str(),
    )
    .fetch_optional(tx)
    .await
    .with_context(|| format!("load the delivery of {submission} to {partner}"))?;
    Ok(row.map(|row| LockedDelivery { delivery: row.machine.0, at: row.at }))
}

fn missing(submission: SubmissionId, partner: &PartnerId) -> anyhow::Error {
    anyhow::anyhow!("there is no delivery of {submission} to {partner}")
}
