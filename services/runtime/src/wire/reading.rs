//! Events read back from their bytes.
use pipeline::id::{ContestId, PartnerId, SubmissionId};
use prost::Message as _;
use proto::reelmill::v1;

/// The content of an event, as live views need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Announced {
    /// A work's state or progress changed.
    Work {
        /// The work.
        submission: SubmissionId,
        /// Its contest.
        contest: ContestId,
        /// Its state now; `None` if only its progress changed.
        state: Option<String>,
    },
    /// A delivery's state changed.
    Delivery {
        /// The work.
        submission: SubmissionId,
        /// The partner.
        partner: PartnerId,
        /// Its state now.
        state: String,
    },
}

/// Reads an event by its CloudEvents type; `None` for types and bodies that are unknown here.
pub fn announced(kind: &str, body: &[u8]) -> Option<Announced> {
    let id = |text: &str| text.parse().ok().map(SubmissionId);
    match kind {
        "reelmill.v1.SubmissionChanged" => {
            let message = v1::SubmissionChanged::decode(body).ok()?;
            let (submission, contest) = (id(&message.submission)?, message.contest.parse().ok()?);
            Some(Announced::Work { submission, contest, state: Some(message.state) })
        }
        "reelmill.v1.SubmissionProgressed" => {
            let message = v1::SubmissionProgressed::decode(body).ok()?;
            let (submission, contest) = (id(&message.submission)?, message.contest.parse().ok()?);
            Some(Announced::Work { submission, contest, state: None })
        }
        "reelmill.v1.DeliveryChanged" => {
            let message = v1::DeliveryChanged::decode(body).ok()?;
            let (submission, partner) = (id(&message.submission)?, message.partner.parse().ok()?);
            Some(Announced::Delivery { submission, partner, state: message.state })
        }
        _ => None,
    }
}

/// A readable rendering of an event's body for live views, by its CloudEvents type; `None` for types unknown here.
pub fn describe(kind: &str, body: &[u8]) -> Option<serde_json::Value> {
    match kind {
        "reelmill.v1.WorkAvailable" => {
            let message = v1::WorkAvailable::decode(body).ok()?;
            Some(serde_json::json!({ "stage": message.stage }))
        }
        "reelmill.v1.SubmissionChanged" => {
            let message = v1::SubmissionChanged::decode(body).ok()?;
            Some(serde_json::json!({
                "submission": message.submission, "contest": message.contest, "run": message.run,
                "state": message.state, "stage": message.stage, "rejection": message.rejection,
            }))
        }
        "reelmill.v1.SubmissionProgressed" => {
            let message = v1::SubmissionProgressed::decode(body).ok()?;
            Some(serde_json::json!({
                "submission": message.submission, "contest": message.contest, "run": message.run, "done": message.done,
                "remaining_s": message.remaining_s,
            }))
        }
        "reelmill.v1.DeliveryChanged" => {
            let message = v1::DeliveryChanged::decode(body).ok()?;
            Some(serde_json::json!({
                "submission": message.submission, "partner": message.partner, "run": message.run, "state": message.state,
            }))
        }
        _ => None,
    }
}
