//! Cure windows that the organisers open for one work. They end at their time without any act.
use anyhow::Context;
use pipeline::id::SubmissionId;
use pipeline::replacing::Cure;
use serde_json::json;
use sqlx::PgConnection;

use super::history::{self, By};
use crate::store::people::audit::{self, Act};

/// Opens the window, moves its end, or closes it (`None`). `before` is its former state.
pub async fn set_cure(
    tx: &mut PgConnection,
    id: SubmissionId,
    before: Option<&Cure>,
    cure: Option<&Cure>,
    by: &By,
) -> anyhow::Result<()> {
    sqlx::query!(
        "/* set_cure */
        update submissions set cure_until = $2, cure_reason = $3, updated_at = clock_timestamp() where id = $1",
        id.0,
        cure.map(|it| it.until),
        cure.map(|it| it.reason.as_str()),
    )
    .execute(&mut *tx)
    .await
    .context("set a cure")?;
    let what = if cure.is_some() { "cure_opened" } else { "cure_closed" };
    let detail = json!({ "until": cure.map(|it| it.until), "words": cure.map(|it| it.reason.as_str()) });
    history::add(tx, id, by, what, &detail).await?;
    let before = json!({ "until": before.map(|it| it.until) });
    audit::add(tx, by, &Act { act: what, submission: Some(id), partner: None, before, after: detail }).await
}
