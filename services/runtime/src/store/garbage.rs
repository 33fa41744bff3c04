//! Objects that are no longer needed: recorded when that becomes true, swept once no process can still be writing
//! there.
use anyhow::Context;
use pipeline::id::{SubmissionId, UploadId};
use pipeline::object_key::ObjectKey;
use pipeline::stage::Stage;
use pipeline::submission::{State, Submission};
use sqlx::PgConnection;

use super::{Policy, Store, previews, renditions, reuse};
use crate::objects::Objects;

/// Objects to delete.
#[derive(Clone, Debug)]
pub struct Garbage {
    /// The row.
    pub id: i64,
    /// All objects under this prefix …
    pub prefix: String,
    /// … except these keys.
    pub keep: Vec<String>,
    /// `prefix` is the complete key of the one object to delete.
    pub single: bool,
}

/// While a sweeper works on a row, others leave it alone for this long, in seconds; if the sweeper dies, the row
/// becomes due again.
const SWEEP_LEASE_S: f64 = 600.0;

impl Store {
    /// Due rows, taken by this caller for a while.
    pub async fn take_garbage(&self, limit: i64) -> anyhow::Result<Vec<Garbage>> {
        sqlx::query_as!(
            Garbage,
            "/* take_garbage */
            update garbage set due = clock_timestamp() + make_interval(secs => $2) where id = any(array(
                select id from garbage where due <= statement_timestamp() order by due limit $1 for update skip locked
            )) returning id, prefix, keep, single",
            limit,
            SWEEP_LEASE_S,
        )
        .fetch_all(self.pool())
        .await
        .context("read what is to be swept")
    }

    /// Deletes the one object of a row and then the row; returns whether it did. The row is locked meanwhile and
    /// checked again, so that [`Store::spare_object`] either comes before, and the object stays, or waits until it is
    /// deleted.
    pub async fn sweep_single(&self, garbage: &Garbage, objects: &Objects) -> anyhow::Result<bool> {
        anyhow::ensure!(garbage.single, "{} is no single object", garbage.prefix);
        self.quiet_transaction("sweep_single", |tx, _| {
            Box::pin(async move {
                let row = sqlx::query_scalar!(
                    "/* lock_garbage */ select id from garbage where id = $1 for update",
                    garbage.id
                );
                let row = row.fetch_optional(&mut *tx).await.context("lock what is to be swept")?;
                if row.is_none() {
                    return Ok(false);
                }
                objects.delete(&garbage.prefix).await.with_context(|| format!("delete {}", garbage.prefix))?;
                sqlx::query!("/* forget_single */ delete from garbage where id = $1", garbage.id)
                    .execute(tx)
                    .await
                    .context("forget what was swept")?;
                Ok(true)
            })
        })
        .await
    }

    /// Call this before an object is stored under a key that may have been used before: it is not garbage from now on.
    /// Waits for a sweeper that is just deleting it.
    pub async fn spare_object(&self, key: &str) -> anyhow::Result<()> {
        sqlx::query!("/* spare_object */ delete from garbage where single and prefix = $1", key)
            .execute(self.pool())
            .await
            .with_context(|| format!("spare {key}"))?;
        Ok(())
    }

    /// Deletes a row whose objects are gone.
    pub async fn forget_garbage(&self, id: i64) -> anyhow::Result<()> {
        sqlx::query!("/* forget_garbage */ delete from garbage where id = $1", id)
            .execute(self.pool())
            .await
            .context("forget what was swept")?;
        Ok(())
    }
}

/// Records that everything under `prefix` except `keep` can be deleted after the policy's delay.
pub async fn add(tx: &mut PgConnection, policy: &Policy, prefix: &str, keep: &[String]) -> anyhow::Result<()> {
    add_all(tx, policy, &[(prefix.to_owned(), keep)]).await
}

/// Records the same for many prefixes.
async fn add_all(tx: &mut PgConnection, policy: &Policy, unneeded: &[(String, &[String])]) -> anyhow::Result<()> {
    for (prefix, _) in unneeded {
        // An empty prefix would be the whole bucket, and one without a slash could match another id.
        anyhow::ensure!(prefix.len() > 1 && prefix.ends_with('/'), "refusing to sweep the prefix {prefix:?}");
    }
    let prefixes: Vec<String> = unneeded.iter().map(|(prefix, _)| prefix.clone()).collect();
    // `unnest` accepts no arrays of arrays of different lengths.
    let keep: Vec<serde_json::Value> = unneeded.iter().map(|(_, keep)| (*keep).into()).collect();
    sqlx::query!(
        "/* add_garbage */
        insert into garbage (prefix, keep, due)
        select prefix, array(select jsonb_array_elements_text(keep)), clock_timestamp() + make_interval(secs => $3)
        from unnest($1::text[], $2::jsonb[]) as unneeded (prefix, keep)",
        &prefixes,
        &keep,
        policy.garbage_delay.as_secs_f64(),
    )
    .execute(tx)
    .await
    .context("note garbage")?;
    Ok(())
}

/// A submission moved from `before` to `after`: puts finished renditions in force and records what is no longer needed.
pub(super) async fn after_move(
    tx: &mut PgConnection,
    policy: &Policy,
    id: SubmissionId,
    upload: Option<UploadId>,
    before: &Submission,
    after: &Submission,
) -> anyhow::Result<()> {
    let run = before.run;
    match &after.state {
        // Withdrawn by the entrant: everything of theirs is deleted.
        State::Withdrawn => {
            // Except what an organiser holds.
            let held = sqlx::query_scalar!(
                r#"/* is_held */ select held_at is not null as "held!" from submissions where id = $1"#,
                id.0
            )
            .fetch_one(&mut *tx)
            .await
            .context("ask whether a mezzanine is held")?;
            let uploaded = upload.filter(|_| !held).map(ObjectKey::upload_prefix);
            let prefixes = ObjectKey::submission_prefixes(id).into_iter().chain(uploaded);
            add_all(tx, policy, &prefixes.map(|prefix| (prefix, &[][..])).collect::<Vec<_>>()).await?;
            return previews::forget(tx, id).await;
        }
        State::Revoked | State::Rejected { .. } => {}
        _ if after.run != run => {}
        _ if is_at(before, Stage::Assemble) => renditions::put_in_force(tx, id, run).await?,
        _ => return Ok(()),
    }
    // The run's work has ended, with success or without. Its renditions stay if they are in force, which is not the
    // case if it ended early.
    renditions::forget_unused(tx, id, run).await?;
    reuse::forget(tx, id, run).await?;
    let keep = renditions::keys(tx, id, run).await?;
    let seen = previews::keys(tx, id, run).await?;
    let mut unneeded =
        vec![(ObjectKey::work_prefix(id, run), &[][..]), (ObjectKey::preview_prefix(id, run), &seen[..])];
    for name in &before.work.renditions {
        unneeded.push((ObjectKey::rendition_prefix(id, run, name), &keep[..]));
    }
    add_all(tx, policy, &unneeded).await
}

fn is_at(submission: &Submission, wanted: Stage) -> bool {
    matches!(&submission.state, State::At { stage, .. } if *stage == wanted)
}
