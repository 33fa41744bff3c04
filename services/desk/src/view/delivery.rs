//! Everything about one delivery: its state, what a person brings to the partner and enters there, the texts, and what
//! people saw.
use chrono::{DateTime, Utc};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::person::Sees;
use pipeline::preflight::{Texts, Written};
use runtime::problem::{Code, Problem};
use runtime::store::partners::deliveries::texts;
use runtime::store::partners::proofs::ProofRow;
use runtime::store::submissions::FormText;
use runtime::warning::Warning;
use serde::Serialize;
use uuid::Uuid;

use super::bag::{self, Bag};
use super::deliveries::{self, Delivery};
use crate::Desk;
use crate::next::{Turn, turn};
use facts::facts;

mod facts;

pub use facts::{PartnerFacts, TextLimits};

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
    let bag = bag_of(desk, sees, id, partner).await?;
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

/// The bag; `None` if there is none for this partner.
async fn bag_of(desk: &Desk, sees: &Sees, id: SubmissionId, partner: &PartnerId) -> Result<Option<Bag>, Problem> {
    match bag::bag(desk, sees, id, partner).await {
        Ok((bag, _)) => Ok(Some(bag)),
        Err(problem) if matches!(problem.code, Code::BagUnknown | Code::DeliveryUnknown) => Ok(None),
        Err(problem) => Err(problem),
    }
}

impl From<Written> for Sent {
    fn from(written: Written) -> Self {
        let Written { title, text, tags } = written;
        Self { title, text, tags }
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
