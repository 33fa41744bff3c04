//! Holds the mezzanine of a work, so that it is not deleted.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::store::Store;
use crate::store::people::audit::{self, Act};
use crate::store::submissions::history::{self, By};

impl Store {
    /// Since when and why the mezzanine is held.
    pub async fn held(&self, id: SubmissionId) -> anyhow::Result<Option<(DateTime<Utc>, String)>> {
        held(&mut *self.pool().acquire().await.context("connect")?, id).await
    }
}

/// Since when and why the mezzanine is held, within the transaction of an act.
pub async fn held(connection: &mut PgConnection, id: SubmissionId) -> anyhow::Result<Option<(DateTime<Utc>, String)>> {
    let row = sqlx::query!("/* held */ select held_at, held_reason from submissions where id = $1", id.0)
        .fetch_optional(connection)
        .await
        .context("ask whether a mezzanine is held")?;
    Ok(row.and_then(|row| Some((row.held_at?, row.held_reason.unwrap_or_default()))))
}

/// Holds the mezzanine for this reason, or ends the hold (`None`).
pub async fn hold_mezzanine(
    tx: &mut PgConnection,
    id: SubmissionId,
    reason: Option<&str>,
    by: &By,
) -> anyhow::Result<()> {
    match reason {
        Some(reason) => hold(tx, id, reason).await?,
        None => let_go(tx, id).await?,
    }
    let what = if reason.is_some() { "held" } else { "let_go" };
    let detail = json!({ "reason": reason });
    history::add(tx, id, by, what, &detail).await?;
    let act = Act { act: what, submission: Some(id), partner: None, before: Value::Null, after: detail };
    audit::add(tx, by, &act).await
}

async fn let_go(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<()> {
    sqlx::query!(
        "/* let_mezzanine_go */ update submissions set held_at = null, held_reason = null where id = $1",
        id.0
    )
    .execute(tx)
    .await
    .context("let a mezzanine go")?;
    Ok(())
}

pub(super) async fn hold(tx: &mut PgConnection, id: SubmissionId, reason: &str) -> anyhow::Result<()> {
    sqlx::query!(
        "/* hold_mezzanine */
        update submissions set held_at = clock_timestamp(), held_reason = $2 where id = $1 and held_at is null",
        id.0,
        reason,
    )
    .execute(tx)
    .await
    .context("hold a mezzanine")?;
    Ok(())
}
