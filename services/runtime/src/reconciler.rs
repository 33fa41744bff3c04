//! The reconciler restores what a crash, a lost message or an emptied queue left inconsistent. It runs in every
//! service; at each tick one of them does the work, and only one that reaches the broker.
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pipeline::id::SubmissionId;
use pipeline::stage::Stage;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};
use uuid::Uuid;

use crate::broker::{Broker, MAX_HINTS};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::store::Store;
use crate::store::outgoing::messages;
use crate::store::work::parts::WOKEN_AT_ONCE;
use crate::store::work::stuck::Stuck;

/// Ticks between two samples of the whole installation, which read more than the others.
const TICKS_A_SAMPLE: u32 = 3;
/// Transactions of one tick that wake parts: a hundred thousand parts that are due at the same moment take five ticks,
/// and a tick takes a few seconds.
const WAKINGS_A_TICK: u32 = 20;
/// Entries that one search for stuck work examines; the next search continues after them.
const LOOK_THROUGH: i64 = 200;
/// The shortest time between two looks for deliveries whose reserved time has come.
const NEXT_CALLS: Duration = Duration::from_millis(50);
/// The deadline of a tick: a server that hangs must not stop later ticks.
const TICK_DEADLINE: Duration = Duration::from_secs(60);

/// What a reconciler needs.
pub(crate) struct Reconciler {
    pub(crate) store: Store,
    pub(crate) broker: Broker,
    pub(crate) metrics: Metrics,
    pub(crate) every: Duration,
    /// Works of bulk jobs that are in progress at the same time.
    pub(crate) bulk_in_flight: u32,
    /// A part that has waited this long behind parts of a better rank is let through.
    pub(crate) bulk_age: Duration,
    pub(crate) clock: Clock,
    /// The last entry that was examined for stuck work; `None` starts with the first.
    pub(crate) looked_until: Mutex<Option<Uuid>>,
}

/// The results of the duties of one tick.
#[derive(Default)]
struct Failures(Option<anyhow::Error>);

impl Failures {
    fn note(&mut self, duty: &'static str, done: anyhow::Result<()>) {
        match done {
            Ok(()) => {}
            Err(error) if self.0.is_none() => self.0 = Some(error.context(duty)),
            Err(error) => debug!("the reconciler could not {duty} either: {error:#}"),
        }
    }

    fn first(self) -> anyhow::Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

impl Reconciler {
    /// Does its duties until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        tokio::join!(self.tick_on(&stop), self.call_on(&stop));
    }

    async fn tick_on(&self, stop: &CancellationToken) {
        let mut failing = false;
        while !stop.is_cancelled() {
            let tick = match tokio::time::timeout(TICK_DEADLINE, self.tick()).await {
                Ok(ended) => ended,
                Err(_) => Err(anyhow::anyhow!("a tick took longer than {} s", TICK_DEADLINE.as_secs())),
            };
            // Logged once per outage, not at each tick.
            match &tick {
                Ok(()) if failing => info!("the reconciler works again"),
                Err(error) if !failing => warn!("the reconciler cannot do its work: {error:#}"),
                Err(error) => debug!("the reconciler still cannot do its work: {error:#}"),
                Ok(()) => {}
            }
            failing = tick.is_err();
            tokio::select! {
                () = tokio::time::sleep(self.every) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Wakes deliveries that reserved their calls to a partner. A look wakes what the partner may be called for at that moment, so where a
    /// delivery is due soon, the next look comes after half of the time between two calls.
    async fn call_on(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let interval = match tokio::time::timeout(TICK_DEADLINE, self.wake_reserved()).await {
                Ok(Ok(interval)) => interval,
                Ok(Err(error)) => {
                    debug!("could not wake deliveries that wait for a partner: {error:#}");
                    None
                }
                Err(_) => None,
            };
            let pause = interval.map_or(self.every, |interval| interval.div_f64(2.0).max(NEXT_CALLS).min(self.every));
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Returns the time between two calls of the quickest partner for which a delivery is due before the next tick.
    async fn wake_reserved(&self) -> anyhow::Result<Option<Duration>> {
        // Two looks at the same time would each wake as many as the partner may be called for.
        if self.store.take_turn("wake_reserved", NEXT_CALLS.mul_f64(0.8)).await? {
            self.store.wake_reserved().await?;
        }
        self.store.reserved_interval(self.every).await
    }

    /// One round of all duties. Parts come first, because they need no broker. Each duty is performed whatever the
    /// results of the others: one row that cannot be processed delays nothing else.
    pub(crate) async fn tick(&self) -> anyhow::Result<()> {
        // Slightly early, so that two ticks of one process never count as one.
        let pause = self.every.mul_f64(0.8);
        let mut failures = Failures::default();
        match self.store.take_turn("reconcile_parts", pause).await {
            Ok(true) => {
                failures.note("end leases", self.expire_leases().await);
                failures.note("wake parts", self.wake().await);
                failures.note("start bulk work", self.bulk().await);
            }
            Ok(false) => {}
            // No duty can be done without the database.
            Err(error) => return Err(error),
        }
        failures.note("repair what is stuck", self.unstick_in_turn(pause * TICKS_A_SAMPLE).await);
        // Only the figures for monitoring depend on it.
        if let Err(error) = self.store.sample(pause * TICKS_A_SAMPLE).await {
            warn!("could not count what stands where: {error:#}");
        }
        failures.note("top queues up", self.queues(pause).await);
        failures.note("look at credentials", self.watch_credentials().await);
        failures.first()
    }

    /// Wakes parts that waited for a time, as after a release of many works.
    async fn wake(&self) -> anyhow::Result<()> {
        for _ in 0..WAKINGS_A_TICK {
            if self.store.wake_due().await? < WOKEN_AT_ONCE as usize {
                break;
            }
        }
        Ok(())
    }

    async fn unstick_in_turn(&self, pause: Duration) -> anyhow::Result<()> {
        if self.store.take_turn("unstick", pause).await? { self.unstick().await } else { Ok(()) }
    }

    /// Duties that need the broker, or belong to it.
    async fn queues(&self, pause: Duration) -> anyhow::Result<()> {
        // Queried before the turn is taken: a process that cannot reach the broker must leave the turn to one that can.
        let waiting = self.broker.survey().await?;
        if !self.store.take_turn("reconcile_queues", pause).await? {
            return Ok(());
        }
        self.top_up(&waiting).await
    }

    /// Reports the state of our accounts with partners, in every process, because each one is scraped.
    async fn watch_credentials(&self) -> anyhow::Result<()> {
        let now = self.clock.now();
        for row in self.store.accounts().await?.iter().filter(|row| row.has_credentials) {
            let partner = [row.account.partner.as_str()];
            if let Some(end) = row.expires_at {
                let left_s = (end - now).num_milliseconds() as f64 / 1000.0;
                self.metrics.credentials_seconds_left.with_label_values(&partner).set(left_s);
            }
            self.metrics.credentials_refused.with_label_values(&partner).set(i64::from(row.health == "refused"));
        }
        Ok(())
    }

    async fn expire_leases(&self) -> anyhow::Result<()> {
        for stage in self.store.expire_leases().await? {
            self.metrics.leases_expired.with_label_values(&[stage.name()]).inc();
            warn!(part.stage = %stage, "a worker of {stage} fell silent; its part runs again");
        }
        Ok(())
    }

    /// Restarts work that is needed and that no part will do. No act leaves such a state, so each case is a bug of
    /// ours.
    async fn unstick(&self) -> anyhow::Result<()> {
        let after = *self.looked_until.lock().unwrap_or_else(PoisonError::into_inner);
        let ids = self.store.under_way_after(after, LOOK_THROUGH).await?;
        let until = ids.last().copied().filter(|_| ids.len() as i64 == LOOK_THROUGH);
        *self.looked_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
        let mut found: Vec<Uuid> = self.store.stuck(&ids).await?.into_iter().map(|stuck| stuck.submission).collect();
        found.dedup();
        for id in found {
            match self.store.unstick(SubmissionId(id)).await {
                Ok(repaired) => repaired.iter().for_each(|stuck| self.say_unstuck(stuck)),
                Err(failure) => {
                    error!(submission.id = %id, "{id} is stuck and could not be set going again: {failure:#}")
                }
            }
        }
        Ok(())
    }

    fn say_unstuck(&self, stuck: &Stuck) {
        let Stuck { kind, submission, run, stage, part } = stuck;
        self.metrics.unstuck.with_label_values(&[kind]).inc();
        error!(
            submission.id = %submission,
            part.run = run,
            part.stage = stage,
            part.name = part,
            "{submission} was stuck ({kind}: {part} of {stage} in run {run}) and was set going again"
        );
    }

    /// Advances bulk work: starts a few more of its works, and lets through the parts that have waited too long.
    async fn bulk(&self) -> anyhow::Result<()> {
        let started = self.store.bulk_start(self.bulk_in_flight).await?;
        if started > 0 {
            info!("started {started} works of bulk jobs");
        }
        let aged = self.store.age_parts(self.bulk_age).await?;
        if aged > 0 {
            info!("{aged} parts of bulk work have waited {} s and go first now", self.bulk_age.as_secs());
        }
        Ok(())
    }

    /// Sends hints if more parts are pending than hints are waiting. Too many are harmless; with too few, parts would
    /// wait.
    async fn top_up(&self, waiting: &[(Stage, u32)]) -> anyhow::Result<()> {
        let waiting: HashMap<Stage, u32> = waiting.iter().copied().collect();
        let mut hints = Vec::new();
        for stage in Stage::ALL {
            let waiting = waiting.get(&stage).copied().unwrap_or(0);
            let pending = self.store.lasting_pending(stage, MAX_HINTS, self.every).await?;
            let short = pending.saturating_sub(waiting);
            if short > 0 {
                info!(part.stage = %stage, "{pending} parts of {stage} are pending and {waiting} messages wait; sends {short}");
            }
            hints.extend(std::iter::repeat_n(stage, short as usize));
        }
        let hints = &hints;
        self.store.transaction("top_up_queues", |tx, _| Box::pin(messages::add_hints(tx, hints.iter().copied()))).await
    }
}
