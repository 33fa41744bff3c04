//! A film that another one replaced.
use chrono::{DateTime, Utc};
use pipeline::media_info::MediaInfo;
use pipeline::screening::Verdict;
use runtime::serving::openapi::vocabulary::SubmissionState;
use runtime::store::submissions::former::FormerFilm;
use serde::Serialize;
use utoipa::ToSchema;

use super::rejected::Rejected;

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
