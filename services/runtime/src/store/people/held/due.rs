//! Decisions that are due: carried out by one desk, or kept with the reason why they could not be.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{CredentialId, PersonId, SubmissionId};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::store::Store;
use crate::store::submissions::history::{Actor, By};

/// The most decisions of one person that are shown.
const MOST_SHOWN: i64 = 50;

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
