//! The status of an entry, as JSON.
use chrono::{DateTime, Utc};
use pipeline::lang::Lang;
use pipeline::replacing::Cure;
use pipeline::screening::Verdict;
use pipeline::submission::State as WorkState;
use runtime::serving::openapi::vocabulary::SubmissionState;
use runtime::serving::status::{RejectionText, RuleStatus, UploadStatus};
use runtime::store::submissions::former::FormerFilm;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The status of an entry.
#[derive(Serialize, ToSchema)]
pub(crate) struct Status {
    pub(super) id: Uuid,
    /// The number of its receipt, by which people name the entry.
    #[schema(example = "GQ24-4829-1735-0617")]
    pub(super) receipt: String,
    pub(super) contest: String,
    pub(super) title: String,
    pub(super) theme: String,
    /// `uploading`, `probe`, `screen`, `awaiting_review`, `transcode`, `assemble`, `awaiting_release`, `publish`, `published`,
    /// `rejected`, `withdrawn` or `revoked`.
    #[schema(value_type = SubmissionState)]
    pub(super) state: &'static str,
    /// What has arrived of the film.
    pub(super) upload: UploadStatus,
    /// tus address of the upload that waits for the rest of its bytes, for a client that did not start it. HEAD there
    /// returns its offset and the metadata that its client sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) upload_url: Option<String>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rejection: Option<RejectionText>,
    /// The result of each rule of screening; absent before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verdict: Option<Vec<RuleStatus>>,
    /// What the headers of the film mean for the simplest rules, seconds after its last byte. Absent before that, and
    /// once there is a verdict of screening, which decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_look: Option<Vec<RuleStatus>>,
    /// What the entrant can still change.
    pub(super) changes: Changes,
    /// A cure window that the organisers opened for this work; absent once it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cure: Option<CureText>,
    /// Films that another one replaced, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) former_films: Vec<FormerStatus>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

/// What the entrant can still change.
#[derive(Serialize, ToSchema)]
pub(crate) struct Changes {
    /// Whether the film can be replaced now.
    pub(super) film: bool,
    /// Whether the form can be corrected now.
    pub(super) form: bool,
    /// Instant at which both end at the latest; absent if there is no deadline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<DateTime<Utc>>,
    /// What has arrived of the film that was announced to replace the present one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) replacement: Option<UploadStatus>,
}

/// A cure window for one work.
#[derive(Serialize, ToSchema)]
pub(crate) struct CureText {
    /// Its end.
    pub(super) until: DateTime<Utc>,
    /// What the entrant has to correct.
    pub(super) reason: String,
}

/// A film that another one replaced, with the decisions about it.
#[derive(Serialize, ToSchema)]
pub(crate) struct FormerStatus {
    /// Its last run.
    pub(super) run: u32,
    /// The state of the work with it.
    #[schema(value_type = SubmissionState)]
    pub(super) state: &'static str,
    /// SHA-256, hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rejection: Option<RejectionText>,
    /// The result of each rule of screening.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verdict: Option<Vec<RuleStatus>>,
    /// When the other film was complete.
    pub(super) replaced_at: DateTime<Utc>,
}

/// The content of a verdict, without the other works that a film resembles.
pub(super) fn rules_of(verdict: &Verdict, lang: Lang) -> Vec<RuleStatus> {
    verdict.rules.iter().map(|it| RuleStatus::of(it, lang).alone()).collect()
}

/// Why a work in this state was refused.
pub(super) fn rejection_of(state: &WorkState, lang: Lang) -> Option<RejectionText> {
    match state {
        WorkState::Rejected { reason, .. } => Some(RejectionText::of(reason, lang)),
        _ => None,
    }
}

impl From<Cure> for CureText {
    fn from(Cure { until, reason }: Cure) -> Self {
        Self { until, reason }
    }
}

impl FormerStatus {
    pub(super) fn of(film: FormerFilm, lang: Lang) -> Self {
        Self {
            run: film.run,
            state: film.state.name(),
            sha256: film.sha256.map(hex::encode),
            rejection: rejection_of(&film.state, lang),
            verdict: film.verdict.as_ref().map(|verdict| rules_of(verdict, lang)),
            replaced_at: film.replaced_at,
        }
    }
}
