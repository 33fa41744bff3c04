//! Failed attempts: tried again after a back-off, or parked for an operator.
use std::time::Duration;

use pipeline::text::{Lines, tidy};
use rand::Rng;
use sqlx::PgConnection;

use super::claimed::{Claim, Commit, Failed};
use crate::store::Store;
use crate::store::submissions::history::{self, By};

/// How much of a failure is stored, in characters: quality control writes a line for each check.
const ERROR_CHARS: usize = 20_000;

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

impl Store {
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
