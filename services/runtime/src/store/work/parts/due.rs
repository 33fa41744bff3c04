//! Changes of parts by time: leases expire, waits end, delayed parts are let through. The reconciler calls all of
//! these.
use std::time::Duration;

use anyhow::Context;
use pipeline::stage::Stage;
use sqlx::PgConnection;

use crate::store::Store;
use crate::store::outgoing::messages;

/// Rank of a part that waited too long: before new entries, which have 0.
const AGED_RANK: i32 = -1;
/// Aged parts of a stage that are claimable at the same time. So bulk work never starves, and a new entry is delayed by
/// no more than these, however much bulk work there is.
const AGED_AT_ONCE: i64 = 2;

/// Parts that one transaction wakes. If it found this many, there may be more.
pub(crate) const WOKEN_AT_ONCE: i64 = 1_000;

impl Store {
    /// Lets parts through that were claimable for `age` and delayed by others of a better rank. Returns how many.
    pub async fn age_parts(&self, age: Duration) -> anyhow::Result<u64> {
        let mut aged = 0;
        for stage in Stage::ALL {
            let done = sqlx::query!(
                "/* age_parts */
                update parts set rank = $3 where (submission, run, stage, part) in (
                    select submission, run, stage, part from parts
                    where stage = $1 and status = 'pending' and rank > 0
                        and not_before <= clock_timestamp() - make_interval(secs => $2)
                    order by rank, created_at, effort_ms desc
                    limit greatest(0, $4 - (
                        select count(*) from parts where stage = $1 and status = 'pending' and rank < 0))
                    for update skip locked)",
                stage.name(),
                age.as_secs_f64(),
                AGED_RANK,
                AGED_AT_ONCE,
            )
            .execute(self.pool())
            .await
            .with_context(|| format!("let waiting parts of {stage} through"))?;
            aged += done.rows_affected();
        }
        Ok(aged)
    }

    /// Takes parts from holders that stopped renewing, which costs an attempt: a part that kills its workers ends
    /// parked. Returns their stages.
    pub async fn expire_leases(&self) -> anyhow::Result<Vec<Stage>> {
        self.transaction("expire_leases", |tx, _| {
            Box::pin(async move {
                let expired = take_expired(tx, self.policy().max_attempts).await?;
                let mut stages = Vec::new();
                let mut hints = Vec::new();
                for (stage, status) in expired {
                    let stage: Stage = stage.parse()?;
                    stages.push(stage);
                    if status == "pending" {
                        hints.push(stage);
                    }
                }
                messages::add_hints(tx, hints).await?;
                Ok(stages)
            })
        })
        .await
    }

    /// Makes parts whose wait is over pending, with a message for each, at most [`WOKEN_AT_ONCE`]. Returns how many.
    pub async fn wake_due(&self) -> anyhow::Result<usize> {
        self.transaction("wake_due_parts", |tx, _| {
            Box::pin(async move {
                let stages = sqlx::query_scalar!(
                    "/* wake_due */
                update parts set status = 'pending' where (submission, run, stage, part) in (
                    select submission, run, stage, part from parts
                    where status = 'waiting' and not_before <= statement_timestamp()
                    order by not_before limit $1 for update skip locked
                ) returning stage",
                    WOKEN_AT_ONCE,
                )
                .fetch_all(&mut *tx)
                .await?;
                let stages: Vec<Stage> = stages.iter().map(|stage| stage.parse()).collect::<Result<_, _>>()?;
                messages::add_hints(tx, stages.iter().copied()).await?;
                Ok(stages.len())
            })
        })
        .await
    }
}

async fn take_expired(tx: &mut PgConnection, max_attempts: i32) -> anyhow::Result<Vec<(String, String)>> {
    let rows = sqlx::query!(
        r#"/* take_expired */
        with ended as (
            update parts set attempt = attempt + 1, fence = null, lease_until = null, not_before = clock_timestamp(),
                status = case when attempt + 1 >= $1 then 'parked'::part_status else 'pending' end,
                last_error = 'its worker fell silent: ' || coalesce(holder, 'unknown')
            where (submission, run, stage, part) in (
                select submission, run, stage, part from parts
                where status = 'claimed' and lease_until < clock_timestamp()
                order by lease_until limit 1000 for update skip locked
            ) returning submission, run, stage, part, status, started_at, holder
        ), noted as (
            insert into attempts (submission, run, stage, part, started_at, ended_at, outcome, holder)
            select submission, run, stage, part, coalesce(started_at, clock_timestamp()), clock_timestamp(), 'silent', holder from ended
        )
        select stage as "stage!", status::text as "status!" from ended"#,
        max_attempts,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.stage, row.status)).collect())
}
