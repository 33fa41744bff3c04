//! Holds a decision, and deletes it while it can be undone.
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{PersonId, SubmissionId};
use sqlx::PgConnection;

use crate::store::people::reviews;
use crate::store::submissions::history::By;

/// How long a decision can be undone.
pub const HELD: Duration = Duration::from_secs(10);

/// A decision to hold.
#[derive(Clone, Copy, Debug)]
pub struct Holding<'a> {
    /// The work.
    pub submission: SubmissionId,
    /// The run that the reviewer saw.
    pub run: u32,
    /// `accept` or `refuse`.
    pub decision: &'static str,
    /// Why it is refused.
    pub words: Option<&'a str>,
    /// The phrase with which the text started.
    pub phrase: Option<&'a str>,
}

/// Whether a decision on the work is held, by any reviewer.
pub async fn is_held(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<bool> {
    sqlx::query_scalar!(
        r#"/* is_held */
        select exists (select from held_decisions where submission = $1 and failed_at is null) as "held!""#,
        submission.0,
    )
    .fetch_one(tx)
    .await
    .context("look for a held decision")
}

/// Holds a person's decision; ends the claim on the work. Returns when it takes effect.
pub async fn hold(
    tx: &mut PgConnection,
    what: Holding<'_>,
    person: PersonId,
    by: &By,
) -> anyhow::Result<DateTime<Utc>> {
    let due_at = sqlx::query_scalar!(
        "/* hold_decision */
        insert into held_decisions
            (submission, person, actor, name, credential, address, decision, words, phrase, reason, run, created_at, due_at)
        select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now, now + make_interval(secs => $12) from clock_timestamp() as now
        returning due_at",
        what.submission.0,
        person.0,
        by.actor.name(),
        by.name.as_ref(),
        by.credential.map(|id| id.0),
        by.address,
        what.decision,
        what.words,
        what.phrase,
        by.reason,
        i32::try_from(what.run)?,
        HELD.as_secs_f64(),
    )
    .fetch_one(&mut *tx)
    .await
    .context("hold a decision")?;
    reviews::end_claims(tx, what.submission, person).await?;
    reviews::take_up(tx, what.submission).await?;
    Ok(due_at)
}

/// Deletes a person's held decision: on one work, or their last one. Returns the work. If a desk is carrying the decision out, this waits
/// for it and returns `None`.
pub async fn undo(
    tx: &mut PgConnection,
    person: PersonId,
    submission: Option<SubmissionId>,
) -> anyhow::Result<Option<SubmissionId>> {
    let id = sqlx::query_scalar!(
        "/* undo_decision */
        delete from held_decisions where failed_at is null and id = (
            select max(id) from held_decisions
            where person = $1 and failed_at is null and ($2::uuid is null or submission = $2))
        returning submission",
        person.0,
        submission.map(|id| id.0),
    )
    .fetch_optional(tx)
    .await
    .context("undo a decision")?;
    Ok(id.map(SubmissionId))
}
