//! Recall: recalls a work from every partner that has it or may have it, or from some. Its film is held from then on.
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use pipeline::catalogue::Catalogue;
use pipeline::delivery::{Delivery, Desired, Observed};
use pipeline::id::{PartnerId, SubmissionId};
use runtime::problem::{Code, Problem};
use runtime::serving::openapi::vocabulary::{DeliveryState, SubmissionState};
use runtime::store::partners::orders;
use runtime::store::partners::recalls::RecallTerms;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::release::known;
use super::{Caller, Done, Seen, missing_reason, settle};
use crate::Desk;
use crate::names::in_states;

/// From which partners a work is recalled, and why.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recall {
    /// Why; no personal data.
    pub reason: String,
    /// Only from these partners; if absent, the work as a whole is revoked.
    #[serde(default)]
    pub partners: Option<BTreeSet<String>>,
    /// Only report which partners would be asked.
    #[serde(default)]
    pub dry_run: bool,
    /// The digest of a dry run. The act is refused if what the dry run saw has changed.
    #[serde(default)]
    pub digest: Option<String>,
}

/// What a recall starts, or would start.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Recalled {
    /// The work.
    pub id: Uuid,
    /// State before.
    #[schema(value_type = SubmissionState)]
    pub was: String,
    /// State after.
    #[schema(value_type = SubmissionState)]
    pub state: String,
    /// The work's run.
    pub run: u32,
    /// Partners that have it or may have it, and are asked to remove it, without those that removed it already.
    pub partners: Vec<Asked>,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Digest of what the act saw.
    pub digest: String,
}

/// A partner that is asked to remove a work.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Asked {
    /// Its id in the catalogue.
    pub partner: String,
    /// How works are delivered to it, such as `drop` or `bag`.
    pub method: String,
    /// The delivery's state before.
    #[schema(value_type = DeliveryState)]
    pub was: String,
    /// How long it has until the removal must be proven.
    pub within_hours: u32,
}

/// Recalls a work. Refused with `state_wrong` if nothing is left to recall, and for a rejected work, whose rejection
/// must not be lost.
pub async fn recall(desk: &Desk, caller: &Caller, id: SubmissionId, wish: Recall) -> Result<Done<Recalled>, Problem> {
    let by = caller.because(Some(&wish.reason))?;
    let reason = by.reason.clone().ok_or_else(missing_reason)?;
    let partners = known(&desk.catalogue, wish.partners.clone())?;
    let terms = RecallTerms { reason: Some(reason), within: recall_within(&desk.catalogue) };
    let by = &by;
    let partners = partners.as_ref();
    let terms = &terms;
    let wish = &wish;
    let done = desk.store.transaction("recall", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, wish.dry_run).await? {
                return Ok(done);
            }
            let seen = caller.lock(tx, id).await?;
            seen.unchanged_since(wish.digest.as_deref())?;
            let was = seen.machine.state.name();
            if !orders::may_recall(&seen.machine) {
                return Err(Code::StateWrong.about(in_states([was])).into());
            }
            let applied = orders::recall(tx, desk.store.policy(), id, partners, terms, by).await?;
            if !applied.changed {
                return Err(Code::StateWrong.about(in_states([was])).into());
            }
            let named = |row: &str| partners.is_none_or(|some| some.iter().any(|it| it.as_str() == row));
            let asked = asked(desk, &seen).into_iter().filter(|it| named(&it.partner)).collect();
            let recalled = Recalled {
                id: id.0,
                was: was.to_owned(),
                state: applied.machine.state.name().to_owned(),
                run: applied.machine.run,
                partners: asked,
                dry_run: wish.dry_run,
                digest: seen.digest(),
            };
            caller.end(tx, wish.dry_run, recalled).await
        })
    });
    settle(done.await)
}

/// Whether the partner has the work or may have it.
pub(super) fn is_concerned(delivery: &Delivery) -> bool {
    delivery.desired == Desired::Live || !matches!(delivery.observed, Observed::Recalled { .. })
}

/// Partners that have the work or may have it.
fn asked(desk: &Desk, seen: &Seen) -> Vec<Asked> {
    let concerned = seen.deliveries.iter().filter(|row| is_concerned(&row.machine));
    let asked = |row: &runtime::store::partners::deliveries::DeliveryRow| {
        let partner = desk.catalogue.partner(&row.partner);
        Asked {
            partner: row.partner.to_string(),
            method: partner.map_or("unknown", |it| it.method.name()).to_owned(),
            was: row.machine.observed.name().to_owned(),
            within_hours: partner.map_or(24, |it| it.recall_within_h),
        }
    };
    concerned.map(asked).collect()
}

/// How long each partner has until a removal must be proven.
pub(super) fn recall_within(catalogue: &Catalogue) -> BTreeMap<PartnerId, Duration> {
    let hours = |hours: u32| Duration::from_secs(u64::from(hours) * 3600);
    catalogue.partners.values().map(|it| (it.id.clone(), hours(it.recall_within_h))).collect()
}
