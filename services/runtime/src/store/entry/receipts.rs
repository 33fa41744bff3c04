//! Entries by the number of their receipt, and the key that opens an entry.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use pipeline::receipt::Receipt;
use serde_json::json;
use sqlx::PgConnection;

use crate::store::Store;
use crate::store::people::audit::{self, Act};
use crate::store::submissions::SubmissionRow;
use crate::store::submissions::history::{self, By};

impl Store {
    /// The submission with this receipt number; `None` if there is no such number.
    pub async fn submission_of_receipt(&self, receipt: &Receipt) -> anyhow::Result<Option<SubmissionRow>> {
        let id =
            sqlx::query_scalar!("/* id_of_receipt */ select id from submissions where receipt = $1", receipt.as_str())
                .fetch_optional(self.pool())
                .await
                .context("look for a receipt")?;
        match id {
            Some(id) => self.submission(SubmissionId(id)).await,
            None => Ok(None),
        }
    }

    /// Gives an entry of an earlier release this number, unless it has one. Returns the number that it has.
    pub async fn give_receipt(&self, id: SubmissionId, receipt: &Receipt) -> anyhow::Result<Receipt> {
        let given = sqlx::query_scalar!(
            r#"/* give_receipt */
            update submissions set receipt = coalesce(receipt, $2) where id = $1 returning receipt as "receipt!""#,
            id.0,
            receipt.as_str(),
        )
        .fetch_one(self.pool())
        .await
        .context("number a receipt")?;
        given.parse().with_context(|| format!("read the receipt's number {given:?}"))
    }

    /// When the upload of the stored film started; `None` before the first byte.
    pub async fn upload_began(&self, id: SubmissionId) -> anyhow::Result<Option<DateTime<Utc>>> {
        sqlx::query_scalar!(
            r#"/* upload_began */
            select min(created_at) from uploads
            where submission = $1 and "offset" > 0 and state in ('open', 'assembling', 'finished')"#,
            id.0,
        )
        .fetch_one(self.pool())
        .await
        .context("look for the first byte")
    }
}

/// Replaces the key that opens an entry, or ends it (`None`): digests of the old and the new one. `false` if `old` is
/// no longer the key: nothing was changed.
pub async fn change_key(
    tx: &mut PgConnection,
    id: SubmissionId,
    old: &[u8],
    new: Option<&[u8]>,
    by: &By,
) -> anyhow::Result<bool> {
    let changed = sqlx::query!(
        "/* change_key */ update submissions set token_sha256 = $3, updated_at = now() where id = $1 and token_sha256 = $2",
        id.0,
        old,
        // No digest is empty, so no key opens the entry.
        new.unwrap_or_default(),
    )
    .execute(&mut *tx)
    .await
    .context("change the key of an entry")?;
    if changed.rows_affected() == 0 {
        return Ok(false);
    }
    let act = if new.is_some() { "key_replaced" } else { "key_revoked" };
    history::add(tx, id, by, act, &json!({})).await?;
    audit::add(tx, by, &Act { act, submission: Some(id), partner: None, before: json!({}), after: json!({}) }).await?;
    Ok(true)
}
