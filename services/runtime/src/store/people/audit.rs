//! The audit trail: what people did, who, why, before and after. A row is written in the transaction of the act, and
//! rows form a chain of hashes, so that a changed, removed, inserted or moved row is detected. See `verify` for the
//! limits of this, `row` for what is hashed, `read` for lists.
use anyhow::Context;
use pipeline::id::{ContestId, PartnerId, SubmissionId};
use serde_json::Value;
use sqlx::PgConnection;
use tracing::info;

use crate::store::Store;
use crate::store::submissions::history::By;

mod read;
mod row;
mod verify;

pub use read::{AuditFilter, AuditRow};
use row::Row;
pub use verify::{Head, Verified};

/// What a person did. It contains no personal data.
#[derive(Clone, Debug)]
pub struct Act<'a> {
    /// Its stable name, such as `released` or `token_created`.
    pub act: &'a str,
    /// The submission that it was done to.
    pub submission: Option<SubmissionId>,
    /// The partner that it concerns.
    pub partner: Option<&'a PartnerId>,
    /// The state before.
    pub before: Value,
    /// The state after.
    pub after: Value,
}

/// Adds what `by` did, within the transaction that does it. Call it last: from here on, no other act commits before
/// this one.
pub async fn add(tx: &mut PgConnection, by: &By, act: &Act<'_>) -> anyhow::Result<()> {
    add_about(tx, by, act, None).await
}

/// Like [`add`], for an act on something other than a submission that belongs to only one contest, such as a token.
/// People who are bound to that contest see the row.
pub async fn add_about(
    tx: &mut PgConnection,
    by: &By,
    act: &Act<'_>,
    contest: Option<&ContestId>,
) -> anyhow::Result<()> {
    let contest = match act.submission {
        Some(submission) => contest_of(tx, submission).await?,
        None => contest.map(ToString::to_string),
    };
    let head = sqlx::query!(
        r#"/* lock_audit_head */ select seq, hash, clock_timestamp() as "at!" from audit_head for update"#
    )
    .fetch_one(&mut *tx)
    .await
    .context("find the end of the audit trail")?;
    let row = Row {
        seq: head.seq + 1,
        at: head.at,
        actor: by.actor.to_string(),
        name: by.name.as_ref().to_owned(),
        person: by.person.map(|id| id.0),
        credential: by.credential.map(|id| id.0),
        address: by.address.clone(),
        act: act.act.to_owned(),
        submission: act.submission.map(|id| id.0),
        contest,
        partner: act.partner.map(|partner| partner.as_str().to_owned()),
        reason: by.reason.clone(),
        before: act.before.to_string(),
        after: act.after.to_string(),
        prev_hash: head.hash,
    };
    let hash = row.hash();
    insert(tx, &row, &hash).await?;
    sqlx::query!("/* move_audit_head */ update audit_head set seq = $1, hash = $2", row.seq, hash.as_slice())
        .execute(tx)
        .await
        .context("move the end of the audit trail")?;
    let hash = hex::encode(hash);
    // Logs are stored elsewhere, so they are evidence for the trail. If the transaction fails, the next row has the
    // same number.
    info!(audit.seq = row.seq, audit.hash = hash, audit.act = act.act, "audit row {} is {hash}", row.seq);
    Ok(())
}

pub(in crate::store) async fn contest_of(
    tx: &mut PgConnection,
    submission: SubmissionId,
) -> anyhow::Result<Option<String>> {
    sqlx::query_scalar!("/* contest_of */ select contest from submissions where id = $1", submission.0)
        .fetch_optional(tx)
        .await
        .context("find the submission's contest")
}

async fn insert(tx: &mut PgConnection, row: &Row, hash: &[u8]) -> anyhow::Result<()> {
    sqlx::query!(
        "/* add_audit */
        insert into audit (seq, at, actor, name, act, submission, contest, partner, reason, before, after, prev_hash, hash,
            person, credential, address)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::json, $11::text::json, $12, $13, $14, $15, $16)",
        row.seq,
        row.at,
        row.actor,
        row.name,
        row.act,
        row.submission,
        row.contest,
        row.partner,
        row.reason,
        row.before,
        row.after,
        row.prev_hash,
        hash,
        row.person,
        row.credential,
        row.address,
    )
    .execute(tx)
    .await
    .context("add to the audit trail")?;
    Ok(())
}

impl Store {
    /// Adds an act that itself changes nothing, such as reading personal data, in a separate transaction.
    pub async fn audit_act(&self, by: &By, act: &Act<'_>) -> anyhow::Result<()> {
        self.quiet_transaction("audit", |tx, _| Box::pin(async move { add(tx, by, act).await })).await
    }
}
