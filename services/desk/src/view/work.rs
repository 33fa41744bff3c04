//! Everything about one work: what was entered, its state, what was measured, judged and made, and where it is online.
//! It contains no personal data.
//!
//! The API and the command line once used two sets of names for this. Decided: `created_at` and `updated_at` as
//! everywhere in the API; `rejection` for why it was rejected; `words` for what a partner said; `reused_from`, which
//! says more than `reused`; `receipt` for the partner's name for the work, and `handed_over` for what was handed over;
//! a recall is one object. Texts are in both languages.
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use pipeline::lang::Lang;
use pipeline::media_info::MediaInfo;
use pipeline::person::Sees;
use pipeline::progress::Reached;
use pipeline::rendition::QcCheck;
use pipeline::replacing::Cure;
use pipeline::screening::Verdict;
use pipeline::submission::State;
use runtime::outcome::{ReusedFrom, StoredCover, StoredPreview};
use runtime::problem::{Code, Problem};
use runtime::serving::openapi::vocabulary::{PartStatus, SubmissionState};
use runtime::serving::status::UploadStatus;
use runtime::store::former::FormerFilm;
use runtime::store::history::HistoryLine;
use runtime::store::parts::PartRow;
use runtime::store::renditions::RenditionRow;
use runtime::store::submissions::SubmissionRow;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::deliveries::{Delivery, delivery};
use crate::Desk;
use crate::act::Caller;

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
    /// What is to be cured, in the text for the entrant.
    pub reason: String,
}

/// A film that another film of the work replaced, with the decisions about it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Former {
    /// Its last run.
    pub run: u32,
    /// The state of the work with it.
    #[schema(value_type = SubmissionState)]
    pub state: &'static str,
    /// Its size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejected>,
    /// What the probe measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub media_info: Option<MediaInfo>,
    /// The verdict of screening.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub verdict: Option<Verdict>,
    /// When the other film was complete.
    pub replaced_at: DateTime<Utc>,
}

/// Why a work was rejected.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Rejected {
    /// The stage that found it; `screen` for a reviewer's refusal.
    pub stage: &'static str,
    /// Stable name.
    pub code: &'static str,
    /// The sentence in Chinese.
    pub zh: String,
    /// The sentence in English.
    pub en: String,
}

/// One part of the machines' work.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Part {
    /// The run.
    pub run: u32,
    /// Stage by name.
    pub stage: String,
    /// Such as `segment/3`.
    pub part: String,
    /// `pending`, `waiting`, `claimed`, `done`, `parked` or `cancelled`.
    #[schema(value_type = PartStatus)]
    pub status: String,
    /// Failures so far.
    pub attempt: u32,
    /// Of the current attempt, 0 to 1.
    pub progress: f32,
    /// Why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Host and process of the present or the last claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When the current attempt began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
}

/// A finished file.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Rendition {
    /// Its name in the ladder.
    pub name: String,
    /// The run that it belongs to.
    pub run: u32,
    /// Display size in pixels.
    pub width: u32,
    /// Display size in pixels.
    pub height: u32,
    /// Its length.
    pub duration_ms: u64,
    /// Its size.
    pub bytes: u64,
    /// Hex.
    pub sha256: String,
    /// Its key in the object store.
    pub key: String,
    /// The key of the still picture that comes with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cover_key: Option<String>,
    /// Still pictures that were cut out of it for partners.
    #[schema(value_type = Vec<Object>)]
    pub covers: Vec<StoredCover>,
    /// Which code made it.
    pub engine: String,
    /// Whose file it is a copy of, where it was made before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reused_from: Option<MadeBefore>,
    /// What quality control measured.
    #[schema(value_type = Vec<Object>)]
    pub qc: Vec<QcCheck>,
}

/// Where a file was made first.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct MadeBefore {
    /// The work; absent where it is another contest's than the caller's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submission: Option<Uuid>,
    /// The run that made it, or took it over itself.
    pub run: u32,
}

/// One line of a work's history.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Happened {
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// `worker`, `entrant`, `screener`, `organiser` or `operator`.
    pub actor: String,
    /// Stable name, such as `part_done` or `released`.
    pub what: String,
    /// More of it; of people, `by` and `reason`.
    #[schema(value_type = Object)]
    pub detail: Value,
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

/// What machines do and did, run by run.
pub async fn parts(desk: &Desk, row: &SubmissionRow) -> Result<Vec<Part>, Problem> {
    Ok(desk.store.parts(row.id).await?.into_iter().map(Part::from).collect())
}

/// The files in force, by name.
pub async fn renditions(desk: &Desk, caller: &Caller, row: &SubmissionRow) -> Result<Vec<Rendition>, Problem> {
    let rows = desk.store.renditions(row.id).await?;
    let made_before = |from: ReusedFrom| {
        let visible = caller.sees == Sees::All || from.submission == row.id;
        MadeBefore { submission: visible.then_some(from.submission.0), run: from.run }
    };
    let rendition = |it: RenditionRow| {
        let reused_from = it.rendition.reused_from.map(made_before);
        Rendition { reused_from, ..Rendition::from(it) }
    };
    Ok(rows.into_iter().map(rendition).collect())
}

/// The history of a work, oldest first; of very long histories, the newest thousand lines.
pub async fn history(desk: &Desk, row: &SubmissionRow) -> Result<Vec<Happened>, Problem> {
    Ok(desk.store.history(row.id).await?.into_iter().map(Happened::from).collect())
}

/// The newest notes of staff on a work, newest first.
pub async fn notes(desk: &Desk, row: &SubmissionRow) -> Result<Vec<Happened>, Problem> {
    Ok(desk.store.notes(row.id).await?.into_iter().map(Happened::from).collect())
}

impl Rejected {
    /// The reason, in a state that is a rejection.
    pub(crate) fn of(state: &State) -> Option<Self> {
        let State::Rejected { stage, reason } = state else { return None };
        let (zh, en) = (reason.text(Lang::Zh), reason.text(Lang::En));
        Some(Self { stage: stage.name(), code: reason.code(), zh, en })
    }
}

impl From<Cure> for Window {
    fn from(Cure { until, reason }: Cure) -> Self {
        Self { until, reason }
    }
}

impl From<FormerFilm> for Former {
    fn from(film: FormerFilm) -> Self {
        Self {
            run: film.run,
            state: film.state.name(),
            bytes: film.bytes,
            sha256: film.sha256.map(hex::encode),
            rejection: Rejected::of(&film.state),
            media_info: film.media_info,
            verdict: film.verdict,
            replaced_at: film.replaced_at,
        }
    }
}

impl From<HistoryLine> for Happened {
    fn from(line: HistoryLine) -> Self {
        Self { at: line.at, actor: line.actor, what: line.what, detail: line.detail }
    }
}

impl From<PartRow> for Part {
    fn from(row: PartRow) -> Self {
        Self {
            run: row.run,
            stage: row.stage,
            part: row.part,
            status: row.status,
            attempt: row.attempt,
            progress: row.progress,
            last_error: row.last_error,
            holder: row.holder,
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        }
    }
}

impl From<RenditionRow> for Rendition {
    fn from(row: RenditionRow) -> Self {
        let made = row.rendition;
        Self {
            name: row.name.to_string(),
            run: row.run,
            width: made.width,
            height: made.height,
            duration_ms: made.duration_ms,
            bytes: made.video.bytes,
            sha256: made.video.sha256,
            key: made.video.key,
            cover_key: made.cover.map(|cover| cover.key),
            covers: made.covers,
            engine: made.engine,
            reused_from: None,
            qc: made.qc,
        }
    }
}
