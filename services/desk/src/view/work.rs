//! Everything about one work: what was entered, its state, what was measured, judged and made, and where it is online.
//! It contains no personal data.
//!
//! Names, the same in the API and at the command line: `rejection` is why it was rejected; `words` what a partner said;
//! `reused_from` where a file was made first; `receipt` the partner's name for the work; `handed_over` what was handed
//! over. A recall is one object. Texts are in both languages.
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use pipeline::lang::Lang;
use pipeline::media_info::MediaInfo;
use pipeline::progress::Reached;
use pipeline::replacing::Cure;
use pipeline::screening::Verdict;
use runtime::outcome::StoredPreview;
use runtime::problem::{Code, Problem};
use runtime::serving::openapi::vocabulary::SubmissionState;
use runtime::serving::status::UploadStatus;
use runtime::store::submissions::SubmissionRow;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::deliveries::{Delivery, delivery};
use crate::Desk;
use crate::act::Caller;

mod former;
mod happened;
mod part;
mod rejected;
mod rendition;

pub use former::Former;
pub use happened::{Happened, history, notes};
pub use part::{Part, parts};
pub use rejected::Rejected;
pub use rendition::{MadeBefore, Rendition, renditions};

/// One work.
#[derive(Serialize, ToSchema)]
pub struct Work {
    /// Its id.
    pub id: Uuid,
    /// The number of the entrant's receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// The contest.
    pub contest: String,
    /// As entered.
    pub title: String,
    /// As entered.
    pub theme: String,
    /// `uploading`, `probe`, `screen`, `awaiting_review`, `transcode`, `assemble`, `awaiting_release`, `publish`, `published`,
    /// `rejected`, `withdrawn` or `revoked`.
    #[schema(value_type = SubmissionState)]
    pub state: &'static str,
    /// Which pass it is in, from 1.
    pub run: u32,
    /// As entered.
    pub synopsis: String,
    /// As entered.
    pub recommending_unit: String,
    /// Originality, rights and AI use as declared.
    #[schema(value_type = Object)]
    pub declarations: Value,
    /// What has arrived of the film.
    pub upload: UploadStatus,
    /// Since when its film is protected from deletion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_at: Option<DateTime<Utc>>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_reason: Option<String>,
    /// A cure window that the organisers opened for its entrant; absent once it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<Window>,
    /// Whether the entrant announced another film. The present one counts until that is complete.
    pub replacing: bool,
    /// Films that another one replaced, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub former_films: Vec<Former>,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejected>,
    /// What the probe measured: streams, sizes, times, loudness.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub media_info: Option<MediaInfo>,
    /// The verdict of screening: every rule with the measured and the allowed value. Absent before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub verdict: Option<Verdict>,
    /// The first look: what the headers of the film mean for the simplest rules. Absent once there is a verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub first_look: Option<Verdict>,
    /// The machines' progress, from the probe to the last finished file, and the remaining time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub progress: Option<Reached>,
    /// The preview; `GET …/preview` has links.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub preview: Option<StoredPreview>,
    /// What machines do and did, run by run.
    pub parts: Vec<Part>,
    /// The files in force, which partners get.
    pub renditions: Vec<Rendition>,
    /// Its state at each partner.
    pub deliveries: Vec<Delivery>,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// When anything about it last changed.
    pub updated_at: DateTime<Utc>,
    /// Whether nothing more happens by itself, and no person is waited for.
    #[serde(skip)]
    pub settled: bool,
}

/// A cure window, in which the entrant may replace the film and correct the texts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Window {
    /// Its end.
    pub until: DateTime<Utc>,
    /// What the entrant has to correct, in words for the entrant.
    pub reason: String,
}

/// The work's row. A work of another contest does not exist for the caller.
pub async fn find(desk: &Desk, caller: &Caller, id: SubmissionId) -> Result<SubmissionRow, Problem> {
    let row = desk.store.submission(id).await?.ok_or(Code::SubmissionUnknown)?;
    if !caller.sees.includes(&row.contest) {
        return Err(Code::SubmissionUnknown.into());
    }
    Ok(row)
}

/// Everything about one work.
pub async fn work(desk: &Desk, caller: &Caller, row: &SubmissionRow) -> Result<Work, Problem> {
    let (held_at, held_reason) = desk.store.held(row.id).await?.unzip();
    Ok(Work {
        id: row.id.0,
        receipt: row.receipt.as_ref().map(ToString::to_string),
        contest: row.contest.to_string(),
        title: row.title.clone(),
        theme: row.theme.clone(),
        state: row.machine.state.name(),
        run: row.machine.run,
        synopsis: row.synopsis.clone(),
        recommending_unit: row.recommending_unit.clone(),
        declarations: row.declarations.clone(),
        upload: UploadStatus::of(&desk.store, row, Lang::Zh).await?,
        held_at,
        held_reason,
        cure: row.cure.clone().filter(|cure| desk.clock.now() < cure.until).map(Window::from),
        replacing: row.machine.replacing,
        former_films: desk.store.former_films(row.id).await?.into_iter().map(Former::from).collect(),
        rejection: Rejected::of(&row.machine.state),
        media_info: row.media_info.clone(),
        verdict: row.verdict.clone(),
        first_look: desk.store.first_look(row.id).await?,
        progress: desk.store.progress(row.id).await?,
        preview: desk.store.preview(row.id).await?,
        parts: parts(desk, row).await?,
        renditions: renditions(desk, caller, row).await?,
        deliveries: desk.store.deliveries(row.id).await?.into_iter().map(|row| delivery(desk, row)).collect(),
        created_at: row.created_at,
        updated_at: row.updated_at,
        settled: row.machine.is_settled(),
    })
}

/// What screening judged.
pub fn verdict(row: &SubmissionRow) -> Result<&Verdict, Problem> {
    row.verdict.as_ref().ok_or_else(|| Code::NotYet.into())
}

/// What the probe measured.
pub fn media_info(row: &SubmissionRow) -> Result<&MediaInfo, Problem> {
    row.media_info.as_ref().ok_or_else(|| Code::NotYet.into())
}

impl From<Cure> for Window {
    fn from(Cure { until, reason }: Cure) -> Self {
        Self { until, reason }
    }
}
