//! Two works side by side: which parts of them are the same, where those are in both, and which work came first. It
//! contains no personal data.
use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use runtime::problem::Problem;
use runtime::store::submissions::SubmissionRow;
use serde::Serialize;
use uuid::Uuid;

use super::deliveries::{Delivery, delivery};
use super::storyboard::{Storyboard, storyboard};
use super::work::{self, Rejected};
use crate::Desk;
use crate::act::Caller;

mod likeness;

pub use likeness::{Alike, Found, Stretch, found};

/// Two works.
#[derive(Debug, Serialize)]
pub struct Beside {
    /// The one to decide about.
    pub work: Side,
    /// The other one.
    pub other: Side,
    /// Which one came first; `None` if both started at the same moment.
    pub first: Option<First>,
    /// What screening found the same; `None` if it found nothing in either of them.
    pub found: Option<Found>,
}

/// Which of two works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum First {
    /// The one to decide about.
    Work,
    /// The other one.
    Other,
}

/// One of the two.
#[derive(Debug, Serialize)]
pub struct Side {
    /// Its id.
    pub id: Uuid,
    /// As entered.
    pub title: String,
    /// Its contest's id.
    pub contest: String,
    /// As entered.
    pub theme: String,
    /// Its state by name.
    pub state: &'static str,
    /// The unit that recommended it.
    pub recommending_unit: String,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// When the upload of its film started; `None` before that, or if it is no longer known.
    pub film_at: Option<DateTime<Utc>>,
    /// Length of the film.
    pub length_ms: Option<u64>,
    /// SHA-256 of the film, hex.
    pub sha256: Option<String>,
    /// Why it was rejected.
    pub rejection: Option<Rejected>,
    /// Where it stands with each partner.
    pub deliveries: Vec<Delivery>,
    /// Whether there is a preview film to play.
    pub playable: bool,
    /// Its storyboard.
    pub storyboard: Option<Storyboard>,
}

/// Compares a work with another one. `submission_unknown` if the caller may not see one of them.
pub async fn beside(desk: &Desk, caller: &Caller, id: SubmissionId, other: SubmissionId) -> Result<Beside, Problem> {
    let (work, other) = (work::find(desk, caller, id).await?, work::find(desk, caller, other).await?);
    let found = found(&work, &other);
    let (work, other) = (Side::of(desk, work).await?, Side::of(desk, other).await?);
    let first = first(&work, &other);
    Ok(Beside { work, other, first, found })
}

/// The one whose film arrived first; if that is not known for both, the one that was entered first.
fn first(work: &Side, other: &Side) -> Option<First> {
    let (ours, theirs) = work.film_at.zip(other.film_at).unwrap_or((work.created_at, other.created_at));
    match ours.cmp(&theirs) {
        Ordering::Less => Some(First::Work),
        Ordering::Greater => Some(First::Other),
        Ordering::Equal => None,
    }
}

impl Side {
    async fn of(desk: &Desk, row: SubmissionRow) -> Result<Self, Problem> {
        let upload = match row.mezzanine_upload {
            Some(upload) => desk.store.upload(upload).await?,
            None => None,
        };
        let deliveries = desk.store.deliveries(row.id).await?;
        let preview = desk.store.preview(row.id).await?;
        let storyboard = match &preview {
            Some(preview) => storyboard(desk, row.id, preview).await,
            None => None,
        };
        Ok(Self {
            id: row.id.0,
            state: row.machine.state.name(),
            rejection: Rejected::of(&row.machine.state),
            title: row.title,
            contest: row.contest.to_string(),
            theme: row.theme,
            recommending_unit: row.recommending_unit,
            created_at: row.created_at,
            film_at: upload.map(|upload| upload.created_at),
            length_ms: row.media_info.map(|info| info.duration_ms),
            sha256: row.mezzanine_sha256.map(hex::encode),
            deliveries: deliveries.into_iter().map(|row| delivery(desk, row)).collect(),
            playable: preview.is_some(),
            storyboard,
        })
    }
}
