//! New links to entries that were requested by mail: they wait to be sent, and then to be used. The mail's address is
//! not stored here; it is read from the entrant's encrypted data when the mail is sent.
use std::time::Duration;

use anyhow::Context;
use pipeline::id::SubmissionId;
use sqlx::PgConnection;

use crate::seal::Sealed;
use crate::store::Store;

/// How long a link can be used.
const USABLE: Duration = Duration::from_secs(24 * 3600);
/// The most mails of one entry within that time, so that people who know a number and an address cannot flood a
/// mailbox.
const OF_ONE_ENTRY: i64 = 3;
/// How often a mail is tried, within about an hour: each wait is twice the one before.
const TRIES: i32 = 6;
/// The wait after the first attempt. If a process dies while sending, another one sends the mail after it.
const FIRST_WAIT: Duration = Duration::from_secs(120);

/// A requested link.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// The entry.
    pub submission: SubmissionId,
    /// SHA-256 of its new key.
    pub token_sha256: Vec<u8>,
    /// The new key, encrypted.
    pub token: Sealed,
    /// `zh` or `en`.
    pub lang: &'static str,
}

/// A due mail.
#[derive(Clone, Debug)]
pub struct DueLink {
    /// The row.
    pub id: i64,
    /// The entry.
    pub submission: SubmissionId,
    /// The new key, encrypted.
    pub token: Sealed,
    /// `zh` or `en`.
    pub lang: String,
}

impl Store {
    /// Stores a link to be sent. `false` if the entry has reached its mails for a day: nothing was stored.
    pub async fn ask_for_link(&self, new: &NewLink) -> anyhow::Result<bool> {
        let Sealed { key_id, nonce, ciphertext } = &new.token;
        let kept = sqlx::query!(
            "/* ask_for_link */
            insert into link_mails (submission, token_sha256, key_id, nonce, ciphertext, lang, due_at, expires_at)
            select $1::uuid, $2::bytea, $3::text, $4::bytea, $5::bytea, $6::text, clock_timestamp(), clock_timestamp() + make_interval(secs => $7)
            where (select count(*) from link_mails where submission = $1 and expires_at > clock_timestamp()) < $8",
            new.submission.0,
            new.token_sha256,
            key_id,
            nonce,
            ciphertext,
            new.lang,
            USABLE.as_secs_f64(),
            OF_ONE_ENTRY,
        )
        .execute(self.pool())
        .await
        .context("keep a link to be sent")?;
        Ok(kept.rows_affected() > 0)
    }

    /// Takes a due mail. It is due again after a while, unless [`Store::link_is_done`] is called or it was tried often
    /// enough.
    pub async fn due_link(&self) -> anyhow::Result<Option<DueLink>> {
        let row = sqlx::query!(
            r#"/* due_link */
            update link_mails set tries = tries + 1,
                due_at = case when tries + 1 < $1 then clock_timestamp() + make_interval(secs => $2 * 2 ^ tries) end
            where id = (
                select id from link_mails
                where due_at <= statement_timestamp() and expires_at > clock_timestamp() and ciphertext is not null
                order by due_at limit 1 for update skip locked)
            returning id, submission, lang, key_id as "key_id!", nonce as "nonce!", ciphertext as "ciphertext!""#,
            TRIES,
            FIRST_WAIT.as_secs_f64(),
        )
        .fetch_optional(self.pool())
        .await
        .context("look for mails to send")?;
        Ok(row.map(|row| DueLink {
            id: row.id,
            submission: SubmissionId(row.submission),
            token: Sealed { key_id: row.key_id, nonce: row.nonce, ciphertext: row.ciphertext },
            lang: row.lang,
        }))
    }

    /// A mail was sent, or can never be sent: it is not tried again, and only the addressee knows its key.
    pub async fn link_is_done(&self, id: i64) -> anyhow::Result<()> {
        sqlx::query!(
            "/* link_is_done */
            update link_mails set due_at = null, key_id = null, nonce = null, ciphertext = null where id = $1",
            id
        )
        .execute(self.pool())
        .await
        .context("note that a mail was sent")?;
        Ok(())
    }

    /// Deletes links that can no longer be used. Returns how many.
    pub async fn forget_links(&self) -> anyhow::Result<u64> {
        let gone = sqlx::query!("/* forget_links */ delete from link_mails where expires_at <= statement_timestamp()")
            .execute(self.pool())
            .await
            .context("forget old links")?;
        Ok(gone.rows_affected())
    }
}

/// Takes a mailed link that waits to be used, and ends the others of the entry. `false` if there is none with this
/// digest.
pub async fn take(tx: &mut PgConnection, submission: SubmissionId, token_sha256: &[u8]) -> anyhow::Result<bool> {
    let taken = sqlx::query!(
        "/* take_link */
        delete from link_mails where submission = $1 and token_sha256 = $2 and expires_at > clock_timestamp()",
        submission.0,
        token_sha256,
    )
    .execute(&mut *tx)
    .await
    .context("take a mailed link")?;
    if taken.rows_affected() == 0 {
        return Ok(false);
    }
    end(tx, submission).await?;
    Ok(true)
}

/// Ends the mailed links of an entry that were not used.
pub async fn end(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<()> {
    // They stay as unusable rows, because they count among the mails of the entry.
    sqlx::query!(
        "/* end_links */
        update link_mails set token_sha256 = sha256(token_sha256), due_at = null, key_id = null, nonce = null, ciphertext = null
        where submission = $1",
        submission.0,
    )
    .execute(tx)
    .await
    .context("end the other mailed links")?;
    Ok(())
}
