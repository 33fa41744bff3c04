//! What was last observed of a delivery, and the partner's own evidence for it.
use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Identifies one attempt to change something at the partner. Stored before the call; an answer to another intent is
/// late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IntentId(pub Uuid);

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The partner's own name for an accepted work, such as a BV id, an item id or a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Receipt(pub String);

/// What was last observed. Data that exists only in a state lives in its variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Observed {
    /// Nothing was sent.
    Planned,
    /// A submit call is being made.
    Sending {
        /// The call.
        intent: IntentId,
    },
    /// A submit call was begun and not answered.
    Unknown {
        /// The call.
        intent: IntentId,
    },
    /// A person has the bag and is to deliver it.
    AwaitingOperator {
        /// The hand-over.
        intent: IntentId,
    },
    /// The partner has it and reviews it.
    InReview {
        /// Its name there.
        receipt: Receipt,
    },
    /// It is public.
    Live {
        /// Its name there.
        receipt: Receipt,
        /// Its address; `None` if the partner does not give one.
        public_url: Option<String>,
    },
    /// It is being recalled.
    Recalling {
        /// Its name there; `None` if it may be there under an unknown name (an operator's delivery).
        receipt: Option<Receipt>,
        /// Its last known address.
        public_url: Option<String>,
        /// Who removes it.
        by: RecallBy,
        /// The progress of the recall.
        #[serde(default)]
        step: RecallStep,
    },
    /// It was recalled, or never arrived.
    Recalled {
        /// Its name there, as evidence.
        receipt: Option<Receipt>,
    },
    /// The partner does not accept it.
    Refused {
        /// In the partner's words.
        words: String,
        /// Its name there, if it got one.
        receipt: Option<Receipt>,
    },
}

/// Who removes a work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecallBy {
    /// The partner's API.
    System,
    /// A person, because the partner has no API for it.
    Operator,
}

impl RecallBy {
    /// The names of all.
    pub const NAMES: [&str; 2] = ["system", "operator"];
}

/// The progress of a recall. Only the observation that the work is gone ends it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecallStep {
    /// It is to be requested, or was requested without an answer yet.
    #[default]
    Requested,
    /// The partner confirmed; whether the work is gone is still to be observed.
    Acknowledged,
}

impl RecallStep {
    /// The names of all.
    pub const NAMES: [&str; 2] = ["requested", "acknowledged"];
}

/// Observed states that most rules treat alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was sent.
    Planned,
    /// It was sent, or may have been: it is or may be at the partner.
    Sent,
    /// It is being recalled.
    Recalling,
    /// Recalled or refused: it is not visible at the partner.
    Ended,
}

impl Observed {
    /// The name of every state, in the usual order.
    pub const NAMES: [&str; 9] =
        ["planned", "sending", "unknown", "awaiting_operator", "in_review", "live", "recalling", "recalled", "refused"];

    /// The state's one name: database value, JSON, metric label.
    pub fn name(&self) -> &'static str {
        match self {
            Observed::Planned => "planned",
            Observed::Sending { .. } => "sending",
            Observed::Unknown { .. } => "unknown",
            Observed::AwaitingOperator { .. } => "awaiting_operator",
            Observed::InReview { .. } => "in_review",
            Observed::Live { .. } => "live",
            Observed::Recalling { .. } => "recalling",
            Observed::Recalled { .. } => "recalled",
            Observed::Refused { .. } => "refused",
        }
    }

    /// Its phase.
    pub fn phase(&self) -> Phase {
        match self {
            Observed::Planned => Phase::Planned,
            Observed::Sending { .. }
            | Observed::Unknown { .. }
            | Observed::AwaitingOperator { .. }
            | Observed::InReview { .. }
            | Observed::Live { .. } => Phase::Sent,
            Observed::Recalling { .. } => Phase::Recalling,
            Observed::Recalled { .. } | Observed::Refused { .. } => Phase::Ended,
        }
    }

    /// The work's present or last address, as far as the partner or a person gave one.
    pub fn public_url(&self) -> Option<&str> {
        match self {
            Observed::Live { public_url, .. } | Observed::Recalling { public_url, .. } => public_url.as_deref(),
            _ => None,
        }
    }

    /// The partner's name for the work, as far as it has one.
    pub fn receipt(&self) -> Option<&Receipt> {
        match self {
            Observed::InReview { receipt } | Observed::Live { receipt, .. } => Some(receipt),
            Observed::Recalling { receipt, .. }
            | Observed::Recalled { receipt }
            | Observed::Refused { receipt, .. } => receipt.as_ref(),
            _ => None,
        }
    }
}
