//! What is past its time under the catalogue's policy: counted, and deleted. Whatever the policy is, nothing is deleted
//! that an open part, a delivery, a recall or a hold still needs; each deletion checks that again under the lock of its
//! work. The condition of each line exists once, as a function of the schema that both counting and deleting call, so a
//! dry run reports what a run does.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use serde_json::json;
use sqlx::PgConnection;
use sqlx::types::Json;
use tracing::warn;
use uuid::Uuid;

use super::audit::{self, Act};
use super::desk::first_id;
use super::history::{self, By};
use super::{Policy, Store, entrants, is_unavailable};
use crate::stored::{StoredComparison, StoredCover};

mod amount;
mod rows;

use amount::AT_ONCE;
pub use amount::Amount;

/// The position of a deletion that goes through works in the order of their ids; the default is before the first one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct From(Option<Uuid>);

/// The result for some works.
#[derive(Debug)]
pub struct Round {
    /// What was deleted.
    pub gone: Amount,
    /// Where the next round continues; `None` after the last work.
    pub next: Option<From>,
    /// The failure of one of them. The others were processed.
    pub failure: Option<anyhow::Error>,
}

impl Round {
    /// For rows that are deleted some at a time, until none is found.
    pub(crate) fn of_rows(count: u64) -> Self {
        Self { gone: Amount { count, bytes: 0 }, next: (count > 0).then(From::default), failure: None }
    }

    /// For rows that the line of the policy does not count.
    pub(crate) fn uncounted(self) -> Self {
        Self { gone: Amount::default(), ..self }
    }
}

/// If fewer than requested were found, they were the last ones.
fn next_after(looked: &[Uuid]) -> Option<From> {
    looked.last().filter(|_| looked.len() as i64 == AT_ONCE).map(|last| From(Some(*last)))
}

impl Store {
    /// Counts the works whose entrant's data, including names of files, is past its time: nothing about them changed
    /// since `before`, and nothing is open.
    pub async fn personal_data_due(&self, before: DateTime<Utc>) -> anyhow::Result<Amount> {
        let count = sqlx::query_scalar!(
            r#"/* personal_data_due */
            select count(*) as "count!" from forgettable_entrants($1)"#,
            before,
        )
        .fetch_one(self.pool())
        .await
        .context("look for personal data that are past their time")?;
        Ok(Amount::of(count, 0))
    }

    /// Deletes the entrants' data of the next works after `from`, with a line of history and of the audit trail for
    /// each.
    pub async fn forget_entrants(
        &self,
        from: From,
        before: DateTime<Utc>,
        days: u32,
        by: &By,
    ) -> anyhow::Result<Round> {
        let looked = sqlx::query!(
            r#"/* forgettable_entrants_after */
            select c.submission as "submission!", may_forget_entrant($1, c.submission) as "due!"
            from (
                (select submission from entrants where ($2::uuid is null or submission > $2) and submission < $3
                    order by submission limit $4)
                union
                (select distinct submission from uploads
                    where (filename is not null or metadata <> '') and ($2::uuid is null or submission > $2) and submission < $3
                    order by submission limit $4)
                order by submission limit $4
            ) as c"#,
            before,
            from.0,
            // A work that was entered since has changed since.
            first_id(before),
            AT_ONCE,
        )
        .fetch_all(self.pool())
        .await
        .context("look for personal data that are past their time")?;
        let next = next_after(&looked.iter().map(|row| row.submission).collect::<Vec<_>>());
        let (mut forgotten, mut failure) = (0, None);
        for row in looked.iter().filter(|row| row.due) {
            let id = SubmissionId(row.submission);
            let done = self.transaction("forget_entrant", |tx, _| {
                Box::pin(async move { forget_entrant(tx, id, before, days, by).await })
            });
            let done = done.await.with_context(|| format!("forget who entered {id}"));
            forgotten += u64::from(or_the_next(done, &mut failure)?);
        }
        Ok(Round { gone: Amount { count: forgotten, bytes: 0 }, next, failure })
    }

    /// Renditions that a newer run replaced before `before`, and that no partner has: how many, and their bytes with
    /// covers.
    pub async fn superseded(&self, before: DateTime<Utc>) -> anyhow::Result<Amount> {
        let row = sqlx::query!(
            r#"/* superseded */
            select count(*) as "count!", coalesce(sum(rendition_bytes(old)), 0)::bigint as "bytes!"
            from superseded_renditions($1, null) as old"#,
            before,
        )
        .fetch_one(self.pool())
        .await
        .context("look for superseded renditions")?;
        Ok(Amount::of(row.count, row.bytes))
    }

    /// Deletes those renditions of the next works after `from`, and marks their objects as garbage.
    pub async fn forget_superseded(&self, from: From, before: DateTime<Utc>) -> anyhow::Result<Round> {
        let looked = sqlx::query!(
            r#"/* superseded_after */
            select c.submission as "submission!", exists (select from superseded_renditions($1, c.submission)) as "due!"
            from (
                select distinct submission from renditions where not in_force and ($2::uuid is null or submission > $2)
                order by submission limit $3
            ) as c"#,
            before,
            from.0,
            AT_ONCE,
        )
        .fetch_all(self.pool())
        .await
        .context("look for works with superseded renditions")?;
        let next = next_after(&looked.iter().map(|row| row.submission).collect::<Vec<_>>());
        let (mut gone, mut failure) = (Amount::default(), None);
        for work in looked.iter().filter(|row| row.due).map(|row| row.submission) {
            let went = self.transaction("forget_superseded", |tx, _| {
                Box::pin(async move { forget_superseded(tx, self.policy(), work, before).await })
            });
            let went = went.await.with_context(|| format!("forget replaced files of {work}"));
            let went = or_the_next(went, &mut failure)?;
            gone = Amount { count: gone.count + went.count, bytes: gone.bytes + went.bytes };
        }
        Ok(Round { gone, next, failure })
    }

    /// Records of uploads that were aborted before `before` and whose bytes are deleted.
    pub async fn given_up_uploads(&self, before: DateTime<Utc>) -> anyhow::Result<Amount> {
        let count = sqlx::query_scalar!(
            r#"/* given_up_uploads */
            select count(*) as "count!" from forgettable_uploads($1)"#,
            before,
        )
        .fetch_one(self.pool())
        .await
        .context("look for records of uploads that are past their time")?;
        Ok(Amount::of(count, 0))
    }

    /// Deletes those records. Returns how many.
    pub async fn forget_uploads(&self, before: DateTime<Utc>) -> anyhow::Result<u64> {
        let done = sqlx::query!(
            "/* forget_uploads */
            delete from uploads where id in (select id from forgettable_uploads($1) limit $2)",
            before,
            AT_ONCE,
        )
        .execute(self.pool())
        .await
        .context("forget records of uploads")?;
        Ok(done.rows_affected())
    }

    /// Counts sessions and expired invitations that were created before `before`.
    pub async fn old_sign_ins(&self, before: DateTime<Utc>) -> anyhow::Result<Amount> {
        let count = sqlx::query_scalar!(
            r#"/* old_sign_ins */
            select (select count(*) from sessions where created_at < $1)
                + (select count(*) from invitations where created_at < $1 and expires_at < clock_timestamp()) as "count!""#,
            before,
        )
        .fetch_one(self.pool())
        .await
        .context("look for sessions that are past their time")?;
        Ok(Amount::of(count, 0))
    }

    /// Deletes them, and failures to sign in that no longer count. Returns the number of sessions and invitations.
    pub async fn forget_sign_ins(&self, before: DateTime<Utc>) -> anyhow::Result<u64> {
        let forgotten = sqlx::query_scalar!(
            r#"/* forget_sign_ins */
            with s as (delete from sessions where id = any(array(
                    select id from sessions where created_at < $1 order by created_at limit $2)) returning id),
                i as (delete from invitations where id in (select id from invitations
                    where created_at < $1 and expires_at < clock_timestamp() limit $2) returning id),
                f as (delete from sign_in_failures where failed_at < statement_timestamp() - interval '1 day')
            select (select count(*) from s) + (select count(*) from i) as "count!""#,
            before,
            AT_ONCE * 10,
        )
        .fetch_one(self.pool())
        .await
        .context("forget sessions")?;
        Ok(forgotten.max(0) as u64)
    }

    /// Prefixes and objects that are garbage already: leftovers of attempts, and recalled objects. They are deleted
    /// without a policy.
    pub async fn garbage_waiting(&self) -> anyhow::Result<u64> {
        let count = sqlx::query_scalar!(r#"/* garbage_waiting */ select count(*) as "count!" from garbage"#)
            .fetch_one(self.pool())
            .await
            .context("count the garbage")?;
        Ok(count.max(0) as u64)
    }
}

/// The result for one work; a failure is stored, and the next work is processed. Without the database there is no next
/// one.
fn or_the_next<T: Default>(done: anyhow::Result<T>, failure: &mut Option<anyhow::Error>) -> anyhow::Result<T> {
    match done {
        Err(error) if is_unavailable(&error) => Err(error),
        Err(error) => {
            warn!("what is past its time stays for now: {error:#}");
            failure.get_or_insert(error);
            Ok(T::default())
        }
        done => done,
    }
}

/// Deletes the entrant's data of a work, unless something about it was opened since it was found.
async fn forget_entrant(
    tx: &mut PgConnection,
    id: SubmissionId,
    before: DateTime<Utc>,
    days: u32,
    by: &By,
) -> anyhow::Result<bool> {
    // Every transaction that opens something about it takes this lock first.
    let still =
        sqlx::query_scalar!("/* lock_to_forget */ select state from submissions where id = $1 for update", id.0,)
            .fetch_optional(&mut *tx)
            .await?;
    let Some(state) = still else { return Ok(false) };
    let due =
        sqlx::query_scalar!(r#"/* still_forgettable */ select may_forget_entrant($1, $2) as "may!""#, before, id.0,)
            .fetch_one(&mut *tx)
            .await?;
    if !due {
        return Ok(false);
    }
    if !entrants::forget(tx, id).await? {
        return Ok(false);
    }
    let (before, after) = (json!({ "state": state }), json!({ "policy": "personal_data_days", "days": days }));
    history::add(tx, id, by, "personal_data_removed", &after).await?;
    let act = Act { act: "personal_data_removed", submission: Some(id), partner: None, before, after };
    audit::add(tx, by, &act).await?;
    Ok(true)
}

async fn forget_superseded(
    tx: &mut PgConnection,
    policy: &Policy,
    work: Uuid,
    before: DateTime<Utc>,
) -> anyhow::Result<Amount> {
    sqlx::query!("/* lock_to_forget_files */ select 1 as one from submissions where id = $1 for update", work)
        .fetch_optional(&mut *tx)
        .await?;
    let rows = sqlx::query!(
        r#"/* forget_superseded */
        delete from renditions using superseded_renditions($1, $2) as old
        where renditions.submission = old.submission and renditions.run = old.run and renditions.name = old.name
        returning renditions.object_key, renditions.cover_key, renditions.covers as "covers: Json<Vec<StoredCover>>",
            renditions.comparison as "comparison: Json<Vec<StoredComparison>>", rendition_bytes(renditions) as "bytes!""#,
        before,
        work,
    )
    .fetch_all(&mut *tx)
    .await
    .context("forget superseded renditions")?;
    let mut gone = Amount::of(rows.len() as i64, 0);
    let mut keys = Vec::new();
    for row in rows {
        gone.bytes += row.bytes.max(0) as u64;
        keys.push(row.object_key);
        keys.extend(row.cover_key);
        keys.extend(row.covers.0.into_iter().map(|cover| cover.file.key));
        keys.extend(row.comparison.0.into_iter().flat_map(|pair| [pair.source.key, pair.rendition.key]));
    }
    sqlx::query!(
        "/* superseded_are_garbage */
        insert into garbage (prefix, single, due)
        select key, true, clock_timestamp() + make_interval(secs => $2) from unnest($1::text[]) as key",
        &keys,
        policy.garbage_delay.as_secs_f64(),
    )
    .execute(tx)
    .await
    .context("put superseded files to the garbage")?;
    Ok(gone)
}
