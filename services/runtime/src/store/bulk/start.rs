//! The life of a job's works: the reconciler starts them while few are in progress and follows them until their runs
//! end. Releases and recalls (`carry`) are done when they are started, a few at each tick.
use std::sync::{Mutex, PoisonError};

use anyhow::Context;

use super::next::{Turns, end_turn, start_next};
use super::turn::Tried;
use crate::store::{Store, is_unavailable};

/// Failed attempts in one tick. Between two of them, other jobs have their turns.
const MOST_FAILURES: u32 = 20;
/// Works that one tick releases or recalls: about a second of work, so that a pause takes effect soon. Ten thousand
/// take twenty minutes.
const ACTS_OF_A_TICK: u32 = 40;

/// What one tick did.
#[derive(Default)]
struct Tick {
    /// How many works were started.
    started: u32,
    /// The first failure.
    failure: Option<anyhow::Error>,
}

impl Store {
    /// Advances running jobs: releases and recalls a few works, starts runs until `in_flight` works are in progress,
    /// and ends jobs that have nothing left. Returns how many works were started. Two processes that call this
    /// concurrently take different jobs.
    pub async fn bulk_start(&self, in_flight: u32) -> anyhow::Result<u32> {
        let acts = self.bulk_turns(Turns::Acts, ACTS_OF_A_TICK).await?;
        let room = in_flight.saturating_sub(self.bulk_busy().await?);
        let runs = self.bulk_turns(Turns::Runs, room).await?;
        self.bulk_end_jobs().await?;
        acts.failure.or(runs.failure).map_or(Ok(acts.started + runs.started), Err)
    }

    /// Starts up to `most` works. Returns an error only if the database is unavailable.
    async fn bulk_turns(&self, turns: Turns, most: u32) -> anyhow::Result<Tick> {
        let mut failures = 0;
        let Tick { mut started, mut failure } = Tick::default();
        // Skipped works use no slot, but a tick must end.
        let mut tries = 1000;
        while started < most && tries > 0 {
            let turn = Mutex::new(None);
            let next = self
                .transaction("start_bulk_item", |tx, _| Box::pin(start_next(tx, self.policy(), turns, &turn)))
                .await;
            match next {
                Ok(Tried::Started) => started += 1,
                Ok(Tried::Skipped) => {}
                Ok(Tried::NothingWaits) => break,
                Err(error) if is_unavailable(&error) => return Err(error),
                // A work that cannot even be skipped delays its own job, but no other.
                Err(error) => {
                    failure.get_or_insert(error);
                    failures += 1;
                    let job = *turn.lock().unwrap_or_else(PoisonError::into_inner);
                    let Some(job) = job.filter(|_| failures < MOST_FAILURES) else { break };
                    end_turn(&mut *self.pool().acquire().await?, job).await?;
                }
            }
            tries -= 1;
        }
        Ok(Tick { started, failure })
    }

    /// Works of jobs on which a machine has something to do now. A work that waits for a person or for a partner's
    /// answer, or whose part is parked, does not count.
    async fn bulk_busy(&self) -> anyhow::Result<u32> {
        let busy = sqlx::query_scalar!(
            r#"/* bulk_busy */
            select count(*) as "busy!" from bulk_items i
            where i.state = 'started' and exists (
                select from parts p where p.submission = i.submission and p.run = i.run
                    and (p.status in ('pending', 'claimed') or (p.status = 'waiting' and p.stage <> 'publish')))"#,
        )
        .fetch_one(self.pool())
        .await
        .context("count the works under way")?;
        Ok(u32::try_from(busy).unwrap_or(u32::MAX))
    }

    async fn bulk_end_jobs(&self) -> anyhow::Result<()> {
        sqlx::query!(
            "/* end_bulk_jobs */
            update bulk_jobs j set state = 'done', changed_at = clock_timestamp()
            where j.state = 'running' and not exists (
                select from bulk_items i where i.job = j.id and i.state in ('waiting', 'started'))",
        )
        .execute(self.pool())
        .await
        .context("end bulk jobs")?;
        Ok(())
    }
}
