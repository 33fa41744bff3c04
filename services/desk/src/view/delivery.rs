//! Everything about one delivery: its state, what a person brings to the partner and enters there, the texts, and what
//! people saw.
use chrono::{DateTime, Utc};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::partner::{Limits, Partner, Sourced};
use pipeline::person::Sees;
use pipeline::preflight::{Texts, Written};
use runtime::problem::{Code, Problem};
use runtime::store::deliveries::texts;
use runtime::store::proofs::ProofRow;
use runtime::store::submissions::FormText;
use runtime::warning::Warning;
use serde::Serialize;
use uuid::Uuid;

use super::bag::{self, Bag};
use super::deliveries::{self, Delivery};
use crate::Desk;
use crate::next::{Turn, turn};

/// One delivery.
#[derive(Clone, Debug, Serialize)]
pub struct DeliveryWhole {
    /// The work.
    pub id: Uuid,
    /// Its title, as entered.
    pub title: String,
    /// Its contest.
    pub contest: String,
    /// The work's state.
    pub state: &'static str,
    /// The partner.
    pub partner: PartnerFacts,
    /// Its state; `None` if it was not released there.
    pub delivery: Option<Delivery>,
    /// Who acts next; `None` if it was not released there.
    pub turn: Option<Turn>,
    /// The files, and what to enter. Present only at partners that are served by hand, from the hand-over until the
    /// recall.
    pub bag: Option<Bag>,
    /// The texts as they are, or would be, sent.
    pub texts: Sent,
    /// Those of the texts that were written for this partner.
    pub own: Texts,
    /// The texts as the entry has them.
    pub entered: Sent,
    /// What the partner does not accept in them.
    pub warnings: Vec<Warning>,
    /// What people saw there, oldest first.
    pub proofs: Vec<Seen>,
}

/// What the catalogue says about a partner.
#[derive(Clone, Debug, Serialize)]
pub struct PartnerFacts {
    /// Its id.
    pub id: String,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// Its method.
    pub method: &'static str,
    /// Its own sites; empty if not known.
    pub sites: Vec<String>,
    /// Hours of the day in Beijing in which works are published, `[from, to)`.
    pub hours: Option<(u32, u32)>,
    /// Hours within which a recall must be proven.
    pub recall_within_hours: u32,
    /// What its pages accept.
    pub limits: TextLimits,
    /// Aspect ratios and widths in pixels of the covers that it asks for.
    pub covers: Vec<(String, u32)>,
}

/// What a partner's pages accept, in characters; absent if not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TextLimits {
    /// Shortest title.
    pub title_min: Option<u32>,
    /// Longest title.
    pub title_max: Option<u32>,
    /// Longest description.
    pub text_max: Option<u32>,
    /// The most tags.
    pub tags_max: Option<u32>,
    /// All tags together.
    pub tags_max_chars: Option<u32>,
}

/// The texts that accompany a work at a partner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// Title.
    pub title: String,
    /// Description.
    pub text: String,
    /// Tags.
    pub tags: Vec<String>,
}

/// What a person saw.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    /// The report's id.
    pub id: Uuid,
    /// `live` or `gone`.
    pub shows: String,
    /// When.
    pub seen_at: DateTime<Utc>,
    /// Where.
    pub public_url: Option<String>,
    /// In the person's words.
    pub words: Option<String>,
    /// Whether there is a picture.
    pub picture: bool,
    /// Who reported it.
    pub by: String,
}

/// One delivery, or what would be sent if it was not released yet. A partner that the work's contest does not serve
/// gives `delivery_unknown`. `sees`: the contests that the caller may see.
pub async fn delivery(
    desk: &Desk,
    sees: &Sees,
    id: SubmissionId,
    partner: &PartnerId,
) -> Result<DeliveryWhole, Problem> {
    let work = desk.store.submission(id).await?.ok_or(Code::SubmissionUnknown)?;
    if !sees.includes(&work.contest) {
        return Err(Code::SubmissionUnknown.into());
    }
    let row = desk.store.delivery(id, partner).await?;
    let served = desk.catalogue.contest(&work.contest).is_some_and(|it| it.partners.contains(partner));
    if row.is_none() && !served {
        return Err(Code::DeliveryUnknown.into());
    }
    let own = texts(desk.store.pool(), id).await?.remove(partner);
    let form = FormText { title: work.title.clone(), synopsis: work.synopsis, theme: work.theme };
    let entry = form.entry();
    let entered = entry.written(&desk.catalogue, &work.contest, None);
    let written = entry.written(&desk.catalogue, &work.contest, own.as_ref());
    let warnings = entry.warnings(&desk.catalogue, &work.contest, partner, own.as_ref());
    let bag = match bag::bag(desk, sees, id, partner).await {
        Ok((bag, _)) => Some(bag),
        Err(problem) if matches!(problem.code, Code::BagUnknown | Code::DeliveryUnknown) => None,
        Err(problem) => return Err(problem),
    };
    let proofs = desk.store.proofs(id, Some(partner)).await?;
    let known = desk.catalogue.partner(partner);
    Ok(DeliveryWhole {
        id: id.0,
        title: work.title,
        contest: work.contest.to_string(),
        state: work.machine.state.name(),
        partner: facts(partner, known),
        turn: row.as_ref().map(|row| turn(known.map(|it| it.method), &row.machine)),
        delivery: row.map(|row| deliveries::delivery(desk, row)),
        bag,
        texts: Sent::from(written),
        own: own.unwrap_or_default(),
        entered: Sent::from(entered),
        warnings,
        proofs: proofs.into_iter().map(Seen::from).collect(),
    })
}

impl From<Written> for Sent {
    fn from(written: Written) -> Self {
        let Written { title, text, tags } = written;
        Self { title, text, tags }
    }
}

/// A partner that is no longer in the catalogue is shown by its id.
fn facts(id: &PartnerId, known: Option<&Partner>) -> PartnerFacts {
    PartnerFacts {
        id: id.to_string(),
        zh: known.map_or_else(|| id.to_string(), |it| it.name.zh.clone()),
        en: known.map_or_else(|| id.to_string(), |it| it.name.en.clone()),
        method: known.map_or("unknown", |it| it.method.name()),
        sites: known.map(|it| it.sites.clone()).unwrap_or_default(),
        hours: known.and_then(|it| it.window).map(|it| (it.from_hour, it.to_hour)),
        recall_within_hours: known.map_or(24, |it| it.recall_within_h),
        limits: known.map(|it| limits(&it.limits)).unwrap_or_default(),
        covers: known
            .map(|it| it.covers.iter().map(|cover| (cover.aspect.to_string(), cover.width_pixels)).collect())
            .unwrap_or_default(),
    }
}

fn limits(limits: &Limits) -> TextLimits {
    let value = |it: &Option<Sourced<u32>>| it.as_ref().map(|it| it.value);
    TextLimits {
        title_min: value(&limits.title_min_chars),
        title_max: value(&limits.title_max_chars),
        text_max: value(&limits.text_max_chars),
        tags_max: value(&limits.tags_max),
        tags_max_chars: value(&limits.tags_max_chars),
    }
}

impl From<ProofRow> for Seen {
    fn from(row: ProofRow) -> Self {
        Self {
            id: row.id,
            shows: row.shows,
            seen_at: row.seen_at,
            public_url: row.public_url,
            words: row.words,
            picture: row.file_key.is_some(),
            by: row.by_whom,
        }
    }
}
