//! The works of a job as they were found, and why nothing starts, if so.
use std::collections::{BTreeMap, BTreeSet};

use pipeline::id::{ContestId, PartnerId, SubmissionId};
use uuid::Uuid;

use crate::store::bulk::which::MAX_WORKS;

/// The works that were found.
#[derive(Clone, Debug)]
pub struct Looked {
    /// All of them, by time of entry.
    pub(in crate::store::bulk) ids: Vec<Uuid>,
    /// Works that would start now, or that the act would change.
    pub(in crate::store::bulk) begin: Vec<Beginning>,
    /// Works that cannot start there, by their state.
    pub cannot_begin: BTreeMap<String, u64>,
    /// Works that another job has.
    pub in_another_job: u64,
    /// One of these jobs.
    pub(in crate::store::bulk) other: Option<Uuid>,
    /// Works whose files are being made now. A job waits for its turn, and checks them again then.
    pub under_way: u64,
    /// The first named work that does not exist for the caller.
    pub(in crate::store::bulk) missing: Option<SubmissionId>,
    /// The contests of the works.
    pub(in crate::store::bulk) contests: Vec<String>,
    /// For a release: the works that would go to each set of partners. Most works go to the same ones, so the sets are
    /// few.
    pub(in crate::store::bulk) recipients: BTreeMap<BTreeSet<PartnerId>, Vec<Uuid>>,
    /// Digest of the works, their runs and states, and the desired state at each partner. Hex, 32 characters.
    pub digest: String,
}

/// A work that would start.
#[derive(Clone, Copy, Debug)]
pub(in crate::store::bulk) struct Beginning {
    pub(in crate::store::bulk) id: Uuid,
    /// Renditions of its present plan.
    pub(in crate::store::bulk) renditions: u64,
}

/// Why nothing starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A named work does not exist.
    Missing(SubmissionId),
    /// No work was found.
    Nothing,
    /// More than [`MAX_WORKS`] were found.
    TooMany,
    /// None of them can start there; their states.
    CannotBegin(Vec<String>),
    /// This job has all that could start.
    InAnotherJob(Uuid),
}

impl Looked {
    /// How many works would start now.
    pub fn works(&self) -> u64 {
        self.begin.len() as u64
    }

    /// The contest of all works, if it is the same.
    pub(in crate::store::bulk) fn contest(&self) -> Option<ContestId> {
        let [one] = &self.contests[..] else { return None };
        Some(ContestId::new(one.clone()))
    }

    /// Why nothing starts, if so. Works whose files are being made do not refuse a job: they may be ready when their
    /// turn comes.
    pub fn refusal(&self) -> Option<Refusal> {
        if let Some(id) = self.missing {
            return Some(Refusal::Missing(id));
        }
        if self.ids.is_empty() {
            return Some(Refusal::Nothing);
        }
        if self.ids.len() > MAX_WORKS {
            return Some(Refusal::TooMany);
        }
        if !self.begin.is_empty() || self.under_way > 0 {
            return None;
        }
        match self.other {
            Some(job) => Some(Refusal::InAnotherJob(job)),
            None => Some(Refusal::CannotBegin(self.cannot_begin.keys().cloned().collect())),
        }
    }
}
