//! Deliveries: the desired and the observed state, one row for each submission and partner. Only `pipeline::delivery`
//! decides which state may follow which.
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::delivery::{Delivery, DeliveryEvent, Desired, Observed};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::part::Part;
use pipeline::preflight::Texts;
use pipeline::stage::Stage;
use pipeline::submission::Submission;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};

use super::audit::{self, Act};
use super::history::By;
use super::parts::{Claim, Commit, check_fence};
use super::{Policy, Store, fingerprints, history, messages, recalls, submissions, webhooks};
use crate::seal::Sealed;
use crate::{telemetry, wire};

mod texts;

pub use texts::{set_texts, texts};

/// A delivery for readers.
#[derive(Clone, Debug)]
pub struct DeliveryRow {
    /// The submission.
    pub submission: SubmissionId,
    /// The partner.
    pub partner: PartnerId,
    /// Its state.
    pub machine: Delivery,
    /// What was handed over last and where it is; the publish service defines its format.
    pub receipt: Option<serde_json::Value>,
    /// Title, text and tags that an organiser wrote for this partner.
    pub texts: Option<Texts>,
    /// Until when the removal must be proven.
    pub recall_due: Option<DateTime<Utc>>,
    /// Why it is recalled.
    pub recall_reason: Option<String>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

struct Row {
    partner: String,
    machine: Json<Delivery>,
    receipt: Option<serde_json::Value>,
    texts: Option<Json<Texts>>,
    recall_due: Option<DateTime<Utc>>,
    recall_reason: Option<String>,
    updated_at: DateTime<Utc>,
}

impl Row {
    fn of(self, submission: SubmissionId) -> DeliveryRow {
        DeliveryRow {
            submission,
            partner: PartnerId::new(self.partner),
            machine: self.machine.0,
            receipt: self.receipt,
            texts: self.texts.map(|texts| texts.0),
            recall_due: self.recall_due,
            recall_reason: self.recall_reason,
            updated_at: self.updated_at,
        }
    }
}

/// All deliveries of a submission, by partner.
pub(super) async fn of(executor: impl PgExecutor<'_>, submission: SubmissionId) -> anyhow::Result<Vec<DeliveryRow>> {
    let rows = sqlx::query_as!(
        Row,
        r#"/* deliveries */
            select partner, machine as "machine: Json<Delivery>", receipt, t.texts as "texts?: Json<Texts>", recall_due, recall_reason,
                d.updated_at
            from deliveries d left join partner_texts t using (submission, partner)
            where submission = $1 order by partner"#,
        submission.0,
    )
    .fetch_all(executor)
    .await
    .with_context(|| format!("load the deliveries of {submission}"))?;
    Ok(rows.into_iter().map(|row| row.of(submission)).collect())
}

impl Store {
    /// All deliveries of a submission, by partner.
    pub async fn deliveries(&self, submission: SubmissionId) -> anyhow::Result<Vec<DeliveryRow>> {
        of(self.pool(), submission).await
    }

    /// One delivery.
    pub async fn delivery(&self, submission: SubmissionId, partner: &PartnerId) -> anyhow::Result<Option<DeliveryRow>> {
        let row = sqlx::query_as!(
            Row,
            r#"/* delivery */
            select partner, machine as "machine: Json<Delivery>", receipt, t.texts as "texts?: Json<Texts>", recall_due, recall_reason,
                d.updated_at
            from deliveries d left join partner_texts t using (submission, partner)
            where submission = $1 and partner = $2"#,
            submission.0,
            partner.as_str(),
        )
        .fetch_optional(self.pool())
        .await
        .with_context(|| format!("load the delivery of {submission} to {partner}"))?;
        Ok(row.map(|row| row.of(submission)))
    }

    /// What the adapter stored for continuing after a crash, encrypted.
    pub async fn delivery_session(
        &self,
        submission: SubmissionId,
        partner: &PartnerId,
    ) -> anyhow::Result<Option<Sealed>> {
        let row = sqlx::query!(
            "/* delivery_session */ select session_key_id, session_nonce, session from deliveries
            where submission = $1 and partner = $2",
            submission.0,
            partner.as_str(),
        )
        .fetch_optional(self.pool())
        .await
        .with_context(|| format!("load the session of {submission} with {partner}"))?;
        Ok(row.and_then(|row| {
            Some(Sealed { key_id: row.session_key_id?, nonce: row.session_nonce?, ciphertext: row.session? })
        }))
    }

    /// For a publish job: stores what it needs for continuing after a crash, or deletes it.
    pub async fn keep_session(&self, claim: &Claim, session: Option<&Sealed>) -> anyhow::Result<Commit> {
        let Part::Partner(partner) = &claim.part else { anyhow::bail!("{} has no delivery", claim.part) };
        let kept = sqlx::query!(
            "/* keep_session */
            update deliveries set session_key_id = $6, session_nonce = $7, session = $8
            where submission = $1 and partner = $2 and exists (
                select from parts where submission = $1 and run = $3 and stage = 'publish' and part = $4 and fence = $5
                    and status = 'claimed' for share)",
            claim.submission.0,
            partner.as_str(),
            claim.run as i32,
            claim.part.to_string(),
            claim.fence.0,
            session.map(|it| it.key_id.as_str()),
            session.map(|it| it.nonce.as_slice()),
            session.map(|it| it.ciphertext.as_slice()),
        )
        .execute(self.pool())
        .await
        .context("keep a delivery's session")?;
        Ok(if kept.rows_affected() == 1 { Commit::Committed } else { Commit::Fenced })
    }

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
    if delivery.needs_part() && !recalls::has_open_part(tx, submission, partner).await? {
        let run = submissions::lock(tx, submission).await?.machine.0.run;
        recalls::open_part(tx, submission, run, partner, Duration::ZERO).await?;
    }
    Ok(delivery)
}

/// Plans the deliveries of a run that enters publishing, sets ended ones to be delivered again, and marks the ones that
/// the run is to replace.
pub(super) async fn want(
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
            recalls::wait_for_caller(tx, policy, submission, run, &partner, &delivery).await?;
        }
    }
    Ok(())
}

/// The current state of one delivery, locked against other changes until the transaction ends.
pub async fn standing(
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

pub(super) async fn locked(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
) -> anyhow::Result<Delivery> {
    standing(tx, submission, partner)
        .await?
        .with_context(|| format!("there is no delivery of {submission} to {partner}"))
}

/// Stores what was handed over. Returns the current state of the delivery, locked until the end of the transaction.
pub(super) async fn keep_receipt(
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
pub(super) async fn apply(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
    event: &DeliveryEvent,
    by: &By,
) -> anyhow::Result<Delivery> {
    let mut delivery = locked(tx, submission, partner).await?;
    let before = delivery.observed.name();
    let stood = serde_json::to_value(&delivery)?;
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
        if matches!(delivery.observed, Observed::Recalled { .. } | Observed::Refused { .. }) {
            fingerprints::leave_seat(tx, submission).await?;
        }
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

/// Ends the wait of a partner's part.
pub(super) async fn wake(tx: &mut PgConnection, submission: SubmissionId, partner: &PartnerId) -> anyhow::Result<()> {
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
