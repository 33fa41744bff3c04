//! Removes what is no longer needed: rows and objects whose time has passed under the retention policy, garbage in the
//! object store, and files that dead processes left on this machine. Two loops in every service, separate from the
//! reconciler, so that no amount of work here delays a part. They continue as long as there is something to remove, and
//! then check again after a while.
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt};
use pipeline::catalogue::Retention;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::objects::Objects;
use crate::retention;
use crate::store::Store;
use crate::store::files::garbage::Garbage;

/// Rows of garbage that are taken at a time.
const TAKEN: i64 = 64;
/// How many of them are swept in parallel.
const SWEPT_AT_ONCE: usize = 8;

/// What the loops need.
#[derive(Clone)]
pub(crate) struct Removal {
    pub(crate) store: Store,
    pub(crate) objects: Objects,
    pub(crate) metrics: Metrics,
    /// The time between two checks for something to remove. One process at a time checks the retention policy, every
    /// [`retention::EVERY`].
    pub(crate) every: Duration,
    pub(crate) clock: Clock,
    /// How long what is no longer needed is kept.
    pub(crate) retention: Retention,
    /// Where dead processes of this machine left files.
    pub(crate) scratch_dir: PathBuf,
}

impl Removal {
    /// Removes until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        tokio::join!(self.sweep_on(&stop), self.retain_on(&stop));
    }

    async fn sweep_on(&self, stop: &CancellationToken) {
        let trouble = Trouble::of("sweep garbage");
        while !stop.is_cancelled() {
            let found = self.sweep().await;
            trouble.say(found.as_ref().err());
            // A full batch may be the first of many.
            if found.is_ok_and(|found| found == TAKEN as usize) {
                continue;
            }
            pause(self.every, stop).await;
        }
    }

    async fn retain_on(&self, stop: &CancellationToken) {
        let trouble = Trouble::of("delete expired data");
        let mut scratch_due = Instant::now() + retention::EVERY;
        while !stop.is_cancelled() {
            // Every machine has its own, so this needs no turn.
            if Instant::now() >= scratch_due {
                scratch_due = Instant::now() + retention::EVERY;
                self.scratch().await;
            }
            trouble.say(self.retain_in_turn(stop).await.err().as_ref());
            pause(self.every, stop).await;
        }
    }

    /// Takes some garbage and removes it, several rows in parallel. Returns how many rows it took.
    async fn sweep(&self) -> anyhow::Result<usize> {
        let taken = self.store.take_garbage(TAKEN).await?;
        let count = taken.len();
        let sweeps = taken.into_iter().map(|garbage| self.clone().sweep_one(garbage));
        stream::iter(sweeps).buffer_unordered(SWEPT_AT_ONCE).collect::<Vec<()>>().await;
        Ok(count)
    }

    async fn sweep_one(self, garbage: Garbage) {
        match self.delete(&garbage).await {
            Ok(objects) => self.metrics.garbage_objects.inc_by(objects),
            Err(error) => warn!("could not sweep {}: {error:#}", garbage.prefix),
        }
    }

    /// Returns how many objects it deleted.
    async fn delete(&self, garbage: &Garbage) -> anyhow::Result<u64> {
        if garbage.single {
            return Ok(u64::from(self.store.sweep_single(garbage, &self.objects).await?));
        }
        let objects = self.objects.delete_prefix(&garbage.prefix, &garbage.keep).await?;
        self.store.forget_garbage(garbage.id).await?;
        Ok(objects as u64)
    }

    /// If it is this process's turn, removes everything whose time has passed.
    async fn retain_in_turn(&self, stop: &CancellationToken) -> anyhow::Result<()> {
        if !self.store.take_turn("retention", retention::EVERY).await? {
            return Ok(());
        }
        while !stop.is_cancelled() {
            let (now, by) = (self.clock.now(), retention::by_policy());
            let removed = retention::run(&self.store, &self.retention, now, &by, retention::SHARE).await?;
            for line in removed.lines.iter().filter(|line| line.count > 0) {
                info!(
                    retention.policy = line.policy,
                    retention.count = line.count,
                    "{} {} expired under the policy {} and were deleted",
                    line.count,
                    line.of,
                    line.policy
                );
            }
            if !removed.more {
                break;
            }
        }
        Ok(())
    }

    /// Removes what dead processes left on this machine.
    async fn scratch(&self) {
        let policy = self.retention;
        let now = self.clock.now();
        let dir = self.scratch_dir.clone();
        let removed = tokio::task::spawn_blocking(move || retention::run_scratch(&policy, now, &dir)).await;
        match removed {
            Ok(0) => {}
            Ok(count) => info!("removed {count} directories of processes that are gone"),
            Err(error) => warn!("could not look for what dead processes left: {error}"),
        }
    }
}

async fn pause(time: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stop.cancelled() => {}
    }
}

/// Logs an outage once, not at each check.
struct Trouble {
    what: &'static str,
    failing: AtomicBool,
}

impl Trouble {
    fn of(what: &'static str) -> Self {
        Self { what, failing: AtomicBool::new(false) }
    }

    fn say(&self, error: Option<&anyhow::Error>) {
        let failed = self.failing.swap(error.is_some(), Ordering::Relaxed);
        match error {
            Some(error) if !failed => warn!("could not {}: {error:#}", self.what),
            Some(error) => debug!("still cannot {}: {error:#}", self.what),
            None if failed => info!("can {} again", self.what),
            None => {}
        }
    }
}
