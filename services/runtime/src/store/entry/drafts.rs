//! Entry forms that were started in a browser and not sent yet. Their answers are personal data and are encrypted
//! before they reach this file.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{ContestId, SubmissionId};
use sqlx::PgConnection;

use crate::seal::Sealed;
use crate::store::Store;
use crate::store::files::retention::Amount;

/// Drafts that are deleted with one statement.
const AT_ONCE: i64 = 1_000;

/// A form that was started.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The id that the submission will have.
    pub id: SubmissionId,
    /// The contest of the form.
    pub contest: ContestId,
    /// SHA-256 of the token that its browser holds.
    pub token_sha256: Vec<u8>,
    /// Its answers, encrypted.
    pub answers: Sealed,
}

impl Store {
    /// Stores a draft, new or changed. `false` if the id belongs to another token, or another contest: nothing was
    /// changed.
    pub async fn keep_draft(&self, draft: &Draft) -> anyhow::Result<bool> {
        let Sealed { key_id, nonce, ciphertext } = &draft.answers;
        let kept = sqlx::query!(
            "/* keep_draft */
            insert into drafts (id, contest, token_sha256, key_id, nonce, ciphertext) values ($1, $2, $3, $4, $5, $6)
            on conflict (id) do update
                set key_id = excluded.key_id, nonce = excluded.nonce, ciphertext = excluded.ciphertext, updated_at = clock_timestamp()
                where drafts.token_sha256 = excluded.token_sha256 and drafts.contest = excluded.contest",
            draft.id.0,
            draft.contest.as_str(),
            draft.token_sha256,
            key_id,
            nonce,
            ciphertext,
        )
        .execute(self.pool())
        .await
        .context("keep a draft")?;
        Ok(kept.rows_affected() > 0)
    }

    /// A draft; `None` if there is none with this id.
    pub async fn draft(&self, id: SubmissionId) -> anyhow::Result<Option<Draft>> {
        let row = sqlx::query!(
            "/* draft */ select contest, token_sha256, key_id, nonce, ciphertext from drafts where id = $1",
            id.0
        )
        .fetch_optional(self.pool())
        .await
        .context("load a draft")?;
        Ok(row.map(|row| Draft {
            id,
            contest: ContestId::new(row.contest),
            token_sha256: row.token_sha256,
            answers: Sealed { key_id: row.key_id, nonce: row.nonce, ciphertext: row.ciphertext },
        }))
    }

    /// Whether there are this many drafts or more.
    pub async fn has_drafts(&self, most: u32) -> anyhow::Result<bool> {
        let count = sqlx::query_scalar!(
            r#"/* count_drafts */ select count(*) as "count!" from (select from drafts limit $1) as counted"#,
            i64::from(most)
        )
        .fetch_one(self.pool())
        .await
        .context("count drafts")?;
        Ok(count >= i64::from(most))
    }

    /// How many drafts were not changed since `before`.
    pub async fn old_drafts(&self, before: DateTime<Utc>) -> anyhow::Result<Amount> {
        let count = sqlx::query_scalar!(
            r#"/* old_drafts */ select count(*) as "count!" from drafts where updated_at < $1"#,
            before
        )
        .fetch_one(self.pool())
        .await
        .context("look for expired drafts")?;
        Ok(Amount { count: count.max(0) as u64, bytes: 0 })
    }

    /// Deletes some of them. Returns how many.
    pub async fn forget_drafts(&self, before: DateTime<Utc>) -> anyhow::Result<u64> {
        let forgotten = sqlx::query!(
            "/* forget_drafts */
            delete from drafts where id = any(array(
                select id from drafts where updated_at < $1 order by updated_at limit $2))",
            before,
            AT_ONCE,
        )
        .execute(self.pool())
        .await
        .context("forget drafts")?;
        Ok(forgotten.rows_affected())
    }
}

/// Deletes a draft that became a submission, within the caller's transaction.
pub async fn forget(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<()> {
    sqlx::query!("/* forget_draft */ delete from drafts where id = $1", id.0)
        .execute(tx)
        .await
        .context("forget a draft")?;
    Ok(())
}
