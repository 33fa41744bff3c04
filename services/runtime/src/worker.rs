//! A stage's worker: receives a hint that there is work, claims one part, runs the handler, commits its outcome,
//! acknowledges.
//!
//! The message is held until the part has ended, which limits the load, and acknowledged whatever the outcome of the
//! part is: the part's row states what happens next. Handlers see none of this.
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, info_span, warn};

use crate::broker::Hint;
use crate::failure::Panicked;
use crate::lease::{self, Lease, Progress};
use crate::process::Runtime;
use crate::store::submissions::SubmissionRow;
use crate::store::work::parts::Claim;
use crate::tally::Expected;
use crate::telemetry;

mod commit;
mod job;
mod span;

pub use job::{Handler, Job};

use commit::{Ended, commit};

/// How long a cancelled handler may take to end before it is dropped.
const WIND_UP: Duration = Duration::from_millis(1500);

/// Serves a stage until the process stops; returns once every part that it held is committed or handed back.
pub(crate) async fn serve<H: Handler>(runtime: Arc<Runtime>, handler: Arc<H>) -> anyhow::Result<()> {
    let stage = H::STAGE;
    let slots = usize::from(runtime.config.work.slots);
    let permits = Arc::new(Semaphore::new(slots));
    let mut hints = runtime.broker.consume(stage, runtime.config.work.slots, runtime.shutdown.soft.clone());
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
    let traced = span::process(&claim, hint, &runtime.broker.destination(stage));
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
    span::processed(&traced, outcome);
    runtime.metrics.parts.with_label_values(&[stage.name(), outcome, reason]).inc();
    runtime.metrics.part_seconds.with_label_values(&[stage.name()]).observe(begun.elapsed().as_secs_f64());
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
