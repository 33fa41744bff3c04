//! Recalled: a person removed a work at a partner by hand, and proves it.
use chrono::{DateTime, Utc};
use pipeline::id::{PartnerId, SubmissionId};
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::openapi::vocabulary::DeliveryState;
use runtime::store::partners::proofs::{self, Shows};
use runtime::store::submissions::history::By;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::evidence::{Evidence, Shown, shown};
use super::{Caller, Done};
use crate::Desk;
use crate::next::Step;

/// Evidence that a work is gone: a picture of what is there now, or an address that no longer answers.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProveRemoval {
    /// The address that was seen. If the delivery's own address is known, that one is checked.
    pub url: Option<String>,
    /// A JPEG or PNG of what is there now, in base64; at most 10 MB.
    pub picture: Option<String>,
    /// When it was seen; now if absent.
    pub seen_at: Option<DateTime<Utc>>,
    /// The work is gone although its address still answers, as on some platforms. Needs a picture.
    pub insists: bool,
    /// Only report what would follow.
    pub dry_run: bool,
    /// The digest of a dry run. The act is refused if what the dry run saw has changed.
    pub digest: Option<String>,
    /// What was done; stored with the evidence and in the audit trail.
    pub reason: Option<String>,
}

/// A removal that was reported. It takes effect once the system has checked the public address.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RemovalReported {
    /// The work.
    pub id: Uuid,
    /// The partner.
    pub partner: String,
    /// The delivery's state, which the report does not change.
    #[schema(value_type = DeliveryState)]
    pub state: String,
    /// The address that the system checks before it accepts the report; absent if none is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looks_at: Option<String>,
    /// What was shown.
    pub evidence: Evidence,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Digest of what the act saw.
    pub digest: String,
}

/// The data of one report.
struct Report<'a> {
    id: SubmissionId,
    partner: &'a PartnerId,
    shown: &'a Shown,
    wish: &'a ProveRemoval,
    by: By,
}

/// Proves that a person removed a work. Only if a person is to remove it; a recall that the partner's API carries out
/// is checked by the system (`recall_by_system`), and a work that is still wanted there must be recalled first
/// (`not_recalled`).
///
/// The delivery stays `recalling`: the publish stage checks the public address, and an address that still answers
/// outweighs the report, unless the person insists, with a picture. `seen_at` must not be before the recall became the
/// person's task.
pub async fn recalled(
    desk: &Desk,
    caller: &Caller,
    id: SubmissionId,
    partner: &PartnerId,
    wish: ProveRemoval,
) -> Result<Done<RemovalReported>, Problem> {
    let by = caller.because(wish.reason.as_deref())?;
    let shown = &shown(desk, wish.url.as_deref(), wish.picture.as_deref(), wish.seen_at).await?;
    if wish.insists && shown.picture.is_none() {
        return Err(Code::EvidenceMissing.about(Detail::new("须同时提交图片", "only with a picture").of("insists")));
    }
    let report = Report { id, partner, shown, wish: &wish, by };
    shown.with_picture(desk, id, partner, wish.dry_run, |trial| Box::pin(noted(desk, caller, &report, trial))).await
}

/// The act's transaction; `trial`: rolled back at its end.
async fn noted(
    desk: &Desk,
    caller: &Caller,
    report: &Report<'_>,
    trial: bool,
) -> anyhow::Result<Done<RemovalReported>> {
    let Report { id, partner, shown, wish, .. } = *report;
    desk.store
        .transaction("recalled", |tx, _| {
            Box::pin(async move {
                if let Some(done) = caller.begin(tx, wish.dry_run).await? {
                    return Ok(done);
                }
                let seen = caller.lock(tx, id).await?;
                seen.unchanged_since(wish.digest.as_deref())?;
                let (stands, row) = seen.waiting_for(Step::ProveRemoval, desk, tx, partner).await?;
                shown.fits(desk.catalogue.partner(partner), row.updated_at)?;
                let proof = shown.proof(id, partner, Shows::Gone, &report.by, wish.insists);
                proofs::add(tx, &proof, None, &report.by).await?;
                let reported = RemovalReported {
                    id: id.0,
                    partner: partner.to_string(),
                    state: stands.observed.name().to_owned(),
                    looks_at: stands.observed.public_url().or(shown.url.as_deref()).map(ToOwned::to_owned),
                    evidence: shown.evidence(),
                    dry_run: wish.dry_run,
                    digest: seen.digest(),
                };
                caller.end(tx, wish.dry_run || trial, reported).await
            })
        })
        .await
}
