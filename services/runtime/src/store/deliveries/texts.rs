//! What organisers write beside a work at one partner, where it differs from the entry.
use anyhow::Context;
use pipeline::id::{PartnerId, SubmissionId};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::{locked, wake};
use crate::store::audit::{self, Act};
use crate::store::history::{self, By};

/// What is written beside a work at a partner. What is absent is as the entry has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Texts {
    /// Title.
    pub title: Option<String>,
    /// Description.
    pub text: Option<String>,
    /// Tags.
    pub tags: Option<Vec<String>>,
}

/// An organiser's title, text and tags for one partner, within the caller's transaction; absent ones are as the entry has them.
pub async fn set_texts(
    tx: &mut PgConnection,
    submission: SubmissionId,
    partner: &PartnerId,
    texts: &Texts,
    by: &By,
) -> anyhow::Result<()> {
    locked(tx, submission, partner).await?;
    let before = sqlx::query_scalar!(
        r#"/* texts */ select texts as "texts: Json<Texts>" from deliveries where submission = $1 and partner = $2"#,
        submission.0,
        partner.as_str(),
    )
    .fetch_one(&mut *tx)
    .await
    .context("load a partner's texts")?;
    sqlx::query!(
        "/* set_texts */ update deliveries set texts = $3 where submission = $1 and partner = $2",
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
    let before = serde_json::to_value(before.map(|texts| texts.0))?;
    let act = Act { act: "texts_set", submission: Some(submission), partner: Some(partner), before, after };
    audit::add(tx, by, &act).await
}
