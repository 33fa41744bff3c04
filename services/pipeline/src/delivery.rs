//! One delivery: where one work stands with one partner. What is desired stands beside what was observed; nothing is ever sent blindly again.
//!
//! `Planned → Sending → (Unknown | AwaitingOperator | InReview) → Live → Recalling → Recalled`, or `Refused`.
//!
//! The rule of `Unknown`: a submit call that was begun and not answered may have taken effect. Only [`DeliveryEvent::ReadBack`]
//! leads out of it, so the partner has been read before anything is sent a second time.
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Names one try at changing something on the partner's side. Written down before the call; what answers another intent is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IntentId(pub Uuid);

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a partner answered when it took the work: its own name for it, such as a BV id, an item id or a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Receipt(pub String);

/// What we want to be true at the partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Desired {
    /// The work can be seen there.
    Live,
    /// It cannot be seen there any more.
    Gone,
}

/// What was last seen to be true. Data that exists only in a state lives in its variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Observed {
    /// Nothing was sent.
    Planned,
    /// A submit call is being made.
    Sending {
        /// Which try.
        intent: IntentId,
    },
    /// A submit call was begun and not answered.
    Unknown {
        /// Which try.
        intent: IntentId,
    },
    /// A person has the bag and is to bring it there.
    AwaitingOperator {
        /// Which hand-over.
        intent: IntentId,
    },
    /// The partner has it and is looking.
    InReview {
        /// Its name there.
        receipt: Receipt,
    },
    /// People can see it.
    Live {
        /// Its name there.
        receipt: Receipt,
        /// Where; `None` where the partner does not say.
        public_url: Option<String>,
    },
    /// It is being taken back.
    Recalling {
        /// Its name there; `None` where it may be there without our knowing its name (an operator's delivery).
        receipt: Option<Receipt>,
        /// Where it was seen last.
        public_url: Option<String>,
        /// Who takes it back.
        by: RecallBy,
        /// How far that is.
        #[serde(default)]
        step: RecallStep,
    },
    /// It was taken back, or never got there.
    Recalled {
        /// Its name there, for the evidence.
        receipt: Option<Receipt>,
    },
    /// The partner does not take it.
    Refused {
        /// In the partner's words.
        words: String,
        /// Its name there, where it got one.
        receipt: Option<Receipt>,
    },
}

/// Who takes a work back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecallBy {
    /// The partner's API.
    System,
    /// A person, since the partner has no API for it.
    Operator,
}

impl RecallBy {
    /// The names of all.
    pub const NAMES: [&str; 2] = ["system", "operator"];
}

/// How far a recall is. Only seeing that the work is gone ends it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecallStep {
    /// It is to be asked for, or was, without an answer yet.
    #[default]
    Requested,
    /// The partner said yes; whether the work is gone is still to be seen.
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
    /// A person said yes to the last step, where the partner's rules want one.
    #[serde(default)]
    pub confirmed: bool,
    /// Files may lie at the partner already, although none of them counts yet.
    #[serde(default)]
    pub begun: bool,
    /// The run whose package is sent once what is there now was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<u32>,
    /// The release's time: nothing is sent before it, also where something has to be taken back first.
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
    /// It is not wanted any more: the entry was withdrawn, revoked, or recalled from this partner.
    Unwanted,
    /// What is there is to make room for this run's package: taken back first, then sent.
    Replace {
        /// The run.
        run: u32,
    },
    /// It was released for this time.
    NotBefore {
        /// The time.
        at: DateTime<Utc>,
    },
    /// A person said yes to the last step.
    Confirmed {
        /// The hand-over that was confirmed.
        intent: IntentId,
    },
    /// Files are being brought there that do not count yet; stored before the first of them goes.
    Preparing,
    /// A submit call begins; stored before the call is made.
    Sending {
        /// A new id.
        intent: IntentId,
    },
    /// The call ended and certainly took no effect: refused connection, an error that says so.
    NotSent {
        /// The call's.
        intent: IntentId,
    },
    /// The call may have taken effect: no answer, a crash, a lease that ran out.
    AnswerLost {
        /// The call's.
        intent: IntentId,
    },
    /// The partner was read, and this is what it has.
    ReadBack {
        /// The unanswered call's.
        intent: IntentId,
        /// The work's name there, when it is there.
        found: Option<Receipt>,
    },
    /// The bag is ready, and a person was told.
    HandedToOperator {
        /// A new id.
        intent: IntentId,
    },
    /// The partner took it and is looking.
    Accepted {
        /// The call's, or the hand-over's.
        intent: IntentId,
        /// Its name there.
        receipt: Receipt,
    },
    /// It can be seen.
    WentLive {
        /// Its name there.
        receipt: Receipt,
        /// Where.
        public_url: Option<String>,
    },
    /// The partner does not take it, or took it down by itself.
    Refused {
        /// In its words.
        words: String,
    },
    /// It is being taken back.
    RecallStarted {
        /// By whom.
        by: RecallBy,
    },
    /// The partner said that it takes the work back.
    RecallAcknowledged,
    /// The partner does not have it any more: seen by us, or proven by a person.
    RecallConfirmed,
}

impl Observed {
    /// The name of every state, in the order in which a delivery comes into them.
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

    /// Where the work can be seen, or was last, as far as the partner or a person said.
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
    /// A delivery of which nothing was sent yet.
    pub fn new(run: u32) -> Self {
        let (desired, observed) = (Desired::Live, Observed::Planned);
        Self { run, desired, observed, confirmed: false, begun: false, then: None, not_before: None }
    }

    /// Whether what is desired is what was seen, or the partner has refused: nothing more to do.
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

    /// Whether a worker has something to do, so that one publish part of this delivery has to be open. Not where it is settled,
    /// and not where it waits for nothing but a person.
    pub fn needs_part(&self) -> bool {
        let waits_for_person =
            matches!((&self.observed, self.desired), (Observed::AwaitingOperator { .. }, Desired::Live));
        !self.is_settled() && !waits_for_person
    }

    /// Applies an event and says whether anything changed. Late, repeated and out-of-place events change nothing.
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
        // What was taken back to make room has made it.
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
