//! A partner's publish part: opened, woken and ended as its delivery needs.
use std::time::Duration;

use anyhow::Context;
use pipeline::delivery::{Delivery, Observed, RecallBy};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::part::Part;
use pipeline::stage::Stage;
use sqlx::PgConnection;

use crate::store::Policy;
use crate::store::outgoing::messages;
use crate::telemetry;

/// The text form of the partner's part.
pub(in crate::store) fn part_of(partner: &PartnerId) -> String {
    Part::Partner(partner.clone()).to_string()
}

/// Ends the wait of a partner's part.
pub(in crate::store) async fn wake(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
) -> anyhow::Result<()> {
    let woken = sqlx::query!(
        "/* wake_part */
        update parts set status = 'pending', not_before = clock_timestamp()
        where submission = $1 and stage = $2 and part = $3 and status = 'waiting'",
        submission.0,
        Stage::Publish.name(),
        part_of(partner),
    )
    .execute(&mut *tx)
    .await?;
    messages::add_hints(tx, (0..woken.rows_affected()).map(|_| Stage::Publish)).await
}

/// Opens the partner's part in this run, to bring the delivery to its desired state. Waits for a caller that may still
/// be active.
pub(in crate::store) async fn take_up(
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
pub(in crate::store) async fn wait_for_caller(
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
        part_of(partner),
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
pub(in crate::store) async fn open_part(
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
        part_of(partner),
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
pub(in crate::store) async fn end_parts(
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
        part_of(partner),
        but.map(|run| run as i32),
    )
    .execute(tx)
    .await
    .context("end a partner's parts")?;
    Ok(())
}

/// Whether a part of the partner is open, even if parked.
pub(in crate::store) async fn has_open_part(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
) -> anyhow::Result<bool> {
    Ok(!open_statuses(tx, submission, partner).await?.is_empty())
}

/// Whether a part of the partner continues by itself.
pub(in crate::store) async fn is_at_work(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
) -> anyhow::Result<bool> {
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
        part_of(partner),
    )
    .fetch_all(tx)
    .await
    .context("look for a partner's open parts")
}
