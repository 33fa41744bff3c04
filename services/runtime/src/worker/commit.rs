//! Commits how a part ended, once and fenced, and says how it is counted.
use std::time::Instant;

use tracing::{error, info, warn};

use crate::failure;
use crate::lease;
use crate::metrics::NO_REASON;
use crate::outcome::{Outcome, Output};
use crate::process::Runtime;
use crate::store::is_unavailable;
use crate::store::work::outcomes::Overtaken;
use crate::store::work::parts::{Claim, Commit, Failed};
use crate::tally::{self, Expected};

/// How a handler's run ended.
#[allow(clippy::large_enum_variant, reason = "there is one for each part, which takes seconds")]
pub(super) enum Ended {
    /// By itself.
    Returned(anyhow::Result<(Outcome, Expected)>),
    /// Its claim was lost or its part cancelled; there is nothing to commit.
    Lost,
    /// The process stops; the part is handed back.
    Stopping,
}

/// How a part ended, as metric labels: an outcome of [`crate::metrics::OUTCOMES`], and why.
pub(super) type Labels = (&'static str, &'static str);

/// The one fenced commit. Returns what is counted. If the database does not answer, the outcome is lost with the lease,
/// and another worker does the part again.
pub(super) async fn commit(runtime: &Runtime, claim: &Claim, ended: Ended, begun: Instant) -> Labels {
    let store = &runtime.store;
    let Claim { stage, part, submission: id, .. } = claim;
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
            ("unrecorded", failure::reason(claim.stage, &failure))
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
    let Claim { stage, part, submission: id, attempt, .. } = claim;
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
