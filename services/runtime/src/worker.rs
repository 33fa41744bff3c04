//! A stage's worker: receives a hint that there is work, claims one part, runs the handler, commits its outcome,
//! acknowledges.
//!
//! The message is held until the part has ended, which limits the load, and acknowledged whatever the outcome of the
//! part is: the part's row states what happens next. Handlers see none of this.
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures::FutureExt;
use pipeline::id::Fence;
use pipeline::part::Part;
use pipeline::stage::Stage;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, error, info, info_span, warn};

use crate::broker::Hint;
use crate::failure::{self, Panicked};
use crate::lease::{self, Lease, Progress};
use crate::metrics::NO_REASON;
use crate::outcome::{Outcome, Output};
use crate::scratch::ScratchDir;
use crate::service::Runtime;
use crate::store::is_unavailable;
use crate::store::outcomes::Overtaken;
use crate::store::parts::{Claim, Commit, Failed};
use crate::store::submissions::SubmissionRow;
use crate::tally::{self, Expected};
use crate::telemetry::{self, spans};

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
    /// The submission as it was when the part was claimed.
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

/// How long a cancelled handler may take to end before it is dropped.
const WIND_UP: Duration = Duration::from_millis(1500);

/// Serves a stage until the process stops; returns once every part that it held is committed or handed back.
pub(crate) async fn serve<H: Handler>(runtime: Arc<Runtime>, handler: Arc<H>) -> anyhow::Result<()> {
    let stage = H::STAGE;
    let slots = usize::from(runtime.config.slots);
    let permits = Arc::new(Semaphore::new(slots));
    let mut hints = runtime.broker.consume(stage, runtime.config.slots, runtime.shutdown.soft.clone());
    let running = TaskTracker::new();
    // Sessions with the broker start and end; the slots stay the same, so a new session never doubles the load.
    loop {
        let permit = tokio::select! {
            permit = permits.clone().acquire_owned() => permit.context("the slots were closed")?,
            () = runtime.shutdown.soft.cancelled() => break,
        };
        let hint = tokio::select! {
            hint = hints.recv() => hint,
            () = runtime.shutdown.soft.cancelled() => break,
        };
        let Some(hint) = hint else { break };
        running.spawn(answer(runtime.clone(), handler.clone(), hint, permit));
    }
    running.close();
    running.wait().await;
    Ok(())
}

/// One message: claims a part and does it. An empty claim is normal and costs one query.
async fn answer<H: Handler>(runtime: Arc<Runtime>, handler: Arc<H>, hint: Hint, permit: OwnedSemaphorePermit) {
    let holder = &runtime.holder;
    match runtime.store.claim_work(H::STAGE, holder).await {
        Ok(Some((claim, submission))) => do_part(&runtime, handler, claim, submission, &hint).await,
        Ok(None) => {}
        Err(failure) => {
            // The message is used up all the same: the reconciler sees pending parts without messages and sends new
            // ones.
            warn!(stage = %H::STAGE, "could not claim a part of {}: {failure:#}", H::STAGE);
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    hint.ack().await;
    drop(permit);
}

async fn do_part<H: Handler>(
    runtime: &Arc<Runtime>,
    handler: Arc<H>,
    claim: Claim,
    submission: SubmissionRow,
    hint: &Hint,
) {
    let stage = H::STAGE;
    let traced = spans::process(&claim, hint, &runtime.broker.destination(stage));
    // The context of each log line; the trace has it in its own span.
    let span = info_span!(
        target: "log_context",
        parent: None,
        "part",
        submission.id = %claim.submission,
        part.stage = %stage,
        part.name = %claim.part,
        part.run = claim.run,
        part.attempt = claim.attempt,
        part.fence = %claim.fence,
        trace.id = tracing::field::Empty,
    );
    if let Some(trace) = telemetry::trace_id_of(&traced) {
        span.record("trace.id", trace);
    }
    runtime.metrics.hop_seconds.with_label_values(&[stage.name()]).observe(claim.waited_s);
    let running = runtime.metrics.parts_running.with_label_values(&[stage.name()]);
    running.inc();
    let begun = Instant::now();
    let (outcome, reason) = async {
        let progress = Progress::default();
        // Kept until after the commit, which may have to wait for the database.
        let lease = lease::keep(runtime.store.clone(), claim.clone(), progress.clone());
        let ended = run(runtime, handler, &claim, submission, &lease, progress).await;
        commit(runtime, &claim, ended, begun).await
    }
    .instrument(traced.clone())
    .instrument(span)
    .await;
    running.dec();
    spans::processed(&traced, outcome);
    runtime.metrics.parts.with_label_values(&[stage.name(), outcome, reason]).inc();
    runtime.metrics.part_seconds.with_label_values(&[stage.name()]).observe(begun.elapsed().as_secs_f64());
}

/// How a handler's run ended.
#[allow(clippy::large_enum_variant, reason = "there is one for each part, which takes seconds")]
enum Ended {
    /// By itself.
    Returned(anyhow::Result<(Outcome, Expected)>),
    /// Its claim was lost or its part cancelled; there is nothing to commit.
    Lost,
    /// The process stops; the part is handed back.
    Stopping,
}

/// Runs the handler under a lease and under shutdown.
async fn run<H: Handler>(
    runtime: &Arc<Runtime>,
    handler: Arc<H>,
    claim: &Claim,
    submission: SubmissionRow,
    lease: &Lease,
    progress: Progress,
) -> Ended {
    let cancelled = CancellationToken::new();
    let job = job(runtime, claim, submission, cancelled.clone(), progress);
    let handled = async {
        let job = job?;
        let expected = Expected::of(&job, claim.stage);
        Ok((handler.handle(job).await?, expected))
    };
    // A handler that panics is a handler that failed.
    let handled =
        AssertUnwindSafe(handled).catch_unwind().map(|result| result.unwrap_or_else(|panic| Err(panicked(&*panic))));
    tokio::pin!(handled);
    let stopped = tokio::select! {
        result = &mut handled => return Ended::Returned(result),
        () = lease.lost() => Ended::Lost,
        () = runtime.shutdown.out_of_grace() => Ended::Stopping,
    };
    cancelled.cancel();
    // Its result no longer matters, but children and uploads should end properly.
    let _ = tokio::time::timeout(WIND_UP, handled).await;
    stopped
}

fn job(
    runtime: &Runtime,
    claim: &Claim,
    submission: SubmissionRow,
    cancelled: CancellationToken,
    progress: Progress,
) -> anyhow::Result<Job> {
    Ok(Job {
        submission,
        run: claim.run,
        part: claim.part.clone(),
        attempt: claim.attempt,
        fence: claim.fence,
        claim: claim.clone(),
        scratch: runtime.scratch.dir(&format!("{}-{}", claim.submission, claim.fence))?,
        cancelled,
        progress,
    })
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> anyhow::Error {
    let words = panic
        .downcast_ref::<&str>()
        .map(|words| (*words).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without words".to_owned());
    Panicked(words).into()
}

/// How a part ended, as metric labels: an outcome of [`crate::metrics::OUTCOMES`], and why.
type Labels = (&'static str, &'static str);

/// The one fenced commit. Returns what is counted. If the database does not answer, the outcome is lost with the lease,
/// and another worker does the part again.
async fn commit(runtime: &Runtime, claim: &Claim, ended: Ended, begun: Instant) -> Labels {
    let (store, stage, part, id) = (&runtime.store, claim.stage, &claim.part, claim.submission);
    let result = match ended {
        Ended::Returned(Ok((Outcome::Done(output), expected))) => {
            finish(runtime, claim, &output, &expected, begun).await
        }
        Ended::Returned(Ok((Outcome::Rejected(reason), _))) => {
            info!(rejection.code = reason.code(), "{stage} refused {part} of {id}: {}", reason.code());
            lease::persist(|| store.reject(claim, &reason))
                .await
                .map(|commit| or_fenced(commit, "rejected", reason.code()))
        }
        Ended::Returned(Ok((Outcome::Later(after), _))) => {
            lease::persist(|| store.later(claim, after)).await.map(|commit| or_fenced(commit, "later", NO_REASON))
        }
        Ended::Returned(Ok((Outcome::OverBudget(over), _))) => {
            let reserved = lease::persist(|| store.reserve_call(claim, &over)).await;
            reserved.map(|commit| or_fenced(commit, "later", NO_REASON))
        }
        Ended::Returned(Ok((Outcome::Parked(evidence), _))) => {
            error!("{part} of {id} is parked in {stage}: {evidence}");
            let parked = lease::persist(|| store.park(claim, &evidence)).await;
            parked.map(|commit| or_fenced(commit, "parked", failure::QUALITY))
        }
        Ended::Returned(Err(failure)) => fail(runtime, claim, &failure).await,
        Ended::Lost => Ok(FENCED),
        Ended::Stopping => {
            info!("stopping: hands {part} of {id} back");
            lease::persist(|| store.hand_back(claim)).await.map(|commit| or_fenced(commit, "handed_back", NO_REASON))
        }
    };
    match result {
        Ok(FENCED) => {
            info!("another worker holds {part} of {id} by now, or it is no longer needed; nothing was changed");
            FENCED
        }
        Ok(labels) => labels,
        Err(failure) => {
            error!("could not record the end of {part} of {id}, it will run again: {failure:#}");
            ("unrecorded", failure::reason(stage, &failure))
        }
    }
}

/// Commits the handler's result. A verdict that refuses is counted as a refusal, although its part is done.
async fn finish(
    runtime: &Runtime,
    claim: &Claim,
    output: &Output,
    expected: &Expected,
    begun: Instant,
) -> anyhow::Result<Labels> {
    let store = &runtime.store;
    let refused = match output {
        Output::Screened { verdict, .. } => verdict.rejection(),
        Output::Probed { .. } | Output::Encoded { .. } | Output::Assembled { .. } | Output::Published { .. } => None,
    };
    let done = refused.map_or(("done", NO_REASON), |reason| ("rejected", reason.code()));
    match lease::persist(|| store.finish(claim, output)).await {
        Ok(Commit::Committed) => {
            tally::done(&runtime.metrics, store, claim, expected, output, begun.elapsed()).await;
            Ok(done)
        }
        Ok(Commit::Fenced) => Ok(FENCED),
        Err(failure) if failure.is::<Overtaken>() => {
            info!("screens {} again: {failure}", claim.submission);
            lease::persist(|| store.hand_back(claim)).await.map(|commit| or_fenced(commit, "overtaken", NO_REASON))
        }
        // The database is available: the handler's result cannot be stored, which is the handler's failure.
        Err(failure) if !is_unavailable(&failure) => fail(runtime, claim, &failure).await,
        Err(failure) => Err(failure),
    }
}

async fn fail(runtime: &Runtime, claim: &Claim, failure: &anyhow::Error) -> anyhow::Result<Labels> {
    let reason = failure::reason(claim.stage, failure);
    let (stage, part, id, attempt) = (claim.stage, &claim.part, claim.submission, claim.attempt);
    let words = format!("{failure:#}");
    let outage = failure::is_outage(failure);
    let failed = lease::persist(async || match outage {
        true => runtime.store.fail_uncounted(claim, &words).await,
        false => runtime.store.fail(claim, &words).await,
    });
    match failed.await? {
        Failed::Retrying { in_s } => {
            warn!("attempt {attempt} at {part} of {id} failed in {stage}, next in {in_s:.1} s: {words}");
            Ok(("failed", reason))
        }
        Failed::Parked => {
            error!("{part} of {id} is parked in {stage} after {attempt} attempts: {words}");
            Ok(("parked", reason))
        }
        Failed::Fenced => Ok(FENCED),
    }
}

/// Another worker has the part by now.
const FENCED: Labels = ("fenced", NO_REASON);

fn or_fenced(commit: Commit, outcome: &'static str, reason: &'static str) -> Labels {
    match commit {
        Commit::Committed => (outcome, reason),
        Commit::Fenced => FENCED,
    }
}
