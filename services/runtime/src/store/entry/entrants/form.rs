//! The form of a work as it is stored, and its correction.
use anyhow::Context;
use pipeline::id::SubmissionId;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::keep::put;
use crate::seal::Sealed;
use crate::store::people::audit::{self, Act};
use crate::store::submissions::history::{self, By};

/// The parts of the form in a work's row, without personal data.
#[derive(Clone, Debug, PartialEq)]
pub struct Texts {
    /// Title.
    pub title: String,
    /// Theme.
    pub theme: String,
    /// Synopsis.
    pub synopsis: String,
    /// The organisation that recommends the work.
    pub recommending_unit: String,
    /// Declarations.
    pub declarations: Value,
}

/// A form as it is stored.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The unencrypted part.
    pub texts: Texts,
    /// The encrypted part; `None` once it was deleted.
    pub entrant: Option<Sealed>,
}

/// The form of a work, within the caller's transaction, which holds the lock of the work.
pub async fn stored(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<Stored> {
    let texts = sqlx::query_as!(
        Texts,
        "/* form_texts */
        select title, theme, synopsis, recommending_unit, declarations from submissions where id = $1",
        submission.0,
    )
    .fetch_one(&mut *tx)
    .await
    .context("load the texts of a form")?;
    let entrant = sqlx::query_as!(
        Sealed,
        "/* form_entrant */ select key_id, nonce, ciphertext from entrants where submission = $1",
        submission.0,
    )
    .fetch_optional(tx)
    .await
    .context("load the entrant of a form")?;
    Ok(Stored { texts, entrant })
}

/// Stores a corrected form. `fields` names what changed; history and trail keep the former texts, but no personal data.
pub async fn correct(
    tx: &mut PgConnection,
    submission: SubmissionId,
    (before, texts): (&Texts, &Texts),
    entrant: &Sealed,
    fields: &[&str],
    by: &By,
) -> anyhow::Result<()> {
    sqlx::query!(
        "/* correct_form */
        update submissions set title = $2, theme = $3, synopsis = $4, recommending_unit = $5, declarations = $6,
            updated_at = clock_timestamp()
        where id = $1",
        submission.0,
        texts.title,
        texts.theme,
        texts.synopsis,
        texts.recommending_unit,
        texts.declarations,
    )
    .execute(&mut *tx)
    .await
    .context("correct a form")?;
    put(tx, submission, entrant).await?;
    let known = |texts: &Texts| {
        let Texts { title, theme, synopsis, recommending_unit, declarations: _ } = texts;
        let all =
            [("title", title), ("theme", theme), ("synopsis", synopsis), ("recommending_unit", recommending_unit)];
        let changed = all.into_iter().filter(|(name, _)| fields.contains(name));
        changed.map(|(name, text)| (name.to_owned(), text.as_str().into())).collect::<serde_json::Map<_, _>>()
    };
    let (before, after) = (json!({ "texts": known(before) }), json!({ "fields": fields, "texts": known(texts) }));
    history::add(tx, submission, by, "corrected", &json!({ "fields": fields, "before": before["texts"] })).await?;
    audit::add(tx, by, &Act { act: "corrected", submission: Some(submission), partner: None, before, after }).await
}
