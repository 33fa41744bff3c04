//! What time does to parts: leases run out, waits end. The reconciler asks for both.
use pipeline::stage::Stage;
use sqlx::PgConnection;

use crate::store::{Store, messages};

impl Store {
    /// Takes parts from holders that fell silent, which costs them an attempt: a part that kills its workers ends parked.
    /// Returns their stages.
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

    /// Makes parts whose wait is over pending, with a message for each. Returns how many.
    pub async fn wake_due(&self) -> anyhow::Result<usize> {
        self.transaction("wake_due_parts", |tx, _| {
            Box::pin(async move {
                let stages = sqlx::query_scalar!(
                    "/* wake_due */
                update parts set status = 'pending' where (submission, run, stage, part) in (
                    select submission, run, stage, part from parts
                    where status = 'waiting' and not_before <= clock_timestamp()
                    order by not_before limit 1000 for update skip locked
                ) returning stage",
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
        update parts set attempt = attempt + 1, fence = null, lease_until = null, not_before = clock_timestamp(),
            status = case when attempt + 1 >= $1 then 'parked'::part_status else 'pending' end,
            last_error = 'its worker fell silent: ' || coalesce(holder, 'unknown')
        where (submission, run, stage, part) in (
            select submission, run, stage, part from parts
            where status = 'claimed' and lease_until < clock_timestamp()
            order by lease_until limit 1000 for update skip locked
        ) returning stage, status::text as "status!""#,
        max_attempts,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.stage, row.status)).collect())
}
