//! Whether anything still moves. People and the end of the story wait for as long as works get on, however slow the machine is: what is
//! stuck does not move, and only that ends their patience.
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::house::House;
use crate::support::wait::rest;

/// Without any progress for this long, nothing comes any more: back-offs, leases, and the broker's and partners' deadlines are shorter.
const PATIENCE: Duration = Duration::from_secs(240);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What has come to its own end: none of it is ever undone in this story, and there is only so much of it, so that it cannot grow for ever.
const ENDED: &str = "select (select count(*) from submissions)
    + (select coalesce(sum(\"offset\"), 0)::bigint from uploads)
    + (select count(*) from uploads where state = 'finished')
    + (select count(*) from parts where status = 'done')
    + (select count(*) from history where what = 'delivery_changed')
    + (select count(*) from webhook_messages where status = 'delivered')";

/// What is left to do, webhooks included.
const LEFT: &str =
    "select (select count(*) from webhook_messages where status = 'pending') + (select count(*) from outbox)
    + (select count(*) from parts where status in ('pending', 'claimed', 'waiting'))";

/// When something moved last.
pub(super) struct Motion {
    last: Mutex<Instant>,
}

impl Motion {
    /// It moves now.
    pub(super) fn new() -> Self {
        Self { last: Mutex::new(Instant::now()) }
    }

    /// Whether nothing has moved for as long as anybody waits.
    pub(super) fn has_ended(&self) -> bool {
        self.last.lock().expect("no panic while it is held").elapsed() > PATIENCE
    }

    /// Looks until `stop`. Until `calm`, faults begin and end, and that counts as motion; the database may be away meanwhile.
    pub(super) async fn watch(&self, house: &House, calm: &CancellationToken, stop: &CancellationToken) {
        let mut before = None;
        while !stop.is_cancelled() {
            let ended = count(house, ENDED).await;
            if !calm.is_cancelled() || ended > before {
                *self.last.lock().expect("no panic while it is held") = Instant::now();
            }
            before = before.max(ended);
            rest(LOOK_EVERY).await;
        }
    }

    /// Waits until nothing is left to do, or nothing moves any more.
    pub(super) async fn settles(&self, house: &House) {
        while !self.has_ended() && count(house, LEFT).await != Some(0) {
            rest(LOOK_EVERY).await;
        }
    }
}

/// Nothing where the database does not answer.
async fn count(house: &House, query: &'static str) -> Option<i64> {
    sqlx::query_scalar(query).fetch_one(house.pipeline.truth.pool()).await.ok()
}
