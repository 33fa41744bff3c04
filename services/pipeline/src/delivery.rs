//! The delivery of one work to one partner. The desired state is kept beside the observed one; nothing is sent again
//! without reading back first.
//!
//! `Planned → Sending → (Unknown | AwaitingOperator | InReview) → Live → Recalling → Recalled`, or `Refused`.
//!
//! The rule of `Unknown`: a submit call that was begun and not answered may have taken effect. Only
//! [`DeliveryEvent::ReadBack`] leaves that state, so the partner is read before anything is sent a second time.
use std::fmt;

use chrono::{DateTime, Utc};
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

/// What should be true at the partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Desired {
    /// The work is visible there.
    Live,
    /// It is not visible there any more.
    Gone,
}

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

/// One work's delivery to one partner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The run whose package this is about.
    pub run: u32,
    /// What is wanted.
    pub desired: Desired,
    /// What was seen.
    pub observed: Observed,
    /// A person confirmed the last step, where the partner's rules require it.
    #[serde(default)]
    pub confirmed: bool,
    /// Files may be at the partner already, although none of them counts yet.
    #[serde(default)]
    pub begun: bool,
    /// The run whose package is sent once the present one was recalled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<u32>,
    /// The release's time: nothing is sent before it, even if something has to be recalled first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<DateTime<Utc>>,
}

/// What happened to a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum DeliveryEvent {
    /// It is wanted (again), with this run's package.
    Wanted {
        /// The run.
        run: u32,
    },
    /// It is no longer wanted: the entry was withdrawn, revoked, or recalled from this partner.
    Unwanted,
    /// The present work is to be replaced by this run's package: recalled first, then sent.
    Replace {
        /// The run.
        run: u32,
    },
    /// It was released for this time.
    NotBefore {
        /// The time.
        at: DateTime<Utc>,
    },
    /// A person confirmed the last step.
    Confirmed {
        /// The hand-over that was confirmed.
        intent: IntentId,
    },
    /// Files that do not count yet are being sent; stored before the first one.
    Preparing,
    /// A submit call begins; stored before the call is made.
    Sending {
        /// A new id.
        intent: IntentId,
    },
    /// The call ended and certainly took no effect: a refused connection, or an error that says so.
    NotSent {
        /// The call's.
        intent: IntentId,
    },
    /// The call may have taken effect: no answer, a crash, an expired lease.
    AnswerLost {
        /// The call's.
        intent: IntentId,
    },
    /// The partner was read; this is the result.
    ReadBack {
        /// The unanswered call's.
        intent: IntentId,
        /// The work's name there, if it is there.
        found: Option<Receipt>,
    },
    /// The bag is ready, and a person was notified.
    HandedToOperator {
        /// A new id.
        intent: IntentId,
    },
    /// The partner accepted it and reviews it.
    Accepted {
        /// The call's, or the hand-over's.
        intent: IntentId,
        /// Its name there.
        receipt: Receipt,
    },
    /// It is public.
    WentLive {
        /// Its name there.
        receipt: Receipt,
        /// Its address.
        public_url: Option<String>,
    },
    /// The partner does not accept it, or removed it by itself.
    Refused {
        /// In its words.
        words: String,
    },
    /// The recall has begun.
    RecallStarted {
        /// Who removes it.
        by: RecallBy,
    },
    /// The partner confirmed that it removes the work.
    RecallAcknowledged,
    /// The partner does not have it any more: observed by us, or proven by a person.
    RecallConfirmed,
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

    /// The work's present or last address, as far as the partner or a person gave one.
    pub fn public_url(&self) -> Option<&str> {
        match self {
            Observed::Live { public_url, .. } | Observed::Recalling { public_url, .. } => public_url.as_deref(),
            Observed::Planned
            | Observed::Sending { .. }
            | Observed::Unknown { .. }
            | Observed::AwaitingOperator { .. }
            | Observed::InReview { .. }
            | Observed::Recalled { .. }
            | Observed::Refused { .. } => None,
        }
    }

    /// The partner's name for the work, as far as it has one.
    pub fn receipt(&self) -> Option<&Receipt> {
        match self {
            Observed::InReview { receipt } | Observed::Live { receipt, .. } => Some(receipt),
            Observed::Recalling { receipt, .. }
            | Observed::Recalled { receipt }
            | Observed::Refused { receipt, .. } => receipt.as_ref(),
            Observed::Planned
            | Observed::Sending { .. }
            | Observed::Unknown { .. }
            | Observed::AwaitingOperator { .. } => None,
        }
    }
}

impl Desired {
    /// Both.
    pub const ALL: [Desired; 2] = [Desired::Live, Desired::Gone];

    /// Its one name.
    pub fn name(self) -> &'static str {
        match self {
            Desired::Live => "live",
            Desired::Gone => "gone",
        }
    }
}

impl Delivery {
    /// A delivery before anything was sent.
    pub fn new(run: u32) -> Self {
        let (desired, observed) = (Desired::Live, Observed::Planned);
        Self { run, desired, observed, confirmed: false, begun: false, then: None, not_before: None }
    }

    /// Whether the desired state was observed, or the partner has refused: nothing more to do.
    pub fn is_settled(&self) -> bool {
        match (&self.observed, self.desired) {
            (Observed::Live { .. }, Desired::Live) | (Observed::Recalled { .. }, Desired::Gone) => true,
            (Observed::Refused { .. }, Desired::Live | Desired::Gone) => true,
            (Observed::Live { .. }, Desired::Gone) | (Observed::Recalled { .. }, Desired::Live) => false,
            (
                Observed::Planned
                | Observed::Sending { .. }
                | Observed::Unknown { .. }
                | Observed::AwaitingOperator { .. }
                | Observed::InReview { .. }
                | Observed::Recalling { .. },
                Desired::Live | Desired::Gone,
            ) => false,
        }
    }

    /// Whether a worker has something to do, so that exactly one publish part of this delivery must be open. False if
    /// it is settled, or waits only for a person.
    pub fn needs_part(&self) -> bool {
        let waits_for_person =
            matches!((&self.observed, self.desired), (Observed::AwaitingOperator { .. }, Desired::Live));
        !self.is_settled() && !waits_for_person
    }

    /// Applies an event; returns whether anything changed. Late, repeated and out-of-place events change nothing.
    pub fn apply(&mut self, event: DeliveryEvent) -> bool {
        let before = self.clone();
        match event {
            DeliveryEvent::Wanted { run } => self.wanted(run),
            DeliveryEvent::Unwanted => self.unwanted(),
            DeliveryEvent::Replace { run } => self.replace(run),
            DeliveryEvent::Confirmed { intent } => self.confirmed(intent),
            DeliveryEvent::NotBefore { at } => {
                if self.observed == Observed::Planned || self.then.is_some() {
                    self.not_before = Some(at);
                }
            }
            DeliveryEvent::Preparing => self.begun |= self.may_begin(),
            event => {
                if let Some(observed) = self.next(event) {
                    self.observed = observed;
                }
            }
        }
        // The recall made room for the next run.
        if let (Observed::Recalled { .. }, Some(run)) = (&self.observed, self.then) {
            *self = Self { not_before: self.not_before, ..Self::new(run) };
        }
        *self != before
    }
}

mod transition;
mod wish;

#[cfg(test)]
mod tests;
