//! A claim, and the results of what its holder does with it.
use pipeline::id::{Fence, SubmissionId};
use pipeline::part::Part;
use pipeline::stage::Stage;

/// A claimed part: the right to commit its outcome, as long as no other worker claims it.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The submission.
    pub submission: SubmissionId,
    /// The run.
    pub run: u32,
    /// The stage.
    pub stage: Stage,
    /// The part.
    pub part: Part,
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// The proof.
    pub fence: Fence,
    /// Trace context of the span that created the part.
    pub traceparent: Option<String>,
    /// How long it had been claimable, in seconds.
    pub waited_s: f64,
    /// Whether it is a delivery whose reserved time at its partner had come; see `calls`.
    pub reserved: bool,
}

/// Whether a fenced write was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Commit {
    /// It did.
    Committed,
    /// Another worker holds the part by now, or it is no longer needed: nothing was changed.
    Fenced,
}

/// The result of a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub enum Failed {
    /// It is tried again after this many seconds.
    Retrying {
        /// Back-off, including jitter.
        in_s: f64,
    },
    /// It failed too often and waits for an operator.
    Parked,
    /// See [`Commit::Fenced`].
    Fenced,
}

impl Commit {
    /// The result of a fenced statement that changed this many rows.
    pub(in crate::store) fn of(rows: u64) -> Self {
        if rows == 1 { Self::Committed } else { Self::Fenced }
    }
}
