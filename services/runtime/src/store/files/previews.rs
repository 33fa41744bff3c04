//! What organisers look at before they decide: one preview for each work, from its last probe that made one.
use anyhow::Context;
use pipeline::id::SubmissionId;
use pipeline::object_key::ObjectKey;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::garbage;
use crate::store::{Policy, Store};
use crate::stored::StoredPreview;

impl Store {
    /// A work's preview; `None` if none was made or the work's data has been deleted.
    pub async fn preview(&self, submission: SubmissionId) -> anyhow::Result<Option<StoredPreview>> {
        let row = sqlx::query!(
            r#"/* preview */ select files as "files: Json<StoredPreview>" from previews where submission = $1"#,
            submission.0,
        )
        .fetch_optional(self.pool())
        .await
        .with_context(|| format!("load the preview of {submission}"))?;
        Ok(row.map(|row| row.files.0))
    }
}

/// Stores what a run's probe made, in place of an earlier run's preview.
pub(in crate::store) async fn keep(
    tx: &mut PgConnection,
    policy: &Policy,
    submission: SubmissionId,
    run: u32,
    made: &StoredPreview,
) -> anyhow::Result<()> {
    let before = sqlx::query_scalar!("/* preview_run */ select run from previews where submission = $1", submission.0)
        .fetch_optional(&mut *tx)
        .await
        .context("ask for a preview's run")?;
    sqlx::query!(
        "/* keep_preview */
        insert into previews (submission, run, files) values ($1, $2, $3)
        on conflict (submission) do update set run = $2, files = $3, created_at = clock_timestamp()",
        submission.0,
        run as i32,
        Json(made) as _,
    )
    .execute(&mut *tx)
    .await
    .context("keep the preview")?;
    match before.filter(|before| *before != run as i32) {
        Some(before) => garbage::add(tx, policy, &ObjectKey::preview_prefix(submission, before as u32), &[]).await,
        None => Ok(()),
    }
}

/// Deletes a work's preview row. The garbage sweep deletes the objects.
pub(in crate::store) async fn forget(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<()> {
    sqlx::query!("/* forget_preview */ delete from previews where submission = $1", submission.0)
        .execute(tx)
        .await
        .context("forget the preview")?;
    Ok(())
}

/// Removes the preview of a film that the work no longer has.
pub(in crate::store) async fn give_up(
    tx: &mut PgConnection,
    policy: &Policy,
    submission: SubmissionId,
) -> anyhow::Result<()> {
    let run = sqlx::query_scalar!(
        "/* give_up_preview */ delete from previews where submission = $1 returning run",
        submission.0,
    )
    .fetch_optional(&mut *tx)
    .await
    .context("give up the preview")?;
    match run {
        Some(run) => garbage::add(tx, policy, &ObjectKey::preview_prefix(submission, run as u32), &[]).await,
        None => Ok(()),
    }
}

/// Keys of the objects of a run's preview, if it is the current one.
pub(in crate::store) async fn keys(
    tx: &mut PgConnection,
    submission: SubmissionId,
    run: u32,
) -> anyhow::Result<Vec<String>> {
    let row = sqlx::query!(
        r#"/* preview_keys */
        select files as "files: Json<StoredPreview>" from previews where submission = $1 and run = $2"#,
        submission.0,
        run as i32,
    )
    .fetch_optional(tx)
    .await
    .context("load a preview's keys")?;
    Ok(row.map_or_else(Vec::new, |row| row.files.0.files().map(|file| file.key.clone()).into()))
}
