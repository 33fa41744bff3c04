//! The next work of the job whose turn it is: started, carried out, or skipped.
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use pipeline::id::{CredentialId, PartnerId, PersonId, SubmissionId};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::ask::{Ask, Columns};
use super::carry::carry_out;
use super::items::{lock, skip};
use super::turn::{Tried, Turn};
use crate::store::submissions::history::{self, Actor, By};
use crate::store::{Policy, submissions};

/// Which jobs get a turn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Turns {
    /// Jobs that start runs, which keep workers busy.
    Runs,
    /// Jobs that release or recall.
    Acts,
}

/// Starts the next work of the job whose turn it is. The job is locked: once a pause has returned, no further work of
/// it is started, and no second process takes the same work. `turn` receives the job whose turn it is, so that the
/// caller can handle a failure.
pub(super) async fn start_next(
    tx: &mut PgConnection,
    policy: &Policy,
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
async fn begin_run(tx: &mut PgConnection, policy: &Policy, turn: &Turn<'_>, ask: &Ask) -> anyhow::Result<Tried> {
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
pub(super) async fn end_turn(connection: &mut PgConnection, job: Uuid) -> anyhow::Result<()> {
    sqlx::query!("/* turn_of_bulk_job */ update bulk_jobs set last_started_at = clock_timestamp() where id = $1", job)
        .execute(connection)
        .await
        .context("note whose turn it was")?;
    Ok(())
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
