//! The states of a submission: their names, which are final, and where a new run may begin from each.
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

/// What a state means to those who follow a submission, whatever the stage or the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase<'a> {
    /// Its film has not arrived.
    Uploading,
    /// A stage is at work and still has to finish these parts.
    InProgress(Stage, &'a BTreeSet<Part>),
    /// A person has to review or to release it.
    Waiting,
    /// It was delivered.
    Published,
    /// Its content was refused, for this reason.
    Refused(&'a Rejection),
    /// Its entrant withdrew it, or the organiser revoked it.
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

    /// Its phase, for rules that do not depend on the exact state.
    pub fn phase(&self) -> Phase<'_> {
        match self {
            State::Uploading => Phase::Uploading,
            State::At { stage, pending } => Phase::InProgress(*stage, pending),
            State::AwaitingReview | State::AwaitingRelease => Phase::Waiting,
            State::Published => Phase::Published,
            State::Rejected { reason, .. } => Phase::Refused(reason),
            State::Withdrawn | State::Revoked => Phase::TakenBack,
        }
    }

    /// Whether all files of its run are finished and were not refused.
    pub fn has_files(&self) -> bool {
        match self.phase() {
            Phase::InProgress(stage, _) => stage == Stage::Publish,
            Phase::Waiting => *self == State::AwaitingRelease,
            Phase::Published => true,
            Phase::Uploading | Phase::Refused(_) | Phase::TakenBack => false,
        }
    }

    /// Whether nothing more happens automatically, and no person is waited for.
    pub fn is_settled(&self) -> bool {
        match self {
            State::Published | State::Rejected { .. } | State::Withdrawn | State::Revoked => true,
            State::Uploading | State::At { .. } | State::AwaitingReview | State::AwaitingRelease => false,
        }
    }

    /// Whether the film can be replaced: it has arrived, and the work was neither accepted nor withdrawn or revoked.
    pub fn may_be_replaced(&self) -> bool {
        match self {
            State::At { stage: Stage::Probe | Stage::Screen, .. } | State::AwaitingReview | State::Rejected { .. } => {
                true
            }
            State::At { stage: Stage::Transcode | Stage::Assemble | Stage::Publish, .. }
            | State::Uploading
            | State::AwaitingRelease
            | State::Published
            | State::Withdrawn
            | State::Revoked => false,
        }
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
