//! Renditions that a newer run replaced.
use anyhow::Context;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::amount::{AT_ONCE, Amount};
use super::round::{From, Round, next_after, or_the_next};
use crate::store::{Policy, Store};
use crate::stored::{StoredComparison, StoredCover};

impl Store {
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
