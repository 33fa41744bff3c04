//! Opens the gate to partners.
use std::collections::BTreeSet;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::delivery::{DeliveryEvent, Observed};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::part::Part;
use pipeline::submission::Event;
use sqlx::PgConnection;

use crate::store::partners::deliveries;
use crate::store::submissions::history::By;
use crate::store::submissions::{self, Applied};
use crate::store::{Policy, Store};

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
