//! Organisers' orders for published works: release, now or later, to some partners, and recall, from some or from all.
use std::collections::BTreeSet;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::delivery::{DeliveryEvent, Observed};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::part::Part;
use pipeline::submission::{Event, State, Submission};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::audit::{self, Act};
use super::history::By;
use super::recalls::{self, RecallTerms};
use super::submissions::{self, Applied};
use super::{Policy, Store, deliveries, history};

impl Store {
    /// Opens the gate to these partners (`None`: to all), now or at a time. Partners that have the work already get
    /// nothing again.
    pub async fn release(
        &self,
        id: SubmissionId,
        partners: Option<&BTreeSet<PartnerId>>,
        at: Option<DateTime<Utc>>,
        by: impl Into<By>,
    ) -> anyhow::Result<Applied> {
        let by = &by.into();
        self.transaction("release", |tx, _| {
            Box::pin(async move { release(tx, self.policy(), id, partners, at, by).await })
        })
        .await
    }

    /// Recalls a work. See [`recall`].
    pub async fn recall(
        &self,
        id: SubmissionId,
        partners: Option<&BTreeSet<PartnerId>>,
        terms: &RecallTerms,
        by: impl Into<By>,
    ) -> anyhow::Result<Applied> {
        let by = &by.into();
        self.transaction("recall", |tx, _| {
            Box::pin(async move { recall(tx, self.policy(), id, partners, terms, by).await })
        })
        .await
    }

    /// Since when and why the mezzanine is held.
    pub async fn held(&self, id: SubmissionId) -> anyhow::Result<Option<(DateTime<Utc>, String)>> {
        held(&mut *self.pool().acquire().await.context("connect")?, id).await
    }
}

/// Since when and why the mezzanine is held, within the transaction of an act.
pub async fn held(connection: &mut PgConnection, id: SubmissionId) -> anyhow::Result<Option<(DateTime<Utc>, String)>> {
    let row = sqlx::query!("/* held */ select held_at, held_reason from submissions where id = $1", id.0)
        .fetch_optional(connection)
        .await
        .context("ask whether a mezzanine is held")?;
    Ok(row.and_then(|row| Some((row.held_at?, row.held_reason.unwrap_or_default()))))
}

/// Opens the gate to these partners (`None`: to all), now or at a time.
pub async fn release(
    tx: &mut PgConnection,
    policy: &Policy,
    id: SubmissionId,
    partners: Option<&BTreeSet<PartnerId>>,
    at: Option<DateTime<Utc>>,
    by: &By,
) -> anyhow::Result<Applied> {
    let event = Event::Released { partners: partners.cloned() };
    let applied = submissions::apply(tx, policy, id, &event, by).await?;
    if let Some(at) = at.filter(|_| applied.changed) {
        hold_until(tx, id, &applied, at).await?;
    }
    Ok(applied)
}

/// Whether organisers may recall a work. Not a rejected one, whose rejection must not be lost.
pub fn may_recall(machine: &Submission) -> bool {
    !matches!(machine.state, State::Rejected { .. })
}

/// Recalls a work from these partners, or from all with the work as a whole (`None`), for a reason and with a deadline.
/// The mezzanine is held from then on: disputed material must not be deleted. If it was recalled already, nothing
/// changes.
pub async fn recall(
    tx: &mut PgConnection,
    policy: &Policy,
    id: SubmissionId,
    partners: Option<&BTreeSet<PartnerId>>,
    terms: &RecallTerms,
    by: &By,
) -> anyhow::Result<Applied> {
    let event = match partners {
        None => Event::Revoked,
        Some(partners) => Event::Recalled { partners: partners.clone() },
    };
    let mut applied = submissions::apply(tx, policy, id, &event, by).await?;
    let wanted = wanted_at(tx, id).await?;
    let concerned: Vec<PartnerId> = known_deliveries(tx, id)
        .await?
        .into_iter()
        .filter(|it| partners.is_none_or(|some| some.contains(it)))
        .collect();
    if partners.is_some() {
        applied.changed |= recalls::recall(tx, policy, id, applied.machine.run, &concerned).await?;
    }
    recalls::set_terms(tx, id, &concerned, terms).await?;
    applied.changed |= wanted_at(tx, id).await? != wanted;
    if applied.changed {
        hold(tx, id, terms.reason.as_deref().unwrap_or("recalled")).await?;
        let detail = json!({ "reason": terms.reason, "partners": concerned });
        history::add(tx, id, by, "recall_ordered", &detail).await?;
        let before = json!({ "wanted_at": wanted });
        let act = Act { act: "recall_ordered", submission: Some(id), partner: None, before, after: detail };
        audit::add(tx, by, &act).await?;
    }
    Ok(applied)
}

/// Holds the mezzanine for this reason, or ends the hold (`None`).
pub async fn hold_mezzanine(
    tx: &mut PgConnection,
    id: SubmissionId,
    reason: Option<&str>,
    by: &By,
) -> anyhow::Result<()> {
    match reason {
        Some(reason) => hold(tx, id, reason).await?,
        None => let_go(tx, id).await?,
    }
    let what = if reason.is_some() { "held" } else { "let_go" };
    let detail = json!({ "reason": reason });
    history::add(tx, id, by, what, &detail).await?;
    let act = Act { act: what, submission: Some(id), partner: None, before: Value::Null, after: detail };
    audit::add(tx, by, &act).await
}

/// Adds a note of staff to a submission: a line of its history.
pub async fn note(tx: &mut PgConnection, id: SubmissionId, text: &str, by: &By) -> anyhow::Result<()> {
    let detail = json!({ "note": text });
    history::add(tx, id, by, "noted", &detail).await?;
    let act = Act { act: "noted", submission: Some(id), partner: None, before: Value::Null, after: detail };
    audit::add(tx, by, &act).await
}

/// The parts that a release started wait for its time: each delivery stores it, and a part with nothing to recall first
/// waits until then. The relay may have announced the parts already; an empty claim does no harm.
async fn hold_until(
    tx: &mut PgConnection,
    id: SubmissionId,
    applied: &Applied,
    at: DateTime<Utc>,
) -> anyhow::Result<()> {
    let mut parts = Vec::new();
    for todo in &applied.started {
        let Part::Partner(partner) = &todo.part else { continue };
        let event = DeliveryEvent::NotBefore { at };
        let delivery = deliveries::apply(tx, id, partner, &event, &By::WORKER).await?;
        // A recall in progress does not wait for it.
        if delivery.observed == Observed::Planned {
            parts.push(todo.part.to_string());
        }
    }
    sqlx::query!(
        "/* hold_parts_until */
        update parts set status = 'waiting', call_at = null, not_before = $4
        where submission = $1 and run = $2 and stage = 'publish' and part = any($3) and status = 'pending'
            and $4 > clock_timestamp()",
        id.0,
        applied.machine.run as i32,
        &parts,
        at,
    )
    .execute(tx)
    .await
    .context("hold a release until its time")?;
    Ok(())
}

async fn let_go(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<()> {
    sqlx::query!(
        "/* let_mezzanine_go */ update submissions set held_at = null, held_reason = null where id = $1",
        id.0
    )
    .execute(tx)
    .await
    .context("let a mezzanine go")?;
    Ok(())
}

async fn hold(tx: &mut PgConnection, id: SubmissionId, reason: &str) -> anyhow::Result<()> {
    sqlx::query!(
        "/* hold_mezzanine */
        update submissions set held_at = clock_timestamp(), held_reason = $2 where id = $1 and held_at is null",
        id.0,
        reason,
    )
    .execute(tx)
    .await
    .context("hold a mezzanine")?;
    Ok(())
}

async fn known_deliveries(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<Vec<PartnerId>> {
    let partners = sqlx::query_scalar!(
        "/* known_deliveries */ select partner from deliveries where submission = $1 order by partner",
        id.0
    )
    .fetch_all(tx)
    .await
    .context("load whom a work may have reached")?;
    Ok(partners.into_iter().map(PartnerId::new).collect())
}

async fn wanted_at(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<Vec<String>> {
    sqlx::query_scalar!(
        "/* wanted_at */
        select partner from deliveries where submission = $1 and machine ->> 'desired' = 'live' order by partner",
        id.0
    )
    .fetch_all(tx)
    .await
    .context("load where a work is wanted")
}
