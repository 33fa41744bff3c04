//! Deletes what the catalogue's retention policy (`retention.toml`) no longer keeps, or reports what would be deleted.
//! Services do it once an hour (`removal`); `reelmill retention` does it on request.
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use pipeline::catalogue::Retention;
use serde::Serialize;

use crate::scratch;
use crate::store::Store;
use crate::store::files::retention::Amount;
use crate::store::submissions::history::{Actor, By};

mod duty;

use duty::Duty;

/// How often the services check, all of them together; the shortest period of a policy is an hour.
pub(crate) const EVERY: Duration = Duration::from_secs(3600);
/// How long one check of a service works on each line of the policy, so that the first line of a large installation
/// does not delay the others. The rest is done in the next check, which follows immediately.
pub(crate) const SHARE: Duration = Duration::from_secs(20);

/// One line of the policy and its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The key of the policy; `garbage` for what is deleted without one.
    pub policy: &'static str,
    /// Its value in its own unit; `None` keeps it for ever.
    pub kept: Option<u32>,
    /// How many.
    pub count: u64,
    /// What is counted.
    pub of: &'static str,
    /// Bytes in the object store, or on this machine for scratch.
    pub bytes: u64,
}

impl Line {
    fn of(duty: Duty, kept: Option<u32>, amount: Amount) -> Self {
        Self { policy: duty.key(), kept, count: amount.count, of: duty.of(), bytes: amount.bytes }
    }
}

/// The actor if no person asked for it.
pub fn by_policy() -> By {
    By::person(Actor::Worker, "retention").because(Some("past its time by retention.toml".to_owned()))
}

/// What would be deleted at `now`. It changes nothing.
pub async fn preview(
    store: &Store,
    policy: &Retention,
    now: DateTime<Utc>,
    scratch: &std::path::Path,
) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for duty in Duty::ALL {
        let kept = duty.kept(policy);
        let amount = match kept {
            Some(days) => duty.due(store, now - Retention::days(days)).await?,
            None => Amount::default(),
        };
        lines.push(Line::of(duty, kept, amount));
    }
    let mut line = |policy, kept, of, amount: Amount| {
        lines.push(Line { policy, kept, count: amount.count, of, bytes: amount.bytes });
    };
    let left = match policy.scratch_hours {
        Some(hours) => scratch::abandoned(scratch, hours_of(hours), now.into()),
        None => Vec::new(),
    };
    let left = Amount { count: left.len() as u64, bytes: left.iter().map(|it| it.bytes).sum() };
    line("scratch_hours", policy.scratch_hours, "directories of dead processes on this machine", left);
    let garbage = Amount { count: store.garbage_waiting().await?, bytes: 0 };
    line("garbage", None, "prefixes and objects that go by themselves, such as attempts' leftovers", garbage);
    Ok(lines)
}

/// What was deleted, and whether that was all.
#[derive(Debug, Default)]
pub struct Removed {
    /// Each line of the policy.
    pub lines: Vec<Line>,
    /// Whether the time ended before a line was finished.
    pub more: bool,
}

/// Deletes what is past its time at `now`, except scratch, which belongs to each machine. Works on each line for not
/// much longer than `share`.
///
/// # Errors
/// The first failure, after every policy was carried out as far as possible: a failure at one row or one policy does
/// not delay the others.
pub async fn run(
    store: &Store,
    policy: &Retention,
    now: DateTime<Utc>,
    by: &By,
    share: Duration,
) -> anyhow::Result<Removed> {
    let (mut removed, mut failure) = (Removed::default(), None);
    for duty in Duty::ALL {
        let Some(days) = duty.kept(policy) else { continue };
        // A share that is too long to be added to the clock never ends.
        let until = Instant::now().checked_add(share);
        match duty.carry_out(store, now - Retention::days(days), days, by, until).await {
            Ok((amount, more)) => {
                removed.lines.push(Line::of(duty, Some(days), amount));
                removed.more |= more;
            }
            Err(error) => {
                failure.get_or_insert(error.context(duty.key()));
            }
        }
    }
    failure.map_or(Ok(removed), Err)
}

/// Deletes what dead processes left on this machine. Returns how many directories.
pub fn run_scratch(policy: &Retention, now: DateTime<Utc>, scratch: &std::path::Path) -> usize {
    let Some(hours) = policy.scratch_hours else { return 0 };
    let left = scratch::abandoned(scratch, hours_of(hours), now.into());
    left.iter().filter(|it| scratch::remove_if_abandoned(&it.path)).count()
}

fn hours_of(hours: u32) -> Duration {
    Duration::from_secs(u64::from(hours) * 3600)
}
