//! What a worker's handler is, and the claimed part that it gets.
use std::future::Future;

use pipeline::id::Fence;
use pipeline::part::Part;
use pipeline::stage::Stage;
use tokio_util::sync::CancellationToken;

use crate::lease::Progress;
use crate::outcome::Outcome;
use crate::scratch::ScratchDir;
use crate::store::submissions::SubmissionRow;
use crate::store::work::parts::Claim;

/// What a stage does with a part. It may run twice for the same part, even at the same time after a worker lost its
/// claim: files are stored under keys with the fence, and only the fence's holder commits.
pub trait Handler: Send + Sync + 'static {
    /// The stage whose parts it does.
    const STAGE: Stage;

    /// Does one part. An error is a failure of ours and is retried; to refuse content, return `Outcome::Rejected`.
    fn handle(&self, job: Job) -> impl Future<Output = anyhow::Result<Outcome>> + Send;
}

/// One claimed part and what is needed to do it.
pub struct Job {
    /// The submission as it was when the part was claimed, without its verdict.
    pub submission: SubmissionRow,
    /// The run that the part belongs to.
    pub run: u32,
    /// What to do.
    pub part: Part,
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// Part of object keys, so that attempts never write to each other's files.
    pub fence: Fence,
    /// The claim itself, for writes that must be fenced before the part ends (deliveries).
    pub claim: Claim,
    /// A private directory, removed when the job is dropped.
    pub scratch: ScratchDir,
    /// Cancelled when the outcome is no longer needed: claim lost, submission withdrawn, process stopping. What the
    /// handler returns then is ignored.
    pub cancelled: CancellationToken,
    /// For viewers.
    pub progress: Progress,
}
