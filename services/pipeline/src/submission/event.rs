//! What can happen to a submission: outcomes of parts, decisions of people, another film.
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::work::Work;
use crate::id::PartnerId;
use crate::part::Part;
use crate::rejection::Rejection;
use crate::stage::Stage;

/// What happened to a submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The bytes are stored, and their size and digest were verified.
    Uploaded,
    /// The entrant is about to send another film.
    Replacing,
    /// Another film is complete and verified: it replaces the film of this run, and a new run begins.
    Replaced {
        /// The run whose film is replaced.
        run: u32,
    },
    /// A part is done. Screen has its own event, since it decides the work.
    PartDone {
        /// The run that the part belongs to.
        run: u32,
        /// Its stage.
        stage: Stage,
        /// The part.
        part: Part,
    },
    /// The screen part is done: the entry keeps the rules, and this is what to make.
    Screened {
        /// The run that was screened.
        run: u32,
        /// What to make.
        work: Work,
        /// Whether a person must accept it even if the contest's gate is open.
        #[serde(default)]
        review: bool,
    },
    /// A stage found that the content cannot be accepted.
    Rejected {
        /// The run that the stage belongs to.
        run: u32,
        /// The stage that found it.
        stage: Stage,
        /// The part that found it; `None` for the stage as a whole.
        part: Option<Part>,
        /// Why.
        reason: Rejection,
    },
    /// A reviewer accepted it.
    ReviewAccepted,
    /// A reviewer refused it.
    ReviewRefused {
        /// In the reviewer's words, shown to the entrant.
        words: String,
    },
    /// The organisers released it to partners. A later release adds further ones.
    Released {
        /// To these; `None` is to all of the work's.
        partners: Option<BTreeSet<PartnerId>>,
    },
    /// The organisers recall it from some partners; the others keep it.
    Recalled {
        /// From these.
        partners: BTreeSet<PartnerId>,
    },
    /// The entrant withdraws it.
    Withdrawn,
    /// The organiser revokes it.
    Revoked,
    /// A person starts a new run, from this stage on.
    Reprocess {
        /// Where the new run begins; never later than the stage that the old one had reached, so that no gate is
        /// skipped.
        from: Stage,
        /// Its effect on partners.
        #[serde(default)]
        redo: Redo,
    },
}

/// What a person requests for one new run. The default publishes it to all of the work's partners, which keep their
/// present files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Redo {
    /// Publish it to these partners only; `None` is to all of the work's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partners: Option<BTreeSet<PartnerId>>,
    /// Partners whose present files are replaced.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub replace: BTreeSet<PartnerId>,
}

impl Redo {
    pub(super) fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}
