//! Deletes what the catalogue's retention policy (`retention.toml`) no longer keeps, or reports what would be deleted.
//! Services do it once an hour (`removal`); `reelmill retention` does it on request.
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use pipeline::catalogue::Retention;
use serde::Serialize;

use crate::scratch;
use crate::store::Store;
use crate::store::history::{Actor, By};
use crate::store::retention::{Amount, From, Round};

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
        lines.push(duty.line(kept, amount));
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
                removed.lines.push(duty.line(Some(days), amount));
                removed.more |= more;
            }
            Err(error) => {
                failure.get_or_insert(error.context(duty.key()));
            }
        }
    }
    failure.map_or(Ok(removed), Err)
}

/// A line of the policy that is about rows of the database.
#[derive(Clone, Copy)]
enum Duty {
    PersonalData,
    Superseded,
    Uploads,
    Attempts,
    Outputs,
    History,
    Exchanges,
    SignIns,
    Drafts,
}

impl Duty {
    const ALL: [Duty; 9] = [
        Duty::PersonalData,
        Duty::Superseded,
        Duty::Uploads,
        Duty::Attempts,
        Duty::Outputs,
        Duty::History,
        Duty::Exchanges,
        Duty::SignIns,
        Duty::Drafts,
    ];

    fn key(self) -> &'static str {
        match self {
            Duty::PersonalData => "personal_data_days",
            Duty::Superseded => "superseded_days",
            Duty::Uploads => "uploads_days",
            Duty::Attempts => "attempts_days",
            Duty::Outputs => "outputs_days",
            Duty::History => "history_days",
            Duty::Exchanges => "exchanges_days",
            Duty::SignIns => "sign_ins_days",
            Duty::Drafts => "drafts_days",
        }
    }

    fn of(self) -> &'static str {
        match self {
            Duty::PersonalData => "entrants",
            Duty::Superseded => "renditions",
            Duty::Uploads => "records of uploads",
            Duty::Attempts => "records of attempts",
            Duty::Outputs => "outputs of parts",
            Duty::History => "lines of history about single parts",
            Duty::Exchanges => "exchanges that were made again later",
            Duty::SignIns => "sessions and invitations of staff",
            Duty::Drafts => "forms that were not sent, and sheets",
        }
    }

    /// Days; `None` keeps it for ever.
    fn kept(self, policy: &Retention) -> Option<u32> {
        match self {
            Duty::PersonalData => policy.personal_data_days,
            Duty::Superseded => policy.superseded_days,
            Duty::Uploads => policy.uploads_days,
            Duty::Attempts => policy.attempts_days,
            Duty::Outputs => policy.outputs_days,
            Duty::History => policy.history_days,
            Duty::Exchanges => policy.exchanges_days,
            Duty::SignIns => policy.sign_ins_days,
            Duty::Drafts => policy.drafts_days,
        }
    }

    fn line(self, kept: Option<u32>, amount: Amount) -> Line {
        Line { policy: self.key(), kept, count: amount.count, of: self.of(), bytes: amount.bytes }
    }

    async fn due(self, store: &Store, before: DateTime<Utc>) -> anyhow::Result<Amount> {
        match self {
            Duty::PersonalData => store.personal_data_due(before).await,
            Duty::Superseded => store.superseded(before).await,
            Duty::Uploads => store.given_up_uploads(before).await,
            Duty::Attempts => store.old_attempts(before).await,
            Duty::Outputs => store.old_outputs(before).await,
            Duty::History => store.old_history(before).await,
            Duty::Exchanges => store.old_exchanges(before).await,
            Duty::SignIns => store.old_sign_ins(before).await,
            Duty::Drafts => {
                let (drafts, sheets) = (store.old_drafts(before).await?, store.old_sheets(before).await?);
                Ok(Amount { count: drafts.count + sheets.count, bytes: 0 })
            }
        }
    }

    /// Deletes all of it, or as much as the time allows. Returns what was deleted, and whether there may be more. A
    /// work that fails is skipped.
    async fn carry_out(
        self,
        store: &Store,
        before: DateTime<Utc>,
        days: u32,
        by: &By,
        until: Option<Instant>,
    ) -> anyhow::Result<(Amount, bool)> {
        let (mut all, mut failure, mut from) = (Amount::default(), None, From::default());
        loop {
            let Round { gone, next, failure: failed } = self.round(store, from, before, days, by).await?;
            all = Amount { count: all.count + gone.count, bytes: all.bytes + gone.bytes };
            failure = failure.or(failed);
            match next {
                Some(next) if until.is_none_or(|until| Instant::now() < until) => from = next,
                next => return failure.map_or(Ok((all, next.is_some())), Err),
            }
        }
    }

    async fn round(
        self,
        store: &Store,
        from: From,
        before: DateTime<Utc>,
        days: u32,
        by: &By,
    ) -> anyhow::Result<Round> {
        match self {
            Duty::PersonalData => store.forget_entrants(from, before, days, by).await,
            Duty::Superseded => store.forget_superseded(from, before).await,
            Duty::Uploads => match store.forget_uploads(before).await? {
                0 => store.forget_upload_parts().await.map(|parts| Round::of_rows(parts).uncounted()),
                uploads => Ok(Round::of_rows(uploads)),
            },
            Duty::Attempts => store.forget_attempts(before).await.map(Round::of_rows),
            Duty::Outputs => store.forget_outputs(before).await.map(Round::of_rows),
            Duty::History => store.forget_history(before).await.map(Round::of_rows),
            Duty::Exchanges => store.forget_exchanges(before).await.map(Round::of_rows),
            Duty::SignIns => store.forget_sign_ins(before).await.map(Round::of_rows),
            Duty::Drafts => match store.forget_drafts(before).await? {
                0 => store.forget_sheets(before).await.map(Round::of_rows),
                drafts => Ok(Round::of_rows(drafts)),
            },
        }
    }
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
