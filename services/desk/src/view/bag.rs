//! The bag of a partner that is served by hand: its files, and which text is entered where on the partner's pages.
use pipeline::catalogue::Catalogue;
use pipeline::delivery::{Desired, Observed};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::object_key::{BagFile, ObjectKey};
use pipeline::partner::DeliveryMethod;
use pipeline::person::Sees;
use pipeline::preflight::Texts;
use runtime::problem::{Code, Problem};
use runtime::serving::openapi::vocabulary::DeliveryState;
use runtime::store::partners::deliveries::DeliveryRow;
use runtime::store::submissions::SubmissionRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Desk;
use crate::next::{Next, next};

/// What a person delivers to a partner.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Bag {
    /// The work.
    pub id: Uuid,
    /// Its run.
    pub run: u32,
    /// The partner.
    pub partner: String,
    /// The partner's name in Chinese.
    pub partner_name: String,
    /// The delivery's state: `awaiting_operator` or `live`.
    #[schema(value_type = DeliveryState)]
    pub state: String,
    /// What to enter on the partner's pages.
    pub checklist: Checklist,
    /// The files; `checksums.sha256` lists the others.
    pub files: Vec<Listed>,
    /// The next act of a person, and the command for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
}

/// What to enter on a partner's pages, as it is written now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Checklist {
    /// Title.
    pub title: String,
    /// Description.
    pub text: String,
    /// Tags.
    pub tags: Vec<String>,
    /// The organisation that recommends the work.
    pub recommending_unit: String,
    /// How AI was used for the work, as in the form, such as `assisted`; for the partner's own declaration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai_use: Option<String>,
    /// Names of the files with the work, best first.
    pub videos: Vec<String>,
    /// Names of the covers, the most important first; if there are none, the pictures of the videos are used.
    pub covers: Vec<String>,
}

/// A file of the bag.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = BagFile)]
pub struct Listed {
    /// Its name: letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 in hex.
    pub sha256: String,
    /// Its address, for the same token.
    pub url: String,
}

/// A file of the bag and its object.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its name, which cannot be a path.
    pub name: BagFile,
    /// Its key.
    pub key: ObjectKey,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 in hex.
    pub sha256: String,
}

/// What was handed over, as stored by the publish stage.
#[derive(Deserialize)]
struct Handed {
    run: u32,
    files: Vec<HandedFile>,
}

#[derive(Deserialize)]
struct HandedFile {
    name: String,
    bytes: u64,
    sha256: String,
}

/// The bag for a partner. It exists from the hand-over until the work is recalled. `sees`: the contests that the caller
/// may see.
pub async fn bag(
    desk: &Desk,
    sees: &Sees,
    id: SubmissionId,
    partner: &PartnerId,
) -> Result<(Bag, Vec<Stored>), Problem> {
    let work = desk.store.submission(id).await?.ok_or(Code::SubmissionUnknown)?;
    if !sees.includes(&work.contest) {
        return Err(Code::SubmissionUnknown.into());
    }
    let row = desk.store.delivery(id, partner).await?.ok_or(Code::DeliveryUnknown)?;
    let known = desk.catalogue.partner(partner).filter(|it| it.method == DeliveryMethod::Operator);
    let known = known.ok_or(Code::BagUnknown)?;
    let files = stored(&row)?;
    let bag = Bag {
        id: id.0,
        run: row.machine.run,
        partner: partner.to_string(),
        partner_name: known.name.zh.clone(),
        state: row.machine.observed.name().to_owned(),
        checklist: checklist(&desk.catalogue, &work, row.texts.clone().unwrap_or_default(), &files),
        files: files.iter().map(|file| listed(&desk.url, &row, file)).collect(),
        next: next(id, partner, Some(known.method), &row.machine),
    };
    Ok((bag, files))
}

/// The files of a bag that exists. Their keys are made from the delivery and checked names, never read from the row.
fn stored(row: &DeliveryRow) -> Result<Vec<Stored>, Problem> {
    let there = matches!(row.machine.observed, Observed::AwaitingOperator { .. } | Observed::Live { .. });
    let handed = row.receipt.clone().filter(|_| there && row.machine.desired == Desired::Live);
    let handed: Handed = handed.and_then(|it| serde_json::from_value(it).ok()).ok_or(Code::BagUnknown)?;
    if handed.run != row.machine.run {
        return Err(Code::BagUnknown.into());
    }
    let files = handed.files.into_iter().map(|file| {
        let name = BagFile::new(&file.name)?;
        let key = ObjectKey::Bag(row.submission, handed.run, row.partner.clone(), name.clone());
        Some(Stored { name, key, bytes: file.bytes, sha256: file.sha256 })
    });
    let files: Option<Vec<_>> = files.collect();
    Ok(files.ok_or_else(|| anyhow::anyhow!("a file of the bag of {} has a name that is none", row.submission))?)
}

fn listed(base: &str, row: &DeliveryRow, file: &Stored) -> Listed {
    let url = format!("{base}/api/v1/submissions/{}/deliveries/{}/bag/{}", row.submission, row.partner, file.name);
    Listed { name: file.name.to_string(), bytes: file.bytes, sha256: file.sha256.clone(), url }
}

/// An organiser's texts for this partner, or else the entry's own.
fn checklist(catalogue: &Catalogue, work: &SubmissionRow, own: Texts, files: &[Stored]) -> Checklist {
    let themes = catalogue.contest(&work.contest).map_or(&[][..], |contest| &contest.themes);
    let theme = themes.iter().find(|theme| theme.id == work.theme).map_or(&work.theme, |theme| &theme.zh);
    let names = |is: fn(&str) -> bool| -> Vec<String> {
        files.iter().map(|file| file.name.to_string()).filter(|name| is(name)).collect()
    };
    Checklist {
        title: own.title.unwrap_or_else(|| work.title.clone()),
        text: own.text.unwrap_or_else(|| work.synopsis.clone()),
        tags: own.tags.unwrap_or_else(|| vec![theme.clone()]),
        recommending_unit: work.recommending_unit.clone(),
        ai_use: work.declarations.get("ai_use").and_then(|it| it.as_str()).map(ToOwned::to_owned),
        videos: names(|name| name.ends_with(".mp4")),
        covers: names(|name| name.starts_with("cover-")),
    }
}
