//! The encrypted personal data of a work: stored when it is entered, deleted when it is withdrawn.
use anyhow::Context;
use pipeline::id::SubmissionId;
use pipeline::submission::Event;
use sqlx::PgConnection;

use crate::seal::Sealed;
use crate::store::entry::units;
use crate::store::submissions::history::By;
use crate::store::submissions::{self, Applied, NewSubmission};
use crate::store::{Policy, Store};

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

/// Stores the encrypted personal data of a work.
pub(super) async fn put(tx: &mut PgConnection, submission: SubmissionId, sealed: &Sealed) -> anyhow::Result<()> {
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
pub(in crate::store) async fn forget(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<bool> {
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
