//! Feeds that partners pull: their items, and what was fetched of each.
//!
//! An item is offered while its row is in the feed *and* its delivery is to be there. Both are checked at each request,
//! so a recall ends every link immediately. A fetch is recorded before its first byte is sent, under a lock that the
//! removal of the item waits for.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::delivery::IntentId;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::part::Part;
use serde_json::Value;

use super::parts::{Claim, Commit, check_fence};
use super::{Store, deliveries};

/// A work in a feed.
#[derive(Clone, Debug)]
pub struct FeedItem {
    /// The order, and the cursor of pages.
    pub id: i64,
    /// The submission.
    pub submission: SubmissionId,
    /// The run whose files it offers.
    pub run: u32,
    /// Texts and files; the publish service defines their format.
    pub content: Value,
    /// Since when it is there.
    pub created_at: DateTime<Utc>,
}

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
    /// Puts a work into the feed of the claim's partner. An item that the same call added before stays; one that was
    /// removed is added again, with nothing fetched. `None` means that the job no longer holds its part.
    pub async fn feed_put(
        &self,
        claim: &Claim,
        run: u32,
        intent: IntentId,
        content: &Value,
    ) -> anyhow::Result<Option<()>> {
        let Part::Partner(partner) = &claim.part else { anyhow::bail!("{} has no feed", claim.part) };
        self.transaction("put_into_feed", |tx, _| {
            Box::pin(async move {
                if check_fence(tx, claim).await? == Commit::Fenced {
                    return Ok(None);
                }
                sqlx::query!(
                    "/* forget_taken_out */
                    delete from feed_items where partner = $1 and submission = $2 and run = $3 and removed_at is not null",
                    partner.as_str(),
                    claim.submission.0,
                    run as i32,
                )
                .execute(&mut *tx)
                .await
                .context("forget an item that was taken out")?;
                sqlx::query!(
                    "/* put_into_feed */
                    insert into feed_items (partner, submission, run, intent, content) values ($1, $2, $3, $4, $5)
                    on conflict (partner, submission, run) do update set intent = excluded.intent",
                    partner.as_str(),
                    claim.submission.0,
                    run as i32,
                    intent.0,
                    content,
                )
                .execute(&mut *tx)
                .await
                .context("put an item into a feed")?;
                Ok(Some(()))
            })
        })
        .await
    }

    /// Whether a work is in a partner's feed, whatever the state of its delivery is.
    pub async fn feed_holds(&self, partner: &PartnerId, submission: SubmissionId, run: u32) -> anyhow::Result<bool> {
        let found = sqlx::query_scalar!(
            "/* feed_holds */
            select 1 as one from feed_items where partner = $1 and submission = $2 and run = $3 and removed_at is null",
            partner.as_str(),
            submission.0,
            run as i32,
        )
        .fetch_optional(self.pool())
        .await
        .context("look into a feed")?;
        Ok(found.is_some())
    }

    /// Removes every run of the claim's work from its partner's feed and returns what was fetched of any of them until
    /// then. `None` means that the job no longer holds its part.
    pub async fn feed_take_out(&self, claim: &Claim) -> anyhow::Result<Option<Vec<Pull>>> {
        let Part::Partner(partner) = &claim.part else { anyhow::bail!("{} has no feed", claim.part) };
        self.transaction("take_out_of_feed", |tx, _| {
            Box::pin(async move {
                if check_fence(tx, claim).await? == Commit::Fenced {
                    return Ok(None);
                }
                sqlx::query!(
                    "/* take_out_of_feed */
                    update feed_items set removed_at = clock_timestamp()
                    where partner = $1 and submission = $2 and removed_at is null",
                    partner.as_str(),
                    claim.submission.0,
                )
                .execute(&mut *tx)
                .await
                .context("take an item out of a feed")?;
                let pulls = sqlx::query_as!(
                    Pull,
                    "/* pulls_of_work */
                    select file, begun_at, complete_at from feed_pulls join feed_items on feed_items.id = feed_pulls.item
                    where partner = $1 and submission = $2 order by begun_at, file",
                    partner.as_str(),
                    claim.submission.0,
                )
                .fetch_all(&mut *tx)
                .await
                .context("read what was fetched")?;
                Ok(Some(pulls))
            })
        })
        .await
    }

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

    /// A page of a partner's feed, newest first, with at most `limit` items that are older than `before`.
    pub async fn feed_page(
        &self,
        partner: &PartnerId,
        before: Option<i64>,
        limit: u32,
    ) -> anyhow::Result<Vec<FeedItem>> {
        let rows = sqlx::query!(
            "/* feed_page */
            select id, f.submission, f.run, content, f.created_at from feed_items f
            join deliveries d on d.submission = f.submission and d.partner = f.partner and d.run = f.run
            where f.partner = $1 and removed_at is null and id < coalesce($2, 9223372036854775807)
                and d.machine->>'desired' = 'live' and d.state in ('sending', 'unknown', 'in_review', 'live')
            order by id desc limit $3",
            partner.as_str(),
            before,
            i64::from(limit),
        )
        .fetch_all(self.pool())
        .await
        .context("read a page of a feed")?;
        let items = rows.into_iter().map(|row| FeedItem {
            id: row.id,
            submission: SubmissionId(row.submission),
            run: row.run as u32,
            content: row.content,
            created_at: row.created_at,
        });
        Ok(items.collect())
    }

    /// An item, if it is offered now.
    pub async fn feed_item(
        &self,
        partner: &PartnerId,
        submission: SubmissionId,
        run: u32,
    ) -> anyhow::Result<Option<FeedItem>> {
        let row = sqlx::query!(
            "/* feed_item */
            select id, content, f.created_at from feed_items f
            join deliveries d on d.submission = f.submission and d.partner = f.partner and d.run = f.run
            where f.partner = $1 and f.submission = $2 and f.run = $3 and removed_at is null
                and d.machine->>'desired' = 'live' and d.state in ('sending', 'unknown', 'in_review', 'live')",
            partner.as_str(),
            submission.0,
            run as i32,
        )
        .fetch_optional(self.pool())
        .await
        .context("look for an item of a feed")?;
        Ok(row.map(|row| FeedItem { id: row.id, submission, run, content: row.content, created_at: row.created_at }))
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
