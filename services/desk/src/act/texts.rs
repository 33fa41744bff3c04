//! Texts: another title, description or tags for one partner; they apply to everything sent from then on. Possible
//! before the first release, so that a title that a partner does not accept is corrected before anything waits for it.
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::preflight::{Texts, Written};
use pipeline::text::Limit;
use runtime::problem::{Code, Problem};
use runtime::serving::typed;
use runtime::store::partners::deliveries;
use runtime::warning::Warning;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Done, at_most, settle};
use crate::Desk;

/// Most tags.
const TAGS: usize = 50;

/// The texts that accompany a work at one partner. An absent text is as in the entry.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Wording {
    /// Title.
    pub title: Option<String>,
    /// Description.
    pub text: Option<String>,
    /// Tags, at most 50.
    pub tags: Option<Vec<String>>,
    /// Only report what the partner would not accept.
    pub dry_run: bool,
    /// The digest of a dry run. The act is refused if what the dry run saw has changed.
    pub digest: Option<String>,
    /// Why, for the audit trail.
    pub reason: Option<String>,
}

/// The texts as they will be sent, and what the partner does not accept in them.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Worded {
    /// The work.
    pub id: Uuid,
    /// The partner.
    pub partner: String,
    /// Title.
    pub title: String,
    /// Description.
    pub text: String,
    /// Tags.
    pub tags: Vec<String>,
    /// What the partner does not accept. Until it is corrected, nothing is sent there.
    pub warnings: Vec<Warning>,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Digest of what the act saw.
    pub digest: String,
}

impl Wording {
    fn checked(&self) -> Result<Texts, Problem> {
        let title = self.title.as_deref().map(|title| typed::field("title", title, Limit::TITLE)).transpose()?;
        let text = self.text.as_deref().map(|text| typed::field("text", text, Limit::TEXT)).transpose()?;
        if self.tags.as_ref().is_some_and(|tags| tags.len() > TAGS) {
            return Err(Code::FieldWrong.about(at_most(TAGS).of("tags")));
        }
        let tags =
            self.tags.as_ref().map(|tags| tags.iter().map(|tag| typed::field("tags", tag, Limit::TAG)).collect());
        Ok(Texts { title, text, tags: tags.transpose()? })
    }
}

/// Stores the texts. They replace earlier ones for the partner as a whole. A partner that the work's contest does not
/// have is `delivery_unknown`.
pub async fn texts(
    desk: &Desk,
    caller: &Caller,
    id: SubmissionId,
    partner: &PartnerId,
    wish: Wording,
) -> Result<Done<Worded>, Problem> {
    let texts = wish.checked()?;
    let by = caller.because(wish.reason.as_deref())?;
    desk.catalogue.partner(partner).ok_or(Code::DeliveryUnknown)?;
    let by = &by;
    let texts = &texts;
    let dry_run = wish.dry_run;
    let digest = wish.digest.as_deref();
    let done = desk.store.transaction("texts", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, dry_run).await? {
                return Ok(done);
            }
            let seen = caller.lock(tx, id).await?;
            seen.unchanged_since(digest)?;
            let served = desk.catalogue.contest(&seen.contest).is_some_and(|it| it.partners.contains(partner));
            if !served && seen.delivery(partner).is_none() {
                return Err(Problem::from(Code::DeliveryUnknown).into());
            }
            deliveries::set_texts(tx, id, partner, texts, by).await?;
            let entry = seen.form.entry();
            let warnings = entry.warnings(&desk.catalogue, &seen.contest, partner, Some(texts));
            let Written { title, text, tags } = entry.written(&desk.catalogue, &seen.contest, Some(texts));
            let id = id.0;
            let partner = partner.to_string();
            let digest = seen.digest();
            let worded = Worded { id, partner, title, text, tags, warnings, dry_run, digest };
            caller.end(tx, dry_run, worded).await
        })
    });
    settle(done.await)
}
