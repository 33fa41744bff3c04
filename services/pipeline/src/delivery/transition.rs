//! The transitions of a delivery: from the observed state and an event to the next observed state.
use super::{Delivery, DeliveryEvent, Desired, IntentId, Observed, Phase, RecallBy, RecallStep, Receipt};

impl Delivery {
    /// The next observed state; `None` if the event changes nothing. Wishes of people change the desired state, not
    /// this one.
    pub(super) fn next(&self, event: DeliveryEvent) -> Option<Observed> {
        match event {
            DeliveryEvent::Sending { intent } => self.may_begin().then_some(Observed::Sending { intent }),
            DeliveryEvent::HandedToOperator { intent } => self.handed_over(intent),
            DeliveryEvent::NotSent { intent } => (self.calls(intent)).then(|| self.nothing_there()),
            DeliveryEvent::AnswerLost { intent } => self.calls(intent).then_some(Observed::Unknown { intent }),
            DeliveryEvent::ReadBack { intent, found } => match (&self.observed, found) {
                (Observed::Unknown { intent: open }, Some(receipt)) if *open == intent => {
                    Some(Observed::InReview { receipt })
                }
                (Observed::Unknown { intent: open }, None) if *open == intent => Some(self.nothing_there()),
                (_, Some(_) | None) => None,
            },
            DeliveryEvent::Accepted { intent, receipt } => {
                self.open_intent(intent).then_some(Observed::InReview { receipt })
            }
            DeliveryEvent::WentLive { receipt, public_url } => self.went_live(receipt, public_url),
            DeliveryEvent::Refused { words } => self.refused(words),
            DeliveryEvent::RecallStarted { by } => self.recall_started(by),
            DeliveryEvent::RecallAcknowledged => self.recall_acknowledged(),
            DeliveryEvent::RecallConfirmed => match &self.observed {
                Observed::Recalling { receipt, .. } => Some(Observed::Recalled { receipt: receipt.clone() }),
                _ => None,
            },
            DeliveryEvent::Wanted { .. }
            | DeliveryEvent::Unwanted
            | DeliveryEvent::Replace { .. }
            | DeliveryEvent::Preparing
            | DeliveryEvent::NotBefore { .. }
            | DeliveryEvent::Confirmed { .. } => None,
        }
    }

    /// Only a wanted delivery is sent, and only if it was never sent, or was read back as absent.
    pub(super) fn may_begin(&self) -> bool {
        self.observed == Observed::Planned && self.desired == Desired::Live
    }

    /// Whether this very call is being made.
    fn calls(&self, intent: IntentId) -> bool {
        self.observed == Observed::Sending { intent }
    }

    /// Whether an answer to this intent is still expected. A late answer to an unanswered call counts as reading back.
    fn open_intent(&self, intent: IntentId) -> bool {
        match &self.observed {
            Observed::Sending { intent: open }
            | Observed::Unknown { intent: open }
            | Observed::AwaitingOperator { intent: open } => *open == intent,
            _ => false,
        }
    }

    /// The partner certainly has nothing: the work is sent again, or, if it is unwanted meanwhile, gone.
    fn nothing_there(&self) -> Observed {
        match self.desired {
            Desired::Live => Observed::Planned,
            Desired::Gone => self.nothing_counts(),
        }
    }

    /// A platform's API may do the upload and leave the last step to a person, so a call's own intent may be handed
    /// over too.
    fn handed_over(&self, intent: IntentId) -> Option<Observed> {
        (self.may_begin() || self.calls(intent)).then_some(Observed::AwaitingOperator { intent })
    }

    fn went_live(&self, receipt: Receipt, public_url: Option<String>) -> Option<Observed> {
        match &self.observed {
            Observed::Sending { .. } | Observed::Unknown { .. } | Observed::AwaitingOperator { .. } => {
                Some(Observed::Live { receipt, public_url })
            }
            // Webhooks are unordered and repeated: only notices about the known work count, and a known address is
            // kept.
            Observed::InReview { receipt: known } if *known == receipt => Some(Observed::Live { receipt, public_url }),
            Observed::Live { receipt: known, public_url: address } if *known == receipt => {
                Some(Observed::Live { receipt, public_url: public_url.or_else(|| address.clone()) })
            }
            _ => None,
        }
    }

    fn refused(&self, words: String) -> Option<Observed> {
        let receipt = self.observed.receipt().cloned();
        match self.observed.phase() {
            Phase::Sent => Some(Observed::Refused { words, receipt }),
            // A refusal during a recall is what was wanted: the work is not there.
            Phase::Recalling => Some(Observed::Recalled { receipt }),
            Phase::Planned | Phase::Ended => None,
        }
    }

    fn recall_acknowledged(&self) -> Option<Observed> {
        match &self.observed {
            Observed::Recalling { receipt, public_url, by, step: RecallStep::Requested } => Some(Observed::Recalling {
                receipt: receipt.clone(),
                public_url: public_url.clone(),
                by: *by,
                step: RecallStep::Acknowledged,
            }),
            _ => None,
        }
    }

    fn recall_started(&self, by: RecallBy) -> Option<Observed> {
        if self.desired == Desired::Live {
            return None;
        }
        let recalling = |receipt: Option<&Receipt>, public_url: Option<&String>, by| Observed::Recalling {
            receipt: receipt.cloned(),
            public_url: public_url.cloned(),
            by,
            step: RecallStep::Requested,
        };
        match &self.observed {
            Observed::InReview { receipt } => Some(recalling(Some(receipt), None, by)),
            Observed::Live { receipt, public_url } => Some(recalling(Some(receipt), public_url.as_ref(), by)),
            // The operator may have delivered the bag already; only a person knows.
            Observed::AwaitingOperator { .. } => Some(recalling(None, None, by)),
            // The API turned out to be unable to do it: a person takes over.
            Observed::Recalling { receipt, public_url, by: RecallBy::System, .. } if by == RecallBy::Operator => {
                Some(recalling(receipt.as_ref(), public_url.as_ref(), by))
            }
            // A running call, or one without an answer, must end or be read back first.
            _ => None,
        }
    }
}
