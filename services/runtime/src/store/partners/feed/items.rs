//! The works in a feed: put in, offered, taken out.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::delivery::IntentId;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::part::Part;
use serde_json::Value;

use super::pulls::Pull;
use crate::store::Store;
use crate::store::work::parts::{Claim, Commit, check_fence};

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
}
