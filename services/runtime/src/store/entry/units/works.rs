//! Works that a unit entered from the rows of its sheets.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use pipeline::receipt::Receipt;
use sqlx::PgConnection;

use super::unit::Of;
use crate::seal::Sealed;
use crate::store::Store;

/// The most works of a unit that are listed and compared, the latest: more than any quota.
pub const MOST_WORKS: i64 = 2_000;

/// A work to record as entered from a row.
#[derive(Clone, Debug)]
pub struct NewWork {
    /// The work.
    pub submission: SubmissionId,
    /// The unit.
    pub of: Of,
    /// Keyed hash of everything in the row.
    pub row_hmac: [u8; 32],
    /// The name of the film's file as the row gives it, and the token of the entry.
    pub secret: Sealed,
}

/// A work that a unit entered.
#[derive(Clone, Debug)]
pub struct WorkRow {
    /// The work.
    pub submission: SubmissionId,
    /// Its number.
    pub receipt: Receipt,
    /// Its title.
    pub title: String,
    /// Its theme.
    pub theme: String,
    /// Name of its state.
    pub state: String,
    /// SHA-256 of the token that opens it now.
    pub token_sha256: Vec<u8>,
    /// The name of the film's file as the row gave it, and the token that the work was entered with.
    pub secret: Sealed,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// The works that a unit entered, in the order of entry; the latest [`MOST_WORKS`].
    pub async fn works_of_unit(&self, of: &Of) -> anyhow::Result<Vec<WorkRow>> {
        let rows = sqlx::query!(
            r#"/* works_of_unit */
            select w.submission, s.receipt as "receipt!", s.title, s.theme, s.state, s.token_sha256, w.key_id, w.nonce, w.ciphertext, w.created_at
            from unit_works w join submissions s on s.id = w.submission
            where w.contest = $1 and w.unit = $2 and s.receipt is not null
            order by w.submission desc limit $3"#,
            of.contest.as_str(),
            of.unit.as_str(),
            MOST_WORKS,
        )
        .fetch_all(self.pool())
        .await
        .context("list the works of a unit")?;
        let mut works = Vec::with_capacity(rows.len());
        for row in rows.into_iter().rev() {
            works.push(WorkRow {
                submission: SubmissionId(row.submission),
                receipt: row.receipt.parse().context("read the number of a work")?,
                title: row.title,
                theme: row.theme,
                state: row.state,
                token_sha256: row.token_sha256,
                secret: Sealed { key_id: row.key_id, nonce: row.nonce, ciphertext: row.ciphertext },
                created_at: row.created_at,
            });
        }
        Ok(works)
    }

    /// The hashes of the rows that a unit entered.
    pub async fn rows_of_unit(&self, of: &Of) -> anyhow::Result<Vec<(Vec<u8>, SubmissionId)>> {
        let rows = sqlx::query!(
            "/* rows_of_unit */
            select row_hmac, submission from unit_works where contest = $1 and unit = $2
            order by submission desc limit $3",
            of.contest.as_str(),
            of.unit.as_str(),
            MOST_WORKS,
        )
        .fetch_all(self.pool())
        .await
        .context("list the rows that a unit entered")?;
        Ok(rows.into_iter().map(|row| (row.row_hmac, SubmissionId(row.submission))).collect())
    }
}

/// Whether a unit entered this work.
pub async fn is_entered_by_unit(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<bool> {
    sqlx::query_scalar!(
        r#"/* is_entered_by_a_unit */ select exists (select from unit_works where submission = $1) as "is!""#,
        submission.0
    )
    .fetch_one(tx)
    .await
    .context("look whether a unit entered a work")
}

/// Deletes what a unit keeps of a work: its row may be entered again.
pub(in crate::store) async fn forget(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<()> {
    sqlx::query!("/* forget_unit_work */ delete from unit_works where submission = $1", submission.0)
        .execute(tx)
        .await
        .context("forget what a unit keeps of a work")?;
    Ok(())
}

/// Remembers a work as entered from a row. `false`: this row was entered before, and nothing is stored.
pub async fn add_work(tx: &mut PgConnection, new: &NewWork) -> anyhow::Result<bool> {
    let added = sqlx::query!(
        "/* add_unit_work */
        insert into unit_works (submission, contest, unit, row_hmac, key_id, nonce, ciphertext)
        values ($1, $2, $3, $4, $5, $6, $7) on conflict (contest, unit, row_hmac) do nothing",
        new.submission.0,
        new.of.contest.as_str(),
        new.of.unit.as_str(),
        new.row_hmac.as_slice(),
        new.secret.key_id,
        new.secret.nonce,
        new.secret.ciphertext,
    )
    .execute(tx)
    .await
    .context("remember a work of a unit")?;
    Ok(added.rows_affected() == 1)
}
