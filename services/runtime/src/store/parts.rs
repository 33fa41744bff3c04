//! Parts: the queue itself. Claiming, holding, and every way of ending a claim that does not change the submission's
//! state; for the others see `outcomes`.
use anyhow::Context;
use pipeline::id::{Fence, SubmissionId};
use pipeline::part::{Part, PartToDo};
use pipeline::stage::Stage;
use pipeline::text::{Lines, tidy};
use rand::Rng;
use sqlx::PgConnection;
use std::time::Duration;

use super::audit::{self, Act};
use super::history::By;
use super::{Store, history, messages};

mod claim;
mod due;
mod fence;
mod read;

pub(super) use claim::Turns;
pub(crate) use due::WOKEN_AT_ONCE;
pub(super) use fence::check_fence;
pub use read::{PartRow, QueueRow};

/// Every status of a part.
pub const STATUSES: [&str; 6] = ["pending", "waiting", "claimed", "done", "parked", "cancelled"];

/// How much of a failure is stored, in characters: quality control writes a line for each check.
const ERROR_CHARS: usize = 20_000;

/// A claimed part: the right to commit its outcome, as long as no other worker claims it.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The submission.
    pub submission: SubmissionId,
    /// The run.
    pub run: u32,
    /// The stage.
    pub stage: Stage,
    /// The part.
    pub part: Part,
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// The proof.
    pub fence: Fence,
    /// Trace context of the span that created the part.
    pub traceparent: Option<String>,
    /// How long it had been claimable, in seconds.
    pub waited_s: f64,
    /// Whether it is a delivery whose reserved time at its partner had come; see [`super::calls`].
    pub reserved: bool,
}

/// Whether a fenced write was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Commit {
    /// It did.
    Committed,
    /// Another worker holds the part by now, or it is no longer needed: nothing was changed.
    Fenced,
}

/// The result of a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub enum Failed {
    /// It is tried again after this many seconds.
    Retrying {
        /// Back-off, including jitter.
        in_s: f64,
    },
    /// It failed too often and waits for an operator.
    Parked,
    /// See [`Commit::Fenced`].
    Fenced,
}

impl Store {
    /// Claims the best pending part of `stage`, or `None` if there is none. `holder` is for people.
    pub async fn claim(&self, stage: Stage, holder: &str) -> anyhow::Result<Option<Claim>> {
        Ok(self.claim_work(stage, holder).await?.map(|(claim, _)| claim))
    }

    /// Extends a claim and records its holder's progress. `Fenced` means: stop, the claim is lost.
    pub async fn renew(&self, claim: &Claim, progress: f32) -> anyhow::Result<Commit> {
        let renewed = sqlx::query!(
            "/* renew */
            update parts set lease_until = clock_timestamp() + make_interval(secs => $6), progress = $7
            where submission = $1 and run = $2 and stage = $3 and part = $4 and fence = $5 and status = 'claimed'",
            claim.submission.0,
            claim.run as i32,
            claim.stage.name(),
            claim.part.to_string(),
            claim.fence.0,
            self.policy().lease.as_secs_f64(),
            progress,
        )
        .execute(self.pool())
        .await
        .with_context(|| format!("renew the claim on {} of {}", claim.part, claim.submission))?;
        Ok(commit(renewed.rows_affected()))
    }

    /// Returns a part that its holder could not finish; others can claim it immediately. It does not count as an
    /// attempt.
    pub async fn hand_back(&self, claim: &Claim) -> anyhow::Result<Commit> {
        self.transaction("hand_back_part", |tx, _| {
            Box::pin(async move {
                let released = release(tx, claim).await?;
                if released == Commit::Committed {
                    messages::add_hints(tx, [claim.stage]).await?;
                }
                Ok(released)
            })
        })
        .await
    }

    /// Delays a part for `after`. It does not count as an attempt.
    pub async fn later(&self, claim: &Claim, after: Duration) -> anyhow::Result<Commit> {
        self.transaction("postpone_part", |tx, _| Box::pin(async move { postpone(tx, claim, after).await })).await
    }

    /// Records that an attempt failed because of us: it is tried again after a back-off, or parked.
    pub async fn fail(&self, claim: &Claim, error: &str) -> anyhow::Result<Failed> {
        let backoff_s = backoff_s(self.policy().retry_base, claim.attempt);
        self.fail_within(claim, error, self.policy().max_attempts, backoff_s).await
    }

    /// Records that an attempt failed because a shared resource was missing: a database, an object store, disk space.
    /// That is not the part's fault, so it is not counted: however long an outage lasts, no person has to retry its
    /// parts.
    pub async fn fail_uncounted(&self, claim: &Claim, error: &str) -> anyhow::Result<Failed> {
        self.fail_within(claim, error, UNCOUNTED, backoff_s(self.policy().retry_base, OUTAGE)).await
    }

    /// Parks a part immediately: another attempt would fail the same way.
    pub async fn park(&self, claim: &Claim, evidence: &str) -> anyhow::Result<Commit> {
        match self.fail_within(claim, evidence, 0, 0.0).await? {
            Failed::Parked | Failed::Retrying { .. } => Ok(Commit::Committed),
            Failed::Fenced => Ok(Commit::Fenced),
        }
    }

    async fn fail_within(
        &self,
        claim: &Claim,
        error: &str,
        max_attempts: i32,
        backoff_s: f64,
    ) -> anyhow::Result<Failed> {
        self.transaction("fail_part", |tx, _| Box::pin(async move {
            let Some(status) = record_failure(tx, claim, error, max_attempts, backoff_s).await? else {
                return Ok(Failed::Fenced);
            };
            let parked = status == "parked";
            let detail = serde_json::json!({
                "run": claim.run, "stage": claim.stage, "part": claim.part, "attempt": claim.attempt, "error": error,
            });
            let what = if parked { "part_parked" } else { history::PART_FAILED };
            history::add(tx, claim.submission, &By::WORKER, what, &detail).await?;
            Ok(if parked { Failed::Parked } else { Failed::Retrying { in_s: backoff_s } })
        }))
        .await
    }

    /// An operator's "try again" in a separate transaction. See [`retry`].
    pub async fn retry(
        &self,
        submission: SubmissionId,
        part: Option<&PartToDo>,
        by: impl Into<By>,
    ) -> anyhow::Result<usize> {
        let by = &by.into();
        self.transaction("retry_parts", |tx, _| Box::pin(async move { retry(tx, submission, part, by).await })).await
    }
}

/// An operator's "try again": parked and waiting parts become pending with no attempts counted. `part` restricts it to
/// one. Returns how many.
pub async fn retry(
    tx: &mut PgConnection,
    submission: SubmissionId,
    part: Option<&PartToDo>,
    by: &By,
) -> anyhow::Result<usize> {
    let unparked = unpark(tx, submission, part).await?;
    let stages: Vec<Stage> = unparked.iter().map(|stage| stage.parse()).collect::<Result<_, _>>()?;
    messages::add_hints(tx, stages.iter().copied()).await?;
    if stages.is_empty() {
        return Ok(0);
    }
    let only = part.map(|todo| format!("{}/{}", todo.stage, todo.part));
    let after = serde_json::json!({ "parts": stages.len(), "only": only });
    history::add(tx, submission, by, "retried", &after).await?;
    let before = serde_json::json!({});
    audit::add(tx, by, &Act { act: "retried", submission: Some(submission), partner: None, before, after }).await?;
    Ok(stages.len())
}

/// The largest number of attempts, if an attempt does not count.
const UNCOUNTED: i32 = i32::MAX;
/// In an outage, the wait is that after this attempt: long enough not to load the server, short enough to continue soon
/// after.
const OUTAGE: u32 = 4;

/// The wait before the attempt after the `attempt`th: `base × 2^(attempt − 1)`, plus or minus a quarter, so that parts
/// that failed together do not return together. At most an hour.
fn backoff_s(base: Duration, attempt: u32) -> f64 {
    let doubled = base.as_secs_f64() * 2f64.powi(attempt.saturating_sub(1).min(20) as i32);
    doubled.min(3600.0) * rand::rng().random_range(0.75..1.25)
}

fn commit(rows: u64) -> Commit {
    if rows == 1 { Commit::Committed } else { Commit::Fenced }
}

async fn release(tx: &mut PgConnection, claim: &Claim) -> anyhow::Result<Commit> {
    let released = sqlx::query!(
        "/* release_part */
        with ended as (
            update parts set status = 'pending', fence = null, lease_until = null, progress = 0,
                not_before = clock_timestamp()
            where submission = $1 and run = $2 and stage = $3 and part = $4 and fence = $5 and status = 'claimed'
            returning submission, run, stage, part, started_at, holder
        )
        insert into attempts (submission, run, stage, part, started_at, ended_at, outcome, holder)
        select submission, run, stage, part, coalesce(started_at, clock_timestamp()), clock_timestamp(), 'handed_back', holder from ended",
        claim.submission.0,
        claim.run as i32,
        claim.stage.name(),
        claim.part.to_string(),
        claim.fence.0,
    )
    .execute(tx)
    .await?;
    Ok(commit(released.rows_affected()))
}

async fn postpone(tx: &mut PgConnection, claim: &Claim, after: Duration) -> anyhow::Result<Commit> {
    let postponed = sqlx::query!(
        "/* postpone_part */
        with ended as (
            update parts set status = 'waiting', fence = null, lease_until = null,
                not_before = clock_timestamp() + make_interval(secs => $6)
            where submission = $1 and run = $2 and stage = $3 and part = $4 and fence = $5 and status = 'claimed'
            returning submission, run, stage, part, started_at, holder
        )
        insert into attempts (submission, run, stage, part, started_at, ended_at, outcome, holder)
        select submission, run, stage, part, coalesce(started_at, clock_timestamp()), clock_timestamp(), 'later', holder from ended",
        claim.submission.0,
        claim.run as i32,
        claim.stage.name(),
        claim.part.to_string(),
        claim.fence.0,
        after.as_secs_f64(),
    )
    .execute(tx)
    .await?;
    Ok(commit(postponed.rows_affected()))
}

/// Returns the part's new status, or `None` if the fence is wrong.
async fn record_failure(
    tx: &mut PgConnection,
    claim: &Claim,
    error: &str,
    max_attempts: i32,
    backoff_s: f64,
) -> anyhow::Result<Option<String>> {
    // It may quote a partner or a child. A failure that could not be stored would be retried for ever.
    let error = &tidy(error, Lines::Many, ERROR_CHARS);
    let status = sqlx::query_scalar!(
        r#"/* record_failure */
        with ended as (
            update parts set attempt = attempt + case when $9 then 1 else 0 end, last_error = $6, fence = null, lease_until = null,
                status = case when $9 and attempt + 1 >= $7 then 'parked'::part_status else 'waiting' end,
                not_before = clock_timestamp() + make_interval(secs => $8)
            where submission = $1 and run = $2 and stage = $3 and part = $4 and fence = $5 and status = 'claimed'
            returning submission, run, stage, part, status, started_at, holder
        ), noted as (
            insert into attempts (submission, run, stage, part, started_at, ended_at, outcome, holder)
            select submission, run, stage, part, coalesce(started_at, clock_timestamp()), clock_timestamp(),
                case when status = 'parked' then 'parked' else 'failed' end, holder
            from ended
        )
        select status::text as "status!" from ended"#,
        claim.submission.0,
        claim.run as i32,
        claim.stage.name(),
        claim.part.to_string(),
        claim.fence.0,
        error,
        max_attempts,
        backoff_s,
        max_attempts != UNCOUNTED,
    )
    .fetch_optional(tx)
    .await?;
    Ok(status)
}

async fn unpark(
    tx: &mut PgConnection,
    submission: SubmissionId,
    part: Option<&PartToDo>,
) -> anyhow::Result<Vec<String>> {
    let stages = sqlx::query_scalar!(
        "/* unpark_parts */
        update parts set status = 'pending', attempt = 0, not_before = clock_timestamp()
        where submission = $1 and status in ('parked', 'waiting')
            and ($2::text is null or stage = $2) and ($3::text is null or part = $3)
        returning stage",
        submission.0,
        part.map(|todo| todo.stage.name()),
        part.map(|todo| todo.part.to_string()),
    )
    .fetch_all(tx)
    .await?;
    Ok(stages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_back_off_doubles_within_its_jitter() {
        for attempt in 1..=6 {
            let middle = 2.0 * 2f64.powi(attempt as i32 - 1);
            let waited = backoff_s(Duration::from_secs(2), attempt);
            assert!((middle * 0.75..middle * 1.25).contains(&waited), "attempt {attempt}: {waited}");
        }
        assert!(backoff_s(Duration::from_secs(60), 40) <= 3600.0 * 1.25);
    }
}
