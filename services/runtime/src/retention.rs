//! Removes what is past its time by the policy of the catalogue (`retention.toml`), or says what would go. The reconciler's slow tick
//! does it; `reelmill retention` does it when asked.
use std::time::Duration;

use chrono::{DateTime, Utc};
use pipeline::catalogue::Retention;
use serde::Serialize;

use crate::scratch;
use crate::store::Store;
use crate::store::history::{Actor, By};
use crate::store::retention::Amount;

/// The services look this often, all of them together; a policy counts in hours at least.
pub(crate) const EVERY: Duration = Duration::from_secs(3600);
/// Of one line of the policy at one look of a service: a first policy on a large installation must not keep the look from everything
/// else, and the next one goes on.
pub(crate) const MOST: u64 = 2_000;

/// One line of the policy and what it comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The key of the policy; `garbage` for what goes by itself.
    pub policy: &'static str,
    /// Its value in its own unit; `None` keeps it for ever.
    pub kept: Option<u32>,
    /// How many.
    pub count: u64,
    /// What of.
    pub of: &'static str,
    /// Bytes in the object store, or on this machine for scratch.
    pub bytes: u64,
}

/// Who does it when nobody asked.
pub fn by_policy() -> By {
    By::person(Actor::Worker, "retention").because(Some("past its time by retention.toml".to_owned()))
}

/// What would go at `now`. Changes nothing.
pub async fn preview(
    store: &Store,
    policy: &Retention,
    now: DateTime<Utc>,
    scratch: &std::path::Path,
) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    let mut line = |policy, kept, of, amount: Amount| {
        lines.push(Line { policy, kept, count: amount.count, of, bytes: amount.bytes });
    };
    let personal = match policy.personal_data_days {
        // Works are never so many that their ids would not fit.
        Some(days) => store.personal_data_due(now - Retention::days(days), i64::MAX).await?.len(),
        None => 0,
    };
    let personal = Amount { count: personal as u64, bytes: 0 };
    line("personal_data_days", policy.personal_data_days, "entrants", personal);
    let superseded = match policy.superseded_days {
        Some(days) => store.superseded(now - Retention::days(days)).await?,
        None => Amount::default(),
    };
    line("superseded_days", policy.superseded_days, "renditions", superseded);
    let uploads = match policy.uploads_days {
        Some(days) => store.given_up_uploads(now - Retention::days(days)).await?,
        None => Amount::default(),
    };
    line("uploads_days", policy.uploads_days, "records of uploads", uploads);
    let attempts = match policy.attempts_days {
        Some(days) => store.old_attempts(now - Retention::days(days)).await?,
        None => Amount::default(),
    };
    line("attempts_days", policy.attempts_days, "records of attempts", attempts);
    let sign_ins = match policy.sign_ins_days {
        Some(days) => store.old_sign_ins(now - Retention::days(days)).await?,
        None => Amount::default(),
    };
    line("sign_ins_days", policy.sign_ins_days, "sessions and invitations of staff", sign_ins);
    let drafts = match policy.drafts_days {
        Some(days) => store.old_drafts(now - Retention::days(days)).await?,
        None => Amount::default(),
    };
    line("drafts_days", policy.drafts_days, "forms that were not sent", drafts);
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

/// Removes what is past its time at `now`, but for scratch, which is each machine's own; of each line not many more than `most`.
/// Returns what went.
///
/// # Errors
/// The first failure, once every policy was carried out as far as it could be: what one row or one policy fails at keeps no other waiting.
pub async fn run(
    store: &Store,
    policy: &Retention,
    now: DateTime<Utc>,
    by: &By,
    most: u64,
) -> anyhow::Result<Vec<Line>> {
    let (mut lines, mut failure) = (Vec::new(), None);
    let mut line = |policy, kept, of, ended: anyhow::Result<Amount>| match ended {
        Ok(Amount { count, bytes }) => lines.push(Line { policy, kept: Some(kept), count, of, bytes }),
        Err(error) => {
            failure.get_or_insert(error.context(policy));
        }
    };
    if let Some(days) = policy.personal_data_days {
        let ended = entrants(store, now - Retention::days(days), days, by, most).await;
        line("personal_data_days", days, "entrants", ended);
    }
    if let Some(days) = policy.superseded_days {
        let ended = superseded(store, now - Retention::days(days), most).await;
        line("superseded_days", days, "renditions", ended);
    }
    if let Some(days) = policy.uploads_days {
        let ended = uploads(store, now - Retention::days(days), most).await;
        line("uploads_days", days, "records of uploads", ended);
    }
    if let Some(days) = policy.attempts_days {
        let ended = attempts(store, now - Retention::days(days), most).await;
        line("attempts_days", days, "records of attempts", ended);
    }
    if let Some(days) = policy.sign_ins_days {
        let ended = sign_ins(store, now - Retention::days(days), most).await;
        line("sign_ins_days", days, "sessions and invitations of staff", ended);
    }
    if let Some(days) = policy.drafts_days {
        line("drafts_days", days, "forms that were not sent", drafts(store, now - Retention::days(days), most).await);
    }
    failure.map_or(Ok(lines), Err)
}

async fn entrants(store: &Store, before: DateTime<Utc>, days: u32, by: &By, most: u64) -> anyhow::Result<Amount> {
    let mut all = Amount::default();
    while all.goes_on(Amount::counted(store.forget_entrants(before, days, by).await?), most) {}
    Ok(all)
}

async fn superseded(store: &Store, before: DateTime<Utc>, most: u64) -> anyhow::Result<Amount> {
    let mut all = Amount::default();
    while all.goes_on(store.forget_superseded(before).await?, most) {}
    Ok(all)
}

async fn uploads(store: &Store, before: DateTime<Utc>, most: u64) -> anyhow::Result<Amount> {
    let mut all = Amount::default();
    while all.goes_on(Amount::counted(store.forget_uploads(before).await?), most) {}
    Ok(all)
}

async fn attempts(store: &Store, before: DateTime<Utc>, most: u64) -> anyhow::Result<Amount> {
    let mut all = Amount::default();
    while all.goes_on(Amount::counted(store.forget_attempts(before).await?), most) {}
    Ok(all)
}

async fn sign_ins(store: &Store, before: DateTime<Utc>, most: u64) -> anyhow::Result<Amount> {
    let mut all = Amount::default();
    while all.goes_on(Amount::counted(store.forget_sign_ins(before).await?), most) {}
    Ok(all)
}

async fn drafts(store: &Store, before: DateTime<Utc>, most: u64) -> anyhow::Result<Amount> {
    let mut all = Amount::default();
    while all.goes_on(Amount::counted(store.forget_drafts(before).await?), most) {}
    Ok(all)
}

impl Amount {
    fn counted(count: u64) -> Self {
        Self { count, bytes: 0 }
    }

    /// Adds a round; whether there is to be another, which may find more.
    fn goes_on(&mut self, round: Amount, most: u64) -> bool {
        self.count += round.count;
        self.bytes += round.bytes;
        round.count > 0 && self.count < most
    }
}

/// Removes what dead processes left on this machine. Returns how many directories.
pub fn run_scratch(policy: &Retention, now: DateTime<Utc>, scratch: &std::path::Path) -> usize {
    let Some(hours) = policy.scratch_hours else { return 0 };
    let left = scratch::abandoned(scratch, hours_of(hours), now.into());
    left.iter().filter(|it| scratch::remove_if_abandoned(&it.path)).count()
}

fn hours_of(hours: u32) -> Duration {
    Duration::from_secs(u64::from(hours) * 3600)
}
