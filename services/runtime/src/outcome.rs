//! A handler's result at the end of a part. `stored` is the form in which the part's row stores it.
use std::time::Duration;

use pipeline::rejection::Rejection;

pub use crate::objects::StoredFile;
pub use crate::store::partners::calls::OverBudget;
pub use crate::store::work::fingerprints::Seat;
pub use crate::stored::{Output, ReusedFrom, StoredComparison, StoredCover, StoredPreview, StoredRendition};

/// How a part ended. An error instead of one of these is a failure of ours, and is retried.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one for each part, which takes seconds")]
pub enum Outcome {
    /// Done, with this output.
    Done(Output),
    /// The content cannot be accepted. Final, and reported to the entrant.
    Rejected(Rejection),
    /// No failure, but it is too early: try again after this time. It does not count as an attempt.
    Later(Duration),
    /// The partner's budget is used up: the part reserves a call and waits for its time. It does not count as an
    /// attempt.
    OverBudget(OverBudget),
    /// Our failure, and another attempt would fail the same way: parked immediately with this evidence, for a person.
    Parked(String),
}
