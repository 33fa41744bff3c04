//! The life of a job's works: the reconciler starts them while few are in progress and follows them until their runs
//! end. Releases and recalls (`carry`) are done when they are started, a few at each tick.
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use pipeline::id::{CredentialId, PartnerId, PersonId, SubmissionId};
use pipeline::submission::{State, Submission};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::ask::Columns;
use super::carry::{Turn, carry_out};
use super::{Ask, history};
use crate::store::history::{Actor, By};
use crate::store::{Store, is_unavailable, submissions};

/// Failed attempts in one tick. Between two of them, other jobs have their turns.
const MOST_FAILURES: u32 = 20;
/// Works that one tick releases or recalls: about a second of work, so that a pause takes effect soon. Ten thousand
/// take twenty minutes.
const ACTS_OF_A_TICK: u32 = 40;

/// Which jobs get a turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turns {
    /// Jobs that start runs, which keep workers busy.
    Runs,
    /// Jobs that release or recall.
    Acts,
}

/// The result of one attempt to start a work.
pub(super) enum Tried {
    Started,
    Skipped,
    NothingWaits,
}

impl Store {
    /// Advances running jobs: releases and recalls a few works, starts runs until `in_flight` works are in progress,
    /// and ends jobs that have nothing left. Returns how many works were started. Two processes that call this
    /// concurrently take different jobs.
    pub async fn bulk_start(&self, in_flight: u32) -> anyhow::Result<u32> {
        let (acted, not_acted) = self.bulk_turns(Turns::Acts, ACTS_OF_A_TICK).await?;
        let room = in_flight.saturating_sub(self.bulk_busy().await?);
        let (started, not_started) = self.bulk_turns(Turns::Runs, room).await?;
        self.bulk_end_jobs().await?;
        not_acted.or(not_started).map_or(Ok(acted + started), Err)
    }

    /// Starts up to `most` works. Returns their number and the first failure. Returns an error only if the database is
    /// unavailable.
    async fn bulk_turns(&self, turns: Turns, most: u32) -> anyhow::Result<(u32, Option<anyhow::Error>)> {
        let (mut started, mut failures, mut failure) = (0, 0, None);
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
        Ok((started, failure))
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

/// Starts the next work of the job whose turn it is. The job is locked: once a pause has returned, no further work of
/// it is started, and no second process takes the same work. `turn` receives the job whose turn it is, so that the
/// caller can handle a failure.
async fn start_next(
    tx: &mut PgConnection,
    policy: &crate::store::Policy,
    turns: Turns,
    turn: &Mutex<Option<Uuid>>,
) -> anyhow::Result<Tried> {
    let job = sqlx::query!(
        r#"/* next_bulk_job */
        select id, kind, from_stage, partners, replace, release_at, recall_within_s as "recall_within_s: Json<BTreeMap<PartnerId, u64>>",
            actor, name, person, credential, address, reason
        from bulk_jobs j
        where state = 'running' and (kind = 'reprocess') = $1
            and exists (select from bulk_items i where i.job = j.id and i.state = 'waiting')
        order by last_started_at nulls first, created_at limit 1 for update skip locked"#,
        turns == Turns::Runs,
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(job) = job else { return Ok(Tried::NothingWaits) };
    *turn.lock().unwrap_or_else(PoisonError::into_inner) = Some(job.id);
    let next = sqlx::query_scalar!(
        "/* next_bulk_item */
        select submission from bulk_items where job = $1 and state = 'waiting' order by submission limit 1",
        job.id,
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(submission) = next.map(SubmissionId) else { return Ok(Tried::NothingWaits) };
    let ask = Ask::of(Columns {
        kind: job.kind,
        from_stage: job.from_stage,
        partners: job.partners,
        replace: job.replace,
        release_at: job.release_at,
        recall_within_s: job.recall_within_s,
    })?;
    let actor = Actor::called(&job.actor).with_context(|| format!("there is no actor {}", job.actor))?;
    let (person, credential) = (job.person.map(PersonId), job.credential.map(CredentialId));
    let by = &By { actor, name: job.name.into(), person, credential, address: job.address, reason: job.reason };
    let Some(state) = lock(tx, submission).await? else { anyhow::bail!("submission {submission} vanished") };
    let turn = Turn { job: job.id, submission, state: &state, by };
    let tried = match turns {
        Turns::Acts => carry_out(tx, policy, &turn, &ask).await?,
        Turns::Runs => begin_run(tx, policy, &turn, &ask).await?,
    };
    if matches!(tried, Tried::Started) {
        end_turn(tx, job.id).await?;
    }
    Ok(tried)
}

/// Starts a new run of the work, or records why it did not.
async fn begin_run(
    tx: &mut PgConnection,
    policy: &crate::store::Policy,
    turn: &Turn<'_>,
    ask: &Ask,
) -> anyhow::Result<Tried> {
    let Turn { job, submission, state, by } = *turn;
    if is_under_way(tx, submission).await? {
        skip(tx, job, submission, "run_under_way", state).await?;
        return Ok(Tried::Skipped);
    }
    // Written before the event, so that the parts that it starts find their rank.
    sqlx::query!(
        "/* begin_bulk_item */
        update bulk_items set state = 'started', changed_at = clock_timestamp(),
            run = (select run + 1 from submissions where id = $2)
        where job = $1 and submission = $2",
        job,
        submission.0,
    )
    .execute(&mut *tx)
    .await?;
    let applied = submissions::apply(tx, policy, submission, &ask.event(), by).await?;
    if !applied.changed {
        skip(tx, job, submission, "cannot_begin", state).await?;
        return Ok(Tried::Skipped);
    }
    let detail = serde_json::json!({ "job": job, "run": applied.machine.run });
    history::add(tx, submission, by, "bulk_started", &detail).await?;
    Ok(Tried::Started)
}

/// Gives the next turn to another job.
async fn end_turn(connection: &mut PgConnection, job: Uuid) -> anyhow::Result<()> {
    sqlx::query!("/* turn_of_bulk_job */ update bulk_jobs set last_started_at = clock_timestamp() where id = $1", job)
        .execute(connection)
        .await
        .context("note whose turn it was")?;
    Ok(())
}

/// Locks a submission before any decision about it; returns the name of its state, or `None` if there is none with this
/// id.
pub(super) async fn lock(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<Option<String>> {
    sqlx::query_scalar!("/* lock_work */ select state from submissions where id = $1 for update", submission.0)
        .fetch_optional(tx)
        .await
        .context("lock the submission")
}

/// Whether machines are producing files of a work now: a new run would discard that. Publishing and parked parts do not
/// count.
async fn is_under_way(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<bool> {
    let open = sqlx::query_scalar!(
        "/* run_under_way */
        select 1 as one from parts
        where submission = $1 and stage <> 'publish' and status in ('pending', 'waiting', 'claimed') limit 1",
        submission.0,
    )
    .fetch_optional(tx)
    .await?;
    Ok(open.is_some())
}

/// Records why nothing was started.
pub(super) async fn skip(
    tx: &mut PgConnection,
    job: Uuid,
    submission: SubmissionId,
    why: &str,
    detail: &str,
) -> anyhow::Result<()> {
    sqlx::query!(
        "/* skip_bulk_item */
        update bulk_items set state = 'skipped', run = null, why = $3, detail = $4, changed_at = clock_timestamp()
        where job = $1 and submission = $2",
        job,
        submission.0,
        why,
        detail,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Adds a work whose run has already started.
pub(super) async fn insert_started(
    tx: &mut PgConnection,
    job: Uuid,
    submission: SubmissionId,
    machine: &Submission,
) -> anyhow::Result<()> {
    sqlx::query!(
        "/* add_started_bulk_item */
        insert into bulk_items (job, submission, state, run) values ($1, $2, 'started', $3)",
        job,
        submission.0,
        machine.run as i32,
    )
    .execute(&mut *tx)
    .await
    .context("add the work to the job")?;
    follow(tx, submission, machine).await
}

/// The result of an item whose run has reached the state in `machine`: columns of `bulk_items`.
pub(in crate::store) struct Standing {
    pub(in crate::store) state: &'static str,
    pub(in crate::store) why: Option<&'static str>,
    pub(in crate::store) detail: Option<&'static str>,
}

impl Standing {
    pub(in crate::store) fn of(machine: &Submission) -> Self {
        let (state, why, detail) = match &machine.state {
            State::Uploading | State::At { .. } => ("started", None, None),
            State::Published => ("done", None, None),
            State::AwaitingReview | State::AwaitingRelease => ("done", Some(machine.state.name()), None),
            State::Rejected { reason, .. } => ("failed", Some("rejected"), Some(reason.code())),
            State::Withdrawn | State::Revoked => ("cancelled", Some("taken_back"), Some(machine.state.name())),
        };
        Self { state, why, detail }
    }
}

/// Ends the item whose run succeeded, was refused, or had been superseded by the time it was added.
async fn follow(tx: &mut PgConnection, submission: SubmissionId, machine: &Submission) -> anyhow::Result<()> {
    let Standing { state, why, detail } = Standing::of(machine);
    sqlx::query!(
        "/* follow_bulk_item */
        update bulk_items set changed_at = clock_timestamp(),
            state = case when run < $2 then 'cancelled' else $3 end,
            why = case when run < $2 then 'overtaken' else $4 end,
            detail = case when run < $2 then 'run ' || $2 else $5 end
        where submission = $1 and state = 'started' and (run < $2 or $3 <> 'started')",
        submission.0,
        machine.run as i32,
        state,
        why,
        detail,
    )
    .execute(tx)
    .await
    .context("follow the bulk item")?;
    Ok(())
}
