//! Recalls: the work is no longer desired at a partner, why, and until when the removal must be proven.
use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use pipeline::delivery::{Delivery, DeliveryEvent, Desired, Observed, RecallBy};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::part::Part;
use sqlx::PgConnection;

use super::Policy;
use super::deliveries::{apply, locked, wake};
use super::history::By;
use crate::telemetry;

/// The reason for a recall, and until when the removal must be proven.
#[derive(Clone, Debug, Default)]
pub struct RecallTerms {
    /// In the organiser's words; no personal data.
    pub reason: Option<String>,
    /// When each partner's recall must be proven; partners that are not named have [`RECALL_WITHIN`].
    pub within: BTreeMap<PartnerId, Duration>,
}

/// Time for a recall if the partner's file in the catalogue gives none.
pub const RECALL_WITHIN: Duration = Duration::from_secs(24 * 3600);

/// The submission was recalled: it is no longer desired at any partner.
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
    recall(tx, policy, submission, run, &partners).await?;
    Ok(())
}

/// The work is no longer desired at these partners. Where the work may be present, a part recalls it: the part of the
/// run is used again, because publishing and recalling of one delivery must never run in parallel. Where nothing was
/// sent, there is no such part, and a worker that was about to send loses its claim. Returns whether a part was opened.
pub(super) async fn recall(
    tx: &mut PgConnection,
    policy: &Policy,
    submission: SubmissionId,
    run: u32,
    partners: &[PartnerId],
) -> anyhow::Result<bool> {
    let mut set_to_work = false;
    for partner in partners {
        let before = locked(tx, submission, partner).await?;
        let delivery = apply(tx, submission, partner, &DeliveryEvent::Unwanted, &By::WORKER).await?;
        if !delivery.needs_part() {
            end_parts(tx, submission, partner, None).await?;
            continue;
        }
        // A recall in progress continues undisturbed. One that is parked, or has no part, is tried again.
        let known = before.desired == Desired::Gone && before.then.is_none();
        if known && is_at_work(tx, submission, partner).await? {
            continue;
        }
        take_up(tx, policy, submission, run, partner, &delivery).await?;
        set_to_work = true;
    }
    Ok(set_to_work)
}

/// Opens the partner's part in this run, to bring the delivery to its desired state. Waits for a caller that may still
/// be active.
pub(super) async fn take_up(
    tx: &mut PgConnection,
    policy: &Policy,
    submission: SubmissionId,
    run: u32,
    partner: &PartnerId,
    delivery: &Delivery,
) -> anyhow::Result<()> {
    let wait = if may_be_called(delivery) { policy.lease } else { Duration::ZERO };
    open_part(tx, submission, run, partner, wait).await
}

/// If a run starts a partner's part while an earlier run's worker may still be calling the partner, or sending files,
/// it waits for the duration of a lease, within which that worker notices.
pub(super) async fn wait_for_caller(
    tx: &mut PgConnection,
    policy: &Policy,
    submission: SubmissionId,
    run: u32,
    partner: &PartnerId,
    delivery: &Delivery,
) -> anyhow::Result<()> {
    if !may_be_called(delivery) {
        return Ok(());
    }
    sqlx::query!(
        "/* wait_for_caller */
        update parts set status = 'waiting', call_at = null, not_before = clock_timestamp() + make_interval(secs => $4)
        where submission = $1 and run = $2 and stage = 'publish' and part = $3 and status = 'pending'",
        submission.0,
        run as i32,
        Part::Partner(partner.clone()).to_string(),
        policy.lease.as_secs_f64(),
    )
    .execute(tx)
    .await
    .context("wait for an earlier run's worker")?;
    Ok(())
}

/// Whether a worker may be calling the partner at this moment, or sending files.
fn may_be_called(delivery: &Delivery) -> bool {
    matches!(
        delivery.observed,
        Observed::Sending { .. } | Observed::Recalling { receipt: None, by: RecallBy::System, .. }
    )
}

/// Opens the partner's part in this run, claimable after `wait`, and ends those of other runs. A present holder loses
/// its claim.
pub(super) async fn open_part(
    tx: &mut PgConnection,
    submission: SubmissionId,
    run: u32,
    partner: &PartnerId,
    wait: Duration,
) -> anyhow::Result<()> {
    end_parts(tx, submission, partner, Some(run)).await?;
    sqlx::query!(
        "/* open_publish_part */
        insert into parts (submission, run, stage, part, contest, status, not_before, traceparent)
        select id, $2, 'publish', $3, contest, 'waiting', clock_timestamp() + make_interval(secs => $4), $5 from submissions where id = $1
        on conflict (submission, run, stage, part) do update set status = 'waiting', attempt = 0, output = null, fence = null,
            rank = 0, lease_until = null, finished_at = null, call_at = null, not_before = excluded.not_before, traceparent = excluded.traceparent",
        submission.0,
        run as i32,
        Part::Partner(partner.clone()).to_string(),
        wait.as_secs_f64(),
        telemetry::current_traceparent(),
    )
    .execute(&mut *tx)
    .await
    .context("open a partner's part")?;
    if wait.is_zero() {
        wake(tx, submission, partner).await?;
    }
    Ok(())
}

/// Ends the partner's open parts, except those of the run `but`. A present holder loses its claim.
async fn end_parts(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
    but: Option<u32>,
) -> anyhow::Result<()> {
    sqlx::query!(
        "/* end_publish_parts */
        update parts set status = 'cancelled', fence = null, lease_until = null, finished_at = clock_timestamp()
        where submission = $1 and stage = 'publish' and part = $2 and run is distinct from $3
            and status in ('pending', 'waiting', 'claimed', 'parked')",
        submission.0,
        Part::Partner(partner.clone()).to_string(),
        but.map(|run| run as i32),
    )
    .execute(tx)
    .await
    .context("end a partner's parts")?;
    Ok(())
}

/// Whether a part of the partner is open, even if parked.
pub(super) async fn has_open_part(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
) -> anyhow::Result<bool> {
    Ok(!open_statuses(tx, submission, partner).await?.is_empty())
}

/// Whether a part of the partner continues by itself.
async fn is_at_work(tx: &mut PgConnection, submission: SubmissionId, partner: &PartnerId) -> anyhow::Result<bool> {
    Ok(open_statuses(tx, submission, partner).await?.iter().any(|status| status != "parked"))
}

async fn open_statuses(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
) -> anyhow::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"/* open_publish_parts */
        select status::text as "status!" from parts
        where submission = $1 and stage = 'publish' and part = $2
            and status in ('pending', 'waiting', 'claimed', 'parked')"#,
        submission.0,
        Part::Partner(partner.clone()).to_string(),
    )
    .fetch_all(tx)
    .await
    .context("look for a partner's open parts")
}

/// Stores why and until when these partners' works are recalled.
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
