//! A work whose turn has come, and the result.
use pipeline::id::SubmissionId;
use uuid::Uuid;

use crate::store::submissions::history::By;

/// A work whose turn has come, locked.
pub(super) struct Turn<'a> {
    pub(super) job: Uuid,
    pub(super) submission: SubmissionId,
    /// The name of its state now.
    pub(super) state: &'a str,
    pub(super) by: &'a By,
}

/// The result of one attempt to start a work.
pub(super) enum Tried {
    Started,
    Skipped,
    NothingWaits,
}
