//! A delivery as the test reads it, and when it is over.
use pipeline::delivery::{Delivery, Observed, RecallBy};
use uuid::Uuid;

/// A delivery as stored in the database.
pub(super) struct Row {
    pub(super) submission: Uuid,
    pub(super) partner: String,
    pub(super) machine: Delivery,
    pub(super) due: bool,
}

impl Row {
    /// Live where it is wanted; elsewhere gone, or a person's task with a deadline.
    pub(super) fn is_over(&self) -> bool {
        match (&self.machine.observed, self.machine.desired.name()) {
            (Observed::Live { .. }, "live") | (Observed::Recalled { .. }, "gone") => true,
            (Observed::Recalling { by: RecallBy::Operator, .. }, "gone") => self.due,
            _ => false,
        }
    }

    pub(super) fn described(&self) -> String {
        format!("{} {} {:?} due {}", self.submission, self.partner, self.machine, self.due)
    }
}
