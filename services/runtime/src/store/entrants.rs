//! Personal data, encrypted before it reaches this file. Only this table has any, except for the names of files in
//! `uploads`, which are deleted with it.
use std::collections::BTreeMap;

use anyhow::Context;
use pipeline::id::SubmissionId;
use pipeline::submission::Event;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::audit::{self, Act};
use super::history::{self, By};
use super::submissions::{self, Applied, NewSubmission};
use super::{Policy, Store, units};
use crate::seal::Sealed;

/// The entrant: personal data. Stored encrypted; shown only to organisers, and each look is recorded in the audit
/// trail.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Entrant {
    /// Name of the person or organisation.
    pub name: String,
    /// Organisation that the person belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// How to reach them; at least one of the two.
    pub contact: Contact,
    /// Answers to the questions that only this contest asks, by the ids of its fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, String>,
}

/// How to reach an entrant.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// Telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl Store {
    /// Stores a new submission together with its entrant's encrypted data.
    pub async fn enter(&self, new: &NewSubmission, entrant: &Sealed) -> anyhow::Result<bool> {
        self.transaction("enter", |tx, _| Box::pin(async move { enter(tx, new, entrant).await })).await
    }

    /// The encrypted personal data of a submission; `None` once it was withdrawn.
    pub async fn entrant(&self, submission: SubmissionId) -> anyhow::Result<Option<Sealed>> {
        sqlx::query_as!(
            Sealed,
            "/* entrant */ select key_id, nonce, ciphertext from entrants where submission = $1",
            submission.0,
        )
        .fetch_optional(self.pool())
        .await
        .context("load the entrant")
    }

    /// Withdraws a submission at its entrant's request and deletes the entrant's data.
    pub async fn withdraw(&self, submission: SubmissionId) -> anyhow::Result<Applied> {
        self.transaction("withdraw", |tx, _| {
            Box::pin(async move { withdraw(tx, self.policy(), submission, &By::ENTRANT).await })
        })
        .await
    }
}

/// Stores a new submission together with its entrant's encrypted data, within the caller's transaction. `false` if one
/// with this id exists already: nothing is stored.
pub async fn enter(tx: &mut PgConnection, new: &NewSubmission, entrant: &Sealed) -> anyhow::Result<bool> {
    let created = submissions::create(tx, new).await?;
    if created {
        put(tx, new.id, entrant).await?;
    }
    Ok(created)
}

/// Withdraws a submission and deletes the entrant's data, within the caller's transaction.
pub async fn withdraw(
    tx: &mut PgConnection,
    policy: &Policy,
    submission: SubmissionId,
    by: &By,
) -> anyhow::Result<Applied> {
    let applied = submissions::apply(tx, policy, submission, &Event::Withdrawn, by).await?;
    if applied.changed {
        forget(tx, submission).await?;
    }
    Ok(applied)
}

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

async fn put(tx: &mut PgConnection, submission: SubmissionId, sealed: &Sealed) -> anyhow::Result<()> {
    sqlx::query!(
        "/* put_entrant */
        insert into entrants (submission, key_id, nonce, ciphertext) values ($1, $2, $3, $4)
        on conflict (submission) do update
            set key_id = excluded.key_id, nonce = excluded.nonce, ciphertext = excluded.ciphertext",
        submission.0,
        sealed.key_id,
        sealed.nonce,
        sealed.ciphertext,
    )
    .execute(tx)
    .await
    .context("store the entrant")?;
    Ok(())
}

/// Deletes what is known about the entrant of a work, including the names of their files and what a unit keeps of it.
/// Returns whether there was anything.
pub(super) async fn forget(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<bool> {
    let entrant = sqlx::query!("/* forget_entrant */ delete from entrants where submission = $1", submission.0)
        .execute(&mut *tx)
        .await
        .context("forget the entrant")?;
    let names = sqlx::query!(
        "/* forget_file_names */
        update uploads set filename = null, metadata = ''
        where submission = $1 and (filename is not null or metadata <> '')",
        submission.0,
    )
    .execute(&mut *tx)
    .await
    .context("forget the names of the entrant's files")?;
    units::forget(tx, submission).await?;
    Ok(entrant.rows_affected() + names.rows_affected() > 0)
}
