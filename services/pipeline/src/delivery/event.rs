//! What can happen to a delivery: wishes of people and runs, outcomes of calls, observations at the partner.
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::observed::{IntentId, RecallBy, Receipt};

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
