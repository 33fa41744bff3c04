//! Recalls a work, from some partners or from all.
use std::collections::BTreeSet;

use anyhow::Context;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::submission::{Event, State, Submission};
use serde_json::json;
use sqlx::PgConnection;

use super::holding::hold;
use crate::store::partners::recalls::{self, RecallTerms};
use crate::store::people::audit::{self, Act};
use crate::store::submissions::history::{self, By};
use crate::store::submissions::{self, Applied};
use crate::store::{Policy, Store};

impl Store {
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
