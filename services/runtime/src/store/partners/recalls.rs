//! Recalls: the work is no longer desired at a partner, why, and until when the removal must be proven.
use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use pipeline::delivery::{DeliveryEvent, Desired};
use pipeline::id::{PartnerId, SubmissionId};
use sqlx::PgConnection;

use super::deliveries::{apply, end_parts, is_at_work, locked, take_up};
use crate::store::Policy;
use crate::store::submissions::history::By;

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
pub(in crate::store) async fn recall_all(
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
pub(in crate::store) async fn recall(
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
        .context("store the reason and the deadline of a recall")?;
    }
    Ok(())
}
