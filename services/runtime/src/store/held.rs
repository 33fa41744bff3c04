//! Decisions that take effect after a moment: held, undone, carried out. Several desks may run; each decision is carried out by one.
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{CredentialId, PersonId, SubmissionId};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::history::{Actor, By};
use super::{Store, reviews};

/// How long a decision can be undone.
pub const HELD: Duration = Duration::from_secs(10);
/// The most decisions of one person that are shown.
const MOST_SHOWN: i64 = 50;

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

/// A decision of one person, as they see it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its number.
    pub id: i64,
    /// The work.
    pub submission: Uuid,
    /// The work's title.
    pub title: String,
    /// `accept` or `refuse`.
    pub decision: String,
    /// Why it is refused.
    pub words: Option<String>,
    /// When it takes effect.
    pub due_at: DateTime<Utc>,
    /// Why it could not be carried out.
    pub failure: Option<Json<Failure>>,
}

/// Why a decision could not be carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Stable code.
    pub code: String,
    /// The sentence in Chinese.
    pub zh: String,
    /// The sentence in English.
    pub en: String,
}

/// A decision that is due.
#[derive(Clone, Debug)]
pub struct Due {
    /// The work.
    pub submission: SubmissionId,
    /// The run that it is about.
    pub run: Option<u32>,
    /// `accept` or `refuse`.
    pub decision: String,
    /// Why it is refused.
    pub words: Option<String>,
    /// The person who decided.
    pub by: By,
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

/// Locks a decision that is due. `None`: it was undone, was carried out, or is being carried out by another desk.
pub async fn take(tx: &mut PgConnection, id: i64) -> anyhow::Result<Option<Due>> {
    let row = sqlx::query!(
        "/* take_decision */
        select submission, person, actor, name, credential, address, decision, words, reason, run from held_decisions
        where id = $1 and failed_at is null and due_at <= clock_timestamp() for update skip locked",
        id,
    )
    .fetch_optional(tx)
    .await
    .context("take a held decision")?;
    let Some(row) = row else { return Ok(None) };
    let actor = Actor::called(&row.actor).with_context(|| format!("{:?} is no kind of actor", row.actor))?;
    let by = By {
        credential: row.credential.map(CredentialId),
        address: row.address,
        reason: row.reason,
        ..By::of(actor, PersonId(row.person), row.name)
    };
    let (submission, run) = (SubmissionId(row.submission), row.run.map(u32::try_from).transpose()?);
    Ok(Some(Due { submission, run, decision: row.decision, words: row.words, by }))
}

/// Deletes a decision that was carried out.
pub async fn carried_out(tx: &mut PgConnection, id: i64) -> anyhow::Result<()> {
    sqlx::query!("/* decision_carried_out */ delete from held_decisions where id = $1", id)
        .execute(tx)
        .await
        .context("delete a decision that was carried out")?;
    Ok(())
}

/// Stores a decision that could not be carried out, for its person to read.
pub async fn failed(tx: &mut PgConnection, id: i64, why: &Failure) -> anyhow::Result<()> {
    sqlx::query!(
        "/* decision_failed */
        update held_decisions set failed_at = clock_timestamp(), failure = $2 where id = $1",
        id,
        Json(why) as _,
    )
    .execute(tx)
    .await
    .context("keep a decision that failed")?;
    Ok(())
}

/// Deletes a person's decision that failed, once they have read it. Returns whether there was one.
pub async fn dismiss(tx: &mut PgConnection, person: PersonId, id: i64) -> anyhow::Result<bool> {
    let dismissed = sqlx::query!(
        "/* dismiss_decision */
        delete from held_decisions where id = $1 and person = $2 and failed_at is not null",
        id,
        person.0,
    )
    .execute(tx)
    .await
    .context("delete a decision that failed")?;
    Ok(dismissed.rows_affected() == 1)
}

impl Store {
    /// A person's decisions that are held or failed, newest first.
    pub async fn decisions_of(&self, person: PersonId) -> anyhow::Result<Vec<Shown>> {
        sqlx::query_as!(
            Shown,
            r#"/* decisions_of */
            select h.id, h.submission, s.title, h.decision, h.words, h.due_at, h.failure as "failure: Json<Failure>"
            from held_decisions h join submissions s on s.id = h.submission
            where h.person = $1 order by h.id desc limit $2"#,
            person.0,
            MOST_SHOWN,
        )
        .fetch_all(self.pool())
        .await
        .context("list held decisions")
    }

    /// Due decisions, the oldest first, at most `limit`.
    pub async fn due_decisions(&self, limit: u32) -> anyhow::Result<Vec<i64>> {
        sqlx::query_scalar!(
            "/* due_decisions */
            select id from held_decisions where failed_at is null and due_at <= statement_timestamp() order by due_at limit $1",
            i64::from(limit),
        )
        .fetch_all(self.pool())
        .await
        .context("look for decisions that are due")
    }
}
