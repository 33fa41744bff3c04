//! Taking works back: nothing is desired at a partner any more, why, and until when that has to be proven.
use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use pipeline::delivery::{Delivery, DeliveryEvent, Desired, Observed};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::part::Part;
use pipeline::stage::Stage;
use sqlx::PgConnection;

use super::Policy;
use super::deliveries::{apply, locked, wake};
use super::history::By;
use crate::telemetry;

/// Why something is taken back, and until when that has to be proven.
#[derive(Clone, Debug, Default)]
pub struct RecallTerms {
    /// In the organiser's words; no personal data.
    pub reason: Option<String>,
    /// When each partner's recall has to be proven; who is not named has [`RECALL_WITHIN`].
    pub within: BTreeMap<PartnerId, Duration>,
}

/// Time for a recall where the partner's file in the catalogue names none.
pub const RECALL_WITHIN: Duration = Duration::from_secs(24 * 3600);

/// The submission was taken back: nothing is desired any more.
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
    let partners: Vec<PartnerId> = partners.into_iter().map(PartnerId::new).collect();
    recall(tx, policy, submission, run, &partners).await
}

/// Nothing is desired at these partners any more, and what may be there gets a part that takes it back. The part of the run
/// is used again, since publishing and recalling one delivery must never run side by side.
pub(super) async fn recall(
    tx: &mut PgConnection,
    policy: &Policy,
    submission: SubmissionId,
    run: u32,
    partners: &[PartnerId],
) -> anyhow::Result<()> {
    for partner in partners {
        let before = locked(tx, submission, partner).await?;
        let delivery = apply(tx, submission, partner, &DeliveryEvent::Unwanted, &By::WORKER).await?;
        // Told twice it is under way already.
        if delivery.is_settled() || before.desired == Desired::Gone && before.then.is_none() {
            continue;
        }
        take_up(tx, policy, submission, run, partner, &delivery).await?;
    }
    Ok(())
}

/// Starts the partner's part of the run, or starts it again, to bring the delivery to what is desired now.
async fn take_up(
    tx: &mut PgConnection,
    policy: &Policy,
    submission: SubmissionId,
    run: u32,
    partner: &PartnerId,
    delivery: &Delivery,
) -> anyhow::Result<()> {
    let part = Part::Partner(partner.clone()).to_string();
    // A run before may still have been at it.
    sqlx::query!(
        "/* end_earlier_publishing */
        update parts set status = 'cancelled', fence = null, lease_until = null, finished_at = clock_timestamp()
        where submission = $1 and run <> $2 and stage = $3 and part = $4
            and status in ('pending', 'waiting', 'claimed', 'parked')",
        submission.0,
        run as i32,
        Stage::Publish.name(),
        part,
    )
    .execute(&mut *tx)
    .await
    .context("end what an earlier run was doing")?;
    // Whoever was calling the partner at this moment, or bringing it files, has a lease's time to notice that nobody wants it.
    let calling = matches!(delivery.observed, Observed::Sending { .. } | Observed::Recalling { receipt: None, .. });
    let wait_s = if calling { policy.lease.as_secs_f64() } else { 0.0 };
    sqlx::query!(
        "/* start_recall */
        insert into parts (submission, run, stage, part, status, not_before, traceparent)
        values ($1, $2, $3, $4, 'waiting', clock_timestamp() + make_interval(secs => $5), $6)
        on conflict (submission, run, stage, part) do update set status = 'waiting', attempt = 0, output = null, fence = null,
            rank = 0, lease_until = null, finished_at = null, not_before = excluded.not_before, traceparent = excluded.traceparent",
        submission.0,
        run as i32,
        Stage::Publish.name(),
        part,
        wait_s,
        telemetry::current_traceparent(),
    )
    .execute(&mut *tx)
    .await
    .context("start a recall")?;
    if !calling {
        wake(tx, submission, partner).await?;
    }
    Ok(())
}

/// Notes why and until when these partners' works are taken back.
pub(super) async fn set_terms(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partners: &[PartnerId],
    terms: &RecallTerms,
) -> anyhow::Result<()> {
    for partner in partners {
        let within = terms.within.get(partner).copied().unwrap_or(RECALL_WITHIN);
        sqlx::query!(
            "/* set_recall_terms */
            update deliveries set recall_reason = $3, recall_due = clock_timestamp() + make_interval(secs => $4)
            where submission = $1 and partner = $2 and recall_due is null",
            submission.0,
            partner.as_str(),
            terms.reason,
            within.as_secs_f64(),
        )
        .execute(&mut *tx)
        .await
        .context("note the terms of a recall")?;
    }
    Ok(())
}
