//! What was fetched of an item's files.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{PartnerId, SubmissionId};

use crate::store::Store;
use crate::store::partners::deliveries;

/// What was fetched of one file.
#[derive(Clone, Debug)]
pub struct Pull {
    /// Its name.
    pub file: String,
    /// The start of the first fetch.
    pub begun_at: DateTime<Utc>,
    /// When its last missing byte was sent.
    pub complete_at: Option<DateTime<Utc>>,
}

impl Store {
    /// What was fetched of a run's files.
    pub async fn feed_pulls(
        &self,
        partner: &PartnerId,
        submission: SubmissionId,
        run: u32,
    ) -> anyhow::Result<Vec<Pull>> {
        sqlx::query_as!(
            Pull,
            "/* feed_pulls */
            select file, begun_at, complete_at from feed_pulls join feed_items on feed_items.id = feed_pulls.item
            where partner = $1 and submission = $2 and run = $3 and removed_at is null order by file",
            partner.as_str(),
            submission.0,
            run as i32,
        )
        .fetch_all(self.pool())
        .await
        .context("read what was fetched")
    }

    /// Records that a fetch of a file starts; `false` if the item is no longer in the feed, in which case no byte may
    /// be sent.
    pub async fn feed_pull_begins(&self, item: i64, file: &str, bytes: u64) -> anyhow::Result<bool> {
        self.quiet_transaction("begin_pull", |tx, _| {
            Box::pin(async move {
                // A removal of the item waits for this transaction, and then sees its row.
                let there = sqlx::query_scalar!(
                    "/* hold_item */ select 1 as one from feed_items where id = $1 and removed_at is null for share",
                    item,
                )
                .fetch_optional(&mut *tx)
                .await?;
                if there.is_none() {
                    return Ok(false);
                }
                sqlx::query!(
                    "/* begin_pull */
                    insert into feed_pulls (item, file, bytes) values ($1, $2, $3) on conflict do nothing",
                    item,
                    file,
                    bytes as i64,
                )
                .execute(&mut *tx)
                .await?;
                Ok(true)
            })
        })
        .await
    }

    /// Adds bytes `[from, to)` to what was fetched of a file. Returns whether that made the file complete, and if so
    /// wakes the delivery.
    pub async fn feed_pulled(&self, item: i64, file: &str, from: u64, to: u64) -> anyhow::Result<bool> {
        self.transaction("add_pull", |tx, _| {
            Box::pin(async move {
                let added = sqlx::query!(
                    r#"/* add_pull */
                    update feed_pulls set covered = covered + int8multirange(int8range($3, $4)),
                        complete_at = case when covered + int8multirange(int8range($3, $4)) @> int8range(0, bytes)
                            then coalesce(complete_at, clock_timestamp()) end
                    where item = $1 and file = $2 and complete_at is null
                    returning complete_at is not null as "complete!""#,
                    item,
                    file,
                    from as i64,
                    to as i64,
                )
                .fetch_optional(&mut *tx)
                .await?;
                if !added.is_some_and(|added| added.complete) {
                    return Ok(false);
                }
                let whose =
                    sqlx::query!("/* owner_of_item */ select submission, partner from feed_items where id = $1", item)
                        .fetch_one(&mut *tx)
                        .await?;
                deliveries::wake(tx, SubmissionId(whose.submission), &PartnerId::new(whose.partner)).await?;
                Ok(true)
            })
        })
        .await
        .with_context(|| format!("note what was fetched of {file}"))
    }
}
