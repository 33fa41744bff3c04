//! Which works a job is for.
use pipeline::id::SubmissionId;
use pipeline::selection::Selection;

use super::ask::{Ask, Kind};

/// The most works of one job.
pub const MAX_WORKS: usize = 100_000;

/// Which works.
#[derive(Clone, Debug)]
pub enum Which {
    /// These.
    Named(Vec<SubmissionId>),
    /// Those that a selection finds now.
    Selected(Box<Selection>),
}

/// The single work that is named for a new run.
pub(super) fn single(which: &Which, ask: &Ask) -> Option<SubmissionId> {
    match (which, ask.kind()) {
        (Which::Named(ids), Kind::Reprocess) if ids.len() == 1 => ids.first().copied(),
        (Which::Named(_) | Which::Selected(_), _) => None,
    }
}
