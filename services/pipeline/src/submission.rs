//! The whole pipeline of one submission, as a value: give it an event, it gives back the parts to start.
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::{PartnerId, RenditionName};
use crate::part::{Part, PartToDo};
use crate::rejection::Rejection;
use crate::stage::Stage;

/// Where a submission stands. Data that exists only in a state lives in its variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Bytes are still coming.
    Uploading,
    /// A stage is at work; `pending` is what it still has to finish. The last part out moves the submission on.
    At {
        /// The stage.
        stage: Stage,
        /// Parts that are not done.
        pending: BTreeSet<Part>,
    },
    /// Screened; waits for a person's yes or no.
    AwaitingReview,
    /// Every rendition is ready; waits for release.
    AwaitingRelease,
    /// Every partner has it.
    Published,
    /// The content was refused; final.
    Rejected {
        /// The stage that found it, or `Screen` for a reviewer's no.
        stage: Stage,
        /// Why, told to the entrant.
        reason: Rejection,
    },
    /// Taken back by the entrant.
    Withdrawn,
    /// Taken back by the organiser after acceptance.
    Revoked,
}

/// Whether a gate waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// A person opens it.
    Manual,
    /// The contest opens it by itself.
    Automatic,
}

/// The gates of a contest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gates {
    /// Between screen and transcode.
    pub review: Gate,
    /// Between assemble and publish.
    pub release: Gate,
}

/// What screening decided is to be made: the parts of the later stages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Number of picture segments to encode.
    pub segments: u32,
    /// Whether sound is encoded.
    pub audio: bool,
    /// Renditions to assemble.
    pub renditions: BTreeSet<RenditionName>,
    /// Partners to publish to.
    pub partners: BTreeSet<PartnerId>,
}
