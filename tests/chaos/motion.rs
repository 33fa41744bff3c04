//! Whether works still make progress. However slow the machine is, people and the end of the test keep waiting, and
//! give up only when nothing has progressed for a while.
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::house::House;
use crate::support::wait::rest;

/// Time without progress after which people give up. Longer than every back-off, every lease, and the deadlines of broker and partners.
const PATIENCE: Duration = Duration::from_secs(240);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The measure of progress. It never decreases in this story, and it is bounded by the entries of the plan, so it cannot grow for ever.
const PROGRESS: &str = "select (select count(*) from submissions)
    + (select coalesce(sum(\"offset\"), 0)::bigint from uploads)
    + (select count(*) from uploads where state = 'finished')
    + (select count(*) from parts where status = 'done')
    + (select count(*) from history where what = 'delivery_changed')
    + (select count(*) from webhook_messages where status = 'delivered')";

/// Work that is left, including webhooks.
const LEFT: &str =
    "select (select count(*) from webhook_messages where status = 'pending') + (select count(*) from outbox)
    + (select count(*) from parts where status in ('pending', 'claimed', 'waiting'))";

/// The time of the last progress.
pub(super) struct Motion {
    last: Mutex<Instant>,
}

impl Motion {
    /// Progress counts from now.
    pub(super) fn new() -> Self {
        Self { last: Mutex::new(Instant::now()) }
    }

    /// Whether people should give up: there was no progress for too long.
    pub(super) fn has_ended(&self) -> bool {
        self.last.lock().expect("no panic while it is held").elapsed() > PATIENCE
    }

    /// Watches until `stop`. Until `calm`, faults begin and end, which counts as progress; the database may be
    /// unavailable.
    pub(super) async fn watch(&self, house: &House, calm: &CancellationToken, stop: &CancellationToken) {
        let mut before = None;
        while !stop.is_cancelled() {
            let progress = count(house, PROGRESS).await;
            if !calm.is_cancelled() || progress > before {
                *self.last.lock().expect("no panic while it is held") = Instant::now();
            }
            before = before.max(progress);
            rest(LOOK_EVERY).await;
        }
    }

    /// Waits until no work is left or progress has ended.
    pub(super) async fn settles(&self, house: &House) {
        while !self.has_ended() && count(house, LEFT).await != Some(0) {
            rest(LOOK_EVERY).await;
        }
    }
}

/// `None` if the database does not answer.
async fn count(house: &House, query: &'static str) -> Option<i64> {
    sqlx::query_scalar(query).fetch_one(house.pipeline.truth.pool()).await.ok()
}
