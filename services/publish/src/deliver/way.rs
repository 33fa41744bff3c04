//! A method of delivery: the trait that each method's adapter implements, and what its functions report.
use std::time::Duration;

use anyhow::Result;
use pipeline::delivery::{IntentId, Receipt};

use crate::package::PackageFile;
use crate::task::Task;

/// A method of delivery. Every function may be called again after a crash at any point, by another process.
pub(crate) trait Way: Send + Sync {
    /// Whether a person does the rest once the package is ready, and reports it.
    const BY_HAND: bool = false;

    /// Whether the prepared files are visible at the partner, and so must be removed although they never counted.
    const LEAVES_FILES: bool = false;

    /// Everything before the call that publishes: parts of a file, files under temporary names. Continues where it was
    /// interrupted.
    fn prepare(&self, task: &mut Task<'_>, files: &[PackageFile]) -> impl Future<Output = Result<Prepared>> + Send;

    /// The one call that publishes the work. An error means that it may have taken effect.
    fn submit(
        &self,
        task: &mut Task<'_>,
        files: &[PackageFile],
        intent: IntentId,
    ) -> impl Future<Output = Result<Submitted>> + Send;

    /// Whether a call without an answer took effect.
    fn read_back(&self, task: &mut Task<'_>, intent: IntentId) -> impl Future<Output = Result<ReadBack>> + Send;

    /// The partner's present state of the work with this name.
    fn look(&self, task: &mut Task<'_>, receipt: &Receipt) -> impl Future<Output = Result<Seen>> + Send;

    /// Asks the partner to remove the work. `None` if it may be there under an unknown name.
    fn take_back(
        &self,
        task: &mut Task<'_>,
        receipt: Option<&Receipt>,
    ) -> impl Future<Output = Result<TakenBack>> + Send;

    /// How long after an unanswered call an absence is trusted: the time the partner may need to show what it accepted.
    fn settle(&self, task: &Task<'_>) -> Duration {
        task.tools.unknown_settle
    }
}

/// The result of preparing.
#[derive(Debug)]
pub(crate) enum Prepared {
    /// The call that publishes can be made.
    Ready,
    /// A person must confirm first, or takes over from here.
    AskPerson,
    /// Not yet.
    Later(Duration),
}

/// The result of the call that publishes.
#[derive(Debug)]
pub(crate) enum Submitted {
    /// The partner has it and reviews it.
    Accepted(Receipt),
    /// It is public, perhaps with an address.
    Live(Receipt, Option<String>),
    /// It certainly took no effect.
    NotSent {
        /// In the partner's words.
        words: String,
        /// When to try again; `None`: as after any failure of ours, with parking after a few.
        again: Option<Duration>,
    },
    /// It may have taken effect.
    Lost(String),
    /// The partner does not accept this work.
    Refused(String),
    /// It took no effect, and a person has to do something before it can.
    Person(String),
}

/// The result of reading back.
#[derive(Debug)]
pub(crate) enum ReadBack {
    /// It is there, under this name.
    Found(Receipt),
    /// It is not there.
    Absent,
    /// Not known yet.
    NotYet,
}

/// The work's state at the partner.
#[derive(Debug)]
pub(crate) enum Seen {
    /// It is still in review; in the partner's words.
    InReview(String),
    /// It is public, perhaps with an address.
    Live(Option<String>),
    /// The partner does not accept it, in its words.
    Refused(String),
    /// The partner does not have it.
    Gone,
    /// Not known yet, and why.
    Unsure(String),
}

/// The result of asking to remove a work.
#[derive(Debug)]
pub(crate) enum TakenBack {
    /// The partner confirmed; its removal must still be observed.
    Asked,
    /// It was observed to be gone, or certainly never arrived.
    Gone,
    /// No API can do it; the reason, for the person.
    Person(String),
}
