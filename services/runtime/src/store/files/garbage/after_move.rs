//! What a submission no longer needs once it moved.
use anyhow::Context;
use pipeline::id::{SubmissionId, UploadId};
use pipeline::object_key::ObjectKey;
use pipeline::stage::Stage;
use pipeline::submission::{State, Submission};
use sqlx::PgConnection;

use super::add::add_all;
use crate::store::Policy;
use crate::store::files::{previews, renditions, reuse};

/// A submission moved from `before` to `after`: puts finished renditions in force and records what is no longer needed.
pub(in crate::store) async fn after_move(
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
        // Its renditions stay if they are in force, which is not the case if the run ended early.
        State::Revoked | State::Rejected { .. } => renditions::forget_unused(tx, id, run).await?,
        _ if after.run != run => renditions::forget_unused(tx, id, run).await?,
        // With all of them in force, none is unused.
        _ if is_at(before, Stage::Assemble) => renditions::put_in_force(tx, id, run).await?,
        _ => return Ok(()),
    }
    // The run's work has ended, with success or without.
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
