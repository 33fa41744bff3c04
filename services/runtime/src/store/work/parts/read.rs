//! Reads parts: for people, for later stages, for monitoring.
use std::time::Duration;

use anyhow::Context;
use pipeline::id::SubmissionId;
use pipeline::part::Part;
use pipeline::stage::Stage;

use super::rows::{PartRow, QueueRow};
use crate::store::Store;
use crate::stored::Output;
use crate::wire;

impl Store {
    /// Every part of a submission, run by run.
    pub async fn parts(&self, submission: SubmissionId) -> anyhow::Result<Vec<PartRow>> {
        let rows = sqlx::query!(
            r#"/* parts */
            select run, stage, part, status::text as "status!", attempt, progress, last_error, holder, created_at,
                started_at, finished_at
            from parts where submission = $1 order by run, created_at, stage, part"#,
            submission.0,
        )
        .fetch_all(self.pool())
        .await
        .with_context(|| format!("list the parts of {submission}"))?;
        let rows = rows.into_iter().map(|row| PartRow {
            run: row.run as u32,
            stage: row.stage,
            part: row.part,
            status: row.status,
            attempt: row.attempt as u32,
            progress: row.progress,
            last_error: row.last_error,
            holder: row.holder,
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        });
        Ok(rows.collect())
    }

    /// What the done parts of a stage produced in a run.
    pub async fn outputs(
        &self,
        submission: SubmissionId,
        run: u32,
        stage: Stage,
    ) -> anyhow::Result<Vec<(Part, Output)>> {
        let rows = sqlx::query!(
            r#"/* outputs */
            select part, output as "output!" from parts
            where submission = $1 and run = $2 and stage = $3 and status = 'done' and output is not null
            order by part"#,
            submission.0,
            run as i32,
            stage.name(),
        )
        .fetch_all(self.pool())
        .await
        .with_context(|| format!("load what {stage} made of {submission}"))?;
        rows.into_iter()
            .map(|row| {
                let output = serde_json::from_value(row.output)
                    .with_context(|| format!("read the output of {} of {submission}", row.part))?;
                Ok((row.part.parse()?, output))
            })
            .collect()
    }

    /// How many parts have each status, for every stage that has any that are not final. It reads only partial indexes,
    /// of which one has an entry for each waiting part. The sample calls it once for all processes.
    pub async fn queues(&self) -> anyhow::Result<Vec<QueueRow>> {
        sqlx::query_as!(
            QueueRow,
            r#"/* queues */
            select stage as "stage!", status as "status!", parts as "parts!", age_s as "age_s!" from (
                select stage, 'pending' as status, count(*) as parts,
                    greatest(extract(epoch from clock_timestamp() - min(not_before)), 0)::float8 as age_s
                from parts where status = 'pending' group by stage
                union all
                select stage, 'waiting', count(*), 0 from parts where status = 'waiting' group by stage
                union all
                select stage, 'claimed', count(*), 0 from parts where status = 'claimed' group by stage
                union all
                select stage, 'parked', count(*), 0 from parts where status = 'parked' group by stage
            ) as counted"#,
        )
        .fetch_all(self.pool())
        .await
        .context("count the queues")
    }

    /// How many parts of `stage` have been pending for at least `for_at_least`, less those whose messages are still in
    /// the outbox, both counted up to `limit`. Younger parts have their message under way. While a broker accepts
    /// nothing, messages stay in the outbox, and more of them at every check would fill the disk.
    pub async fn lasting_pending(&self, stage: Stage, limit: u32, for_at_least: Duration) -> anyhow::Result<u32> {
        let count = sqlx::query_scalar!(
            r#"/* lasting_pending */
            select greatest(0, (
                select count(*) from (
                    select 1 from parts
                    where stage = $1 and status = 'pending' and not_before <= statement_timestamp() - make_interval(secs => $3)
                    limit $2
                ) as pending
            ) - (
                select count(*) from (
                    select 1 from outbox where exchange = $4 and routing_key = $1 limit $2
                ) as unsent
            )) as "count!""#,
            stage.name(),
            i64::from(limit),
            for_at_least.as_secs_f64(),
            wire::WORK_EXCHANGE,
        )
        .fetch_one(self.pool())
        .await
        .with_context(|| format!("count the pending parts of {stage}"))?;
        Ok(u32::try_from(count).unwrap_or(limit))
    }
}
