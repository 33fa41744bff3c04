//! The states of a submission: their names, which are final, the phase that each belongs to, and where a new run may
//! begin from each.
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::part::Part;
use crate::rejection::Rejection;
use crate::stage::Stage;

/// The state of a submission. Data that exists only in a state lives in its variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// The bytes have not all arrived.
    Uploading,
    /// A stage is at work; `pending` are the parts it still has to finish. The last part moves the submission on.
    At {
        /// The stage.
        stage: Stage,
        /// Parts that are not done.
        pending: BTreeSet<Part>,
    },
    /// Screened; waits for a person's decision.
    AwaitingReview,
    /// Every rendition is ready; waits for release.
    AwaitingRelease,
    /// Delivered to every partner, by machine or as a bag to a person. Each delivery has its own state.
    Published,
    /// The content was refused. The entrant may send another film while the contest accepts works.
    Rejected {
        /// The stage that found it, or `Screen` for a reviewer's refusal.
        stage: Stage,
        /// Why, shown to the entrant.
        reason: Rejection,
    },
    /// Withdrawn by the entrant.
    Withdrawn,
    /// Revoked by the organiser after acceptance.
    Revoked,
}

/// States that most rules treat alike, in the order of the pipeline; the three ends come last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The film has not arrived.
    Arriving,
    /// It is probed or screened.
    Checking,
    /// It waits for a reviewer.
    Review,
    /// Its renditions are made.
    Making,
    /// It waits for release.
    Release,
    /// It is delivered.
    Publishing,
    /// Delivered to every partner.
    Published,
    /// Its content was refused.
    Rejected,
    /// Withdrawn or revoked.
    TakenBack,
}

impl State {
    /// The name of every state, in the usual order.
    pub const NAMES: [&str; 12] = [
        "uploading",
        "probe",
        "screen",
        "awaiting_review",
        "transcode",
        "assemble",
        "awaiting_release",
        "publish",
        "published",
        "rejected",
        "withdrawn",
        "revoked",
    ];

    /// The state's one name: database value, JSON, metric label. At a stage, the stage's.
    pub fn name(&self) -> &'static str {
        match self {
            State::Uploading => "uploading",
            State::At { stage, .. } => stage.name(),
            State::AwaitingReview => "awaiting_review",
            State::AwaitingRelease => "awaiting_release",
            State::Published => "published",
            State::Rejected { .. } => "rejected",
            State::Withdrawn => "withdrawn",
            State::Revoked => "revoked",
        }
    }

    /// Its phase.
    pub fn phase(&self) -> Phase {
        match self {
            State::Uploading => Phase::Arriving,
            State::At { stage: Stage::Probe | Stage::Screen, .. } => Phase::Checking,
            State::AwaitingReview => Phase::Review,
            State::At { stage: Stage::Transcode | Stage::Assemble, .. } => Phase::Making,
            State::AwaitingRelease => Phase::Release,
            State::At { stage: Stage::Publish, .. } => Phase::Publishing,
            State::Published => Phase::Published,
            State::Rejected { .. } => Phase::Rejected,
            State::Withdrawn | State::Revoked => Phase::TakenBack,
        }
    }

    /// Whether nothing more happens automatically, and no person is waited for.
    pub fn is_settled(&self) -> bool {
        matches!(self.phase(), Phase::Published | Phase::Rejected | Phase::TakenBack)
    }

    /// Whether the film can be replaced: it has arrived, and the work was neither accepted nor withdrawn or revoked.
    pub fn may_be_replaced(&self) -> bool {
        matches!(self.phase(), Phase::Checking | Phase::Review | Phase::Rejected)
    }

    /// Whether a new run may begin at this stage. Never forward: that would skip a review, a release or the decision
    /// what to make.
    pub fn may_reprocess(&self, from: Stage) -> bool {
        self.reached().is_some_and(|reached| from <= reached)
    }

    /// The last stage that this run reached; a new run may begin there or before. `None` if none may begin.
    fn reached(&self) -> Option<Stage> {
        match self {
            State::Uploading | State::Withdrawn | State::Revoked => None,
            State::At { stage, .. } => Some(*stage),
            // A rejected work held no seat, so it is compared again with the works accepted since.
            State::Rejected { stage, .. } => Some((*stage).min(Stage::Screen)),
            State::AwaitingReview => Some(Stage::Screen),
            State::AwaitingRelease => Some(Stage::Assemble),
            State::Published => Some(Stage::Publish),
        }
    }
}
