//! The deliveries of a run that enters publishing.
use anyhow::Context;
use pipeline::delivery::{Delivery, DeliveryEvent, Observed};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::submission::Submission;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::change::apply;
use super::lock::locked;
use super::part::wait_for_caller;
use crate::store::Policy;
use crate::store::submissions::history::By;

/// Plans the deliveries of a run that enters publishing, sets ended ones to be delivered again, and marks the ones that
/// the run is to replace.
pub(in crate::store) async fn want(
    tx: &mut PgConnection,
    policy: &Policy,
    submission: SubmissionId,
    machine: &Submission,
    partners: Vec<String>,
) -> anyhow::Result<()> {
    if partners.is_empty() {
        return Ok(());
    }
    let run = machine.run;
    let planned = sqlx::query_scalar!(
        "/* plan_deliveries */
        insert into deliveries (submission, partner, machine, state, run)
        select $1, partner, $3, $4, $5 from unnest($2::text[]) as wanted (partner)
        on conflict do nothing returning partner",
        submission.0,
        &partners,
        Json(Delivery::new(run)) as _,
        Observed::Planned.name(),
        run as i32,
    )
    .fetch_all(&mut *tx)
    .await
    .context("plan deliveries")?;
    // A delivery that was just planned for this run is already as this run needs it.
    for partner in partners.into_iter().filter(|partner| !planned.contains(partner)).map(PartnerId::new) {
        let before = locked(tx, submission, &partner).await?;
        let mut delivery = apply(tx, submission, &partner, &DeliveryEvent::Wanted { run }, &By::WORKER).await?;
        if machine.redo.replace.contains(&partner) {
            delivery = apply(tx, submission, &partner, &DeliveryEvent::Replace { run }, &By::WORKER).await?;
        }
        if delivery != before {
            wait_for_caller(tx, policy, submission, run, &partner, &delivery).await?;
        }
    }
    Ok(())
}
