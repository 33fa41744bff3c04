//! Texts that an organiser wrote for one partner.
use std::collections::BTreeMap;

use anyhow::Context;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::preflight::Texts;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};

use super::part::wake;
use crate::store::people::audit::{self, Act};
use crate::store::submissions::history::{self, By};

/// Texts that were written for partners of a submission, by partner; also before it is released to them.
pub async fn texts(
    executor: impl PgExecutor<'_>,
    submission: SubmissionId,
) -> anyhow::Result<BTreeMap<PartnerId, Texts>> {
    let rows = sqlx::query!(
        r#"/* partner_texts */ select partner, texts as "texts: Json<Texts>" from partner_texts where submission = $1"#,
        submission.0,
    )
    .fetch_all(executor)
    .await
    .context("load the texts for partners")?;
    Ok(rows.into_iter().map(|row| (PartnerId::new(row.partner), row.texts.0)).collect())
}

/// Stores an organiser's title, text and tags for one partner, within the caller's transaction, and wakes a waiting
/// delivery.
pub async fn set_texts(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
    texts: &Texts,
    by: &By,
) -> anyhow::Result<()> {
    let before = self::texts(&mut *tx, submission).await?.remove(partner);
    sqlx::query!(
        "/* set_texts */
        insert into partner_texts (submission, partner, texts) values ($1, $2, $3)
        on conflict (submission, partner) do update set texts = excluded.texts, updated_at = clock_timestamp()",
        submission.0,
        partner.as_str(),
        Json(texts) as _,
    )
    .execute(&mut *tx)
    .await
    .context("store a partner's texts")?;
    wake(tx, submission, partner).await?;
    let after = serde_json::to_value(texts)?;
    let detail = serde_json::json!({ "partner": partner, "texts": after });
    history::add(tx, submission, by, "texts_set", &detail).await?;
    let before = serde_json::to_value(before)?;
    let act = Act { act: "texts_set", submission: Some(submission), partner: Some(partner), before, after };
    audit::add(tx, by, &act).await
}
