//! The delivery of one work to one partner. The desired state is kept beside the observed one; nothing is sent again
//! without reading back first.
//!
//! `Planned → Sending → (Unknown | AwaitingOperator | InReview) → Live → Recalling → Recalled`, or `Refused`.
//!
//! Events are in `event`, observed states in `observed`, their transitions in `transition`, people's wishes in `wish`.
//!
//! The rule of `Unknown`: a submit call that was begun and not answered may have taken effect. Only
//! [`DeliveryEvent::ReadBack`] leaves that state, so the partner is read before anything is sent a second time.
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use event::DeliveryEvent;
pub use observed::{IntentId, Observed, Phase, RecallBy, RecallStep, Receipt};

mod event;
mod observed;
mod transition;
mod wish;

/// What should be true at the partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Desired {
    /// The work is visible there.
    Live,
    /// It is not visible there any more.
    Gone,
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
            (_, Desired::Live | Desired::Gone) => false,
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

#[cfg(test)]
mod tests;
