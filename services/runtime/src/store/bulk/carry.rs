//! Releases or recalls one work of a job when its turn comes: the same act as for a single work, decided again under
//! the work's lock. A work that the act refuses is skipped with the act's code.
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{PartnerId, SubmissionId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::ask::Ask;
use super::items::skip;
use super::turn::{Tried, Turn};
use crate::store::Policy;
use crate::store::partners::orders;
use crate::store::partners::recalls::RecallTerms;
use crate::store::submissions::{self, history};

/// Releases or recalls the work, or records why it did not.
pub(super) async fn carry_out(
    tx: &mut PgConnection,
    policy: &Policy,
    turn: &Turn<'_>,
    ask: &Ask,
) -> anyhow::Result<Tried> {
    let Turn { job, submission, state, by } = *turn;
    let refused = match ask {
        Ask::Release { partners, at } => release(tx, policy, turn, partners.as_ref(), *at).await?,
        Ask::Recall { partners, within } => recall(tx, policy, turn, partners.as_ref(), within).await?,
        Ask::Reprocess { .. } => anyhow::bail!("job {job} begins runs"),
    };
    if let Some(code) = refused {
        skip(tx, job, submission, code, state).await?;
        return Ok(Tried::Skipped);
    }
    sqlx::query!(
        "/* end_bulk_item */
        update bulk_items set state = 'done', changed_at = clock_timestamp() where job = $1 and submission = $2",
        job,
        submission.0,
    )
    .execute(&mut *tx)
    .await
    .context("note that a work of a job is done")?;
    let detail = serde_json::json!({ "job": job, "kind": ask.kind() });
    history::add(tx, submission, by, "bulk_started", &detail).await?;
    Ok(Tried::Started)
}

/// The code of a refusal; `None` if it was released.
async fn release(
    tx: &mut PgConnection,
    policy: &Policy,
    turn: &Turn<'_>,
    partners: Option<&BTreeSet<PartnerId>>,
    at: Option<DateTime<Utc>>,
) -> anyhow::Result<Option<&'static str>> {
    if !is_as_seen(tx, turn.job, turn.submission).await? {
        return Ok(Some("changed"));
    }
    let applied = orders::release(tx, policy, turn.submission, partners, at, turn.by).await?;
    Ok((!applied.changed).then_some("state_wrong"))
}

/// The code of a refusal; `None` if it was recalled. A work that has changed since it was added to the job is recalled
/// all the same.
async fn recall(
    tx: &mut PgConnection,
    policy: &Policy,
    turn: &Turn<'_>,
    partners: Option<&BTreeSet<PartnerId>>,
    within: &BTreeMap<PartnerId, Duration>,
) -> anyhow::Result<Option<&'static str>> {
    let machine = submissions::lock(tx, turn.submission).await?.machine.0;
    if !orders::may_recall(&machine) {
        return Ok(Some("state_wrong"));
    }
    let terms = RecallTerms { reason: turn.by.reason.clone(), within: within.clone() };
    let applied = orders::recall(tx, policy, turn.submission, partners, &terms, turn.by).await?;
    Ok((!applied.changed).then_some("state_wrong"))
}

/// Whether the work's run, and the desired states at its partners, are the same as when it was added to the job
/// (`add_bulk_items`).
async fn is_as_seen(tx: &mut PgConnection, job: Uuid, submission: SubmissionId) -> anyhow::Result<bool> {
    sqlx::query_scalar!(
        r#"/* is_as_seen */
        select i.seen is null or i.seen = concat_ws(' ', s.run, (
                select string_agg(concat_ws('=', d.partner, d.machine ->> 'desired'), ' ' order by d.partner collate "C")
                from deliveries d where d.submission = s.id)) as "as_seen!"
        from bulk_items i join submissions s on s.id = i.submission where i.job = $1 and i.submission = $2"#,
        job,
        submission.0,
    )
    .fetch_one(tx)
    .await
    .context("compare a work with what was seen when the job was made")
}
