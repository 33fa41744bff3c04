//! While a part is claimed: its holder renews the claim, hands it back, or postpones it. None of these is an attempt.
use std::time::Duration;

use anyhow::Context;
use sqlx::PgConnection;

use super::claimed::{Claim, Commit};
use crate::store::Store;
use crate::store::outgoing::messages;

impl Store {
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
        Ok(Commit::of(renewed.rows_affected()))
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
    Ok(Commit::of(released.rows_affected()))
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
    Ok(Commit::of(postponed.rows_affected()))
}
