//! Deliver: a person delivered a work to a partner by hand, and shows that it is public there.
use pipeline::delivery::{Delivery, Observed, Receipt};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::text::Limit;
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::openapi::vocabulary::DeliveryState;
use runtime::serving::typed;
use runtime::store::partners::deliveries;
use runtime::store::partners::proofs::{self, Shows};
use runtime::store::submissions::history::By;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::evidence::{Evidence, Shown, shown};
use super::{Caller, Done};
use crate::Desk;
use crate::next::Step;

/// Evidence that a work is online: an address, a picture, or both.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Deliver {
    /// Public address at the partner, http or https, on one of its own sites if the catalogue knows them.
    #[schema(example = "https://channels.weixin.qq.com/1")]
    pub url: Option<String>,
    /// A JPEG or PNG screenshot, in base64; at most 10 MB.
    pub picture: Option<String>,
    /// The partner's own name for the work, such as its video id; the address if absent. Required with a picture alone.
    pub receipt: Option<String>,
    /// When it was seen; now if absent.
    pub seen_at: Option<chrono::DateTime<chrono::Utc>>,
    /// Only report what would follow.
    pub dry_run: bool,
    /// The digest of a dry run. The act is refused if what the dry run saw has changed.
    pub digest: Option<String>,
    /// What was done; stored with the evidence and in the audit trail.
    pub reason: Option<String>,
}

/// A delivery that is live from now on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Delivered {
    /// The work.
    pub id: Uuid,
    /// The partner.
    pub partner: String,
    /// The delivery's state before.
    #[schema(value_type = DeliveryState)]
    pub was: String,
    /// The delivery's state after.
    #[schema(value_type = DeliveryState)]
    pub state: String,
    /// The partner's own name for the work.
    pub receipt: String,
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
    wish: &'a Deliver,
    named: Option<Receipt>,
    by: By,
}

/// Reports a delivery by hand, which is live from then on. Only for a delivery that waits for it: a bag that a person
/// uploads at the partner, once it was handed over. If the partner's rules require a person's confirmation instead, the
/// act is refused with `awaits_confirmation`; nothing was sent there yet.
///
/// From `in_review` a report counts only if the partner cannot be queried: it has the files of a drop or a feed, and
/// shows the work without a receipt. Its name for the work is known then and stays. A partner with an API is checked by
/// the system: `not_by_hand`.
///
/// Evidence is an address or a picture that decodes. With a picture alone the partner's name for the work is required,
/// since without either a later recall would not know what to remove.
pub async fn deliver(
    desk: &Desk,
    caller: &Caller,
    id: SubmissionId,
    partner: &PartnerId,
    wish: Deliver,
) -> Result<Done<Delivered>, Problem> {
    let by = caller.because(wish.reason.as_deref())?;
    let named = typed::optional("receipt", wish.receipt.as_deref(), Limit::RECEIPT)?.map(Receipt);
    let shown = &shown(desk, wish.url.as_deref(), wish.picture.as_deref(), wish.seen_at).await?;
    let report = Report { id, partner, shown, wish: &wish, named, by };
    shown.with_picture(desk, id, partner, wish.dry_run, |trial| Box::pin(noted(desk, caller, &report, trial))).await
}

/// The act's transaction; `trial`: rolled back at its end.
async fn noted(desk: &Desk, caller: &Caller, report: &Report<'_>, trial: bool) -> anyhow::Result<Done<Delivered>> {
    let Report { id, partner, shown, wish, .. } = *report;
    desk.store
        .transaction("deliver", |tx, _| {
            Box::pin(async move {
                if let Some(done) = caller.begin(tx, wish.dry_run).await? {
                    return Ok(done);
                }
                let seen = caller.lock(tx, id).await?;
                seen.unchanged_since(wish.digest.as_deref())?;
                let (stands, row) = seen.waiting_for(Step::Deliver, desk, tx, partner).await?;
                shown.fits(desk.catalogue.partner(partner), row.updated_at)?;
                let receipt = receipt(&stands, report)?;
                let proof = shown.proof(id, partner, Shows::Live, &report.by, false);
                proofs::add(tx, &proof, Some(&receipt), &report.by).await?;
                let now = deliveries::current(tx, id, partner).await?;
                let delivered = Delivered {
                    id: id.0,
                    partner: partner.to_string(),
                    was: stands.observed.name().to_owned(),
                    state: now.map_or("live", |it| it.observed.name()).to_owned(),
                    receipt: receipt.0,
                    evidence: shown.evidence(),
                    dry_run: wish.dry_run,
                    digest: seen.digest(),
                };
                caller.end(tx, wish.dry_run || trial, delivered).await
            })
        })
        .await
}

/// The partner's name for the work: the known one, the one the person gives, or the address.
fn receipt(stands: &Delivery, report: &Report<'_>) -> Result<Receipt, Problem> {
    let wrong = |zh: &str, en: &str| Code::FieldWrong.about(Detail::new(zh, en).of("receipt"));
    match (&stands.observed, &report.named, &report.shown.url) {
        (Observed::InReview { receipt }, Some(named), _) if receipt != named => {
            Err(wrong("与已知的不同", "another one is known"))
        }
        (Observed::InReview { receipt }, _, _) => Ok(receipt.clone()),
        (_, Some(named), _) => Ok(named.clone()),
        (_, None, Some(url)) => Ok(Receipt(url.clone())),
        (_, None, None) => Err(wrong("没有网址时必填", "required without an address")),
    }
}
