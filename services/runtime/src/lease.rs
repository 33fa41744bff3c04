//! Holding a claim: it is renewed by the database's clock while the handler runs, and given up when it cannot be
//! renewed.
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{Instrument, debug, warn};

use crate::store::Store;
use crate::store::work::parts::{Claim, Commit};

/// A handler's progress, 0 to 1. It is cheap to set; the lease stores it from time to time.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<AtomicU32>);

impl Progress {
    /// Sets it, clamped to 0..=1.
    pub fn set(&self, progress: f64) {
        self.0.store((progress.clamp(0.0, 1.0) as f32).to_bits(), Ordering::Relaxed);
    }

    /// What was set last.
    pub fn get(&self) -> f32 {
        f32::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// A lease being renewed; renewal ends when it is dropped.
pub(crate) struct Lease {
    lost: CancellationToken,
    _renewal: DropGuard,
}

impl Lease {
    /// Resolves when the claim is lost.
    pub(crate) async fn lost(&self) {
        self.lost.cancelled().await;
    }
}

/// Renews `claim` until the result is dropped.
pub(crate) fn keep(store: Store, claim: Claim, progress: Progress) -> Lease {
    let (lost, ended) = (CancellationToken::new(), CancellationToken::new());
    let renewing = renew_while(store, claim, progress, lost.clone());
    let until = ended.clone();
    tokio::spawn(
        async move {
            tokio::select! {
                () = renewing => {}
                () = until.cancelled() => {}
            }
        }
        .in_current_span(),
    );
    Lease { lost, _renewal: ended.drop_guard() }
}

async fn renew_while(store: Store, claim: Claim, progress: Progress, lost: CancellationToken) {
    let lease = store.policy().lease;
    // Three attempts within each lease; viewers see progress every other second.
    let every = lease / 3;
    let look = every.min(Duration::from_secs(2));
    let (mut held_until, mut renewed, mut shown) = (Instant::now() + lease, Instant::now(), 0.0);
    loop {
        tokio::time::sleep(look).await;
        let now = progress.get();
        if renewed.elapsed() + look < every && (now - shown).abs() < 0.01 {
            continue;
        }
        let asked = Instant::now();
        match tokio::time::timeout(every, store.renew(&claim, now)).await {
            Ok(Ok(Commit::Committed)) => {
                // The database counts from a moment after `asked`, so this is on the safe side.
                (held_until, renewed, shown) = (asked + lease, asked, now);
                // For viewers: the claim does not depend on it.
                if let Err(error) = store.tell_progress(claim.submission, claim.run).await {
                    debug!("could not publish the progress of {}: {error:#}", claim.submission);
                }
                continue;
            }
            Ok(Ok(Commit::Fenced)) => break,
            Ok(Err(error)) => warn!("could not renew the claim on {} of {}: {error:#}", claim.part, claim.submission),
            Err(_) => warn!("renewing the claim on {} of {} takes too long", claim.part, claim.submission),
        }
        if Instant::now() >= held_until {
            break;
        }
    }
    lost.cancel();
}

/// Runs a commit until it succeeds or fails with something other than "not now". A restart of the database must not
/// lose an hour's work. The lease is still renewed meanwhile, and the fence decides in the end.
pub(crate) async fn persist<T, F: Future<Output = anyhow::Result<T>>>(commit: impl Fn() -> F) -> anyhow::Result<T> {
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut wait = Duration::from_millis(100);
    loop {
        match commit().await {
            Err(error) if crate::store::is_unavailable(&error) && Instant::now() + wait < deadline => {
                warn!("the database cannot take the outcome yet: {error:#}");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(2));
            }
            result => return result,
        }
    }
}
