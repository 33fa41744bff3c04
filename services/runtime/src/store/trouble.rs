//! What waits for a person, over all entries: the first thing that somebody asks who was woken.
use anyhow::Context;
use serde::Serialize;
use uuid::Uuid;

use super::Store;

/// Entries under way that are looked at for being stuck.
const LOOKED_THROUGH: i64 = 10_000;

/// One thing that does not go on by itself, or has not for too long.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trouble {
    /// `stuck`, `parked`, `overdue_recall`, `unknown_delivery`, `refused_delivery`, `waits_for_person` or `no_progress`.
    pub kind: String,
    /// Whose.
    pub submission: Uuid,
    /// Where: `STAGE/PART` of a part, the partner of a delivery, the state of an entry.
    pub place: String,
    /// For how long, seconds.
    pub since_s: f64,
    /// What went wrong last, or what the partner said.
    pub words: Option<String>,
}

impl Store {
    /// The most pressing first, at most `limit`. Entries and sent deliveries count after twenty and thirty minutes without a
    /// change, as alerts have it; refusals of the last week.
    pub async fn trouble(&self, limit: u32) -> anyhow::Result<Vec<Trouble>> {
        let mut found = self.stuck_now(limit).await?;
        let more = i64::from(limit).saturating_sub(i64::try_from(found.len()).unwrap_or(i64::MAX));
        found.extend(self.waiting(more.max(0)).await?);
        Ok(found)
    }

    /// What no part will do. The reconciler repairs it within a minute; what stays here it could not repair.
    async fn stuck_now(&self, limit: u32) -> anyhow::Result<Vec<Trouble>> {
        let ids = self.under_way_after(None, LOOKED_THROUGH).await?;
        let mut found = Vec::new();
        for stuck in self.stuck(&ids).await?.into_iter().take(limit as usize) {
            let since_s = self.unchanged_for(stuck.submission).await?;
            let place = format!("{}/{}", stuck.stage, stuck.part);
            let words = match stuck.kind.as_str() {
                "surplus" => "a part is open that nothing waits for",
                _ => "no part is open for it",
            };
            let (kind, words) = ("stuck".to_owned(), Some(words.to_owned()));
            found.push(Trouble { kind, submission: stuck.submission, place, since_s, words });
        }
        Ok(found)
    }

    async fn unchanged_for(&self, submission: Uuid) -> anyhow::Result<f64> {
        sqlx::query_scalar!(
            r#"/* unchanged_for */
            select extract(epoch from clock_timestamp() - greatest(updated_at, (
                select max(updated_at) from deliveries where submission = $1)))::float8 as "since_s!"
            from submissions where id = $1"#,
            submission,
        )
        .fetch_one(self.pool())
        .await
        .context("ask since when an entry is stuck")
    }

    /// What waits for a person.
    async fn waiting(&self, limit: i64) -> anyhow::Result<Vec<Trouble>> {
        sqlx::query_as!(
            Trouble,
            r#"/* trouble */
            select kind as "kind!", submission as "submission!", place as "place!", since_s as "since_s!", words from (
                select 1 as pressing, 'overdue_recall' as kind, submission, partner as place,
                    extract(epoch from clock_timestamp() - recall_due)::float8 as since_s, recall_reason as words
                from deliveries where recall_due < clock_timestamp() and state not in ('recalled', 'refused')
                union all
                select 2, 'unknown_delivery', submission, partner,
                    extract(epoch from clock_timestamp() - updated_at)::float8, null
                from deliveries where state in ('unknown', 'sending') and updated_at < clock_timestamp() - interval '30 minutes'
                union all
                select 3, 'no_progress', id, state, extract(epoch from clock_timestamp() - updated_at)::float8, null
                from submissions s
                where state in ('probe', 'screen', 'transcode', 'assemble')
                    and updated_at < clock_timestamp() - interval '20 minutes'
                    and not exists (select from parts where submission = s.id and status = 'parked')
                union all
                select 4, 'parked', submission, stage || '/' || part,
                    extract(epoch from clock_timestamp() - coalesce(started_at, created_at))::float8, last_error
                from parts where status = 'parked'
                union all
                select 5, 'refused_delivery', submission, partner,
                    extract(epoch from clock_timestamp() - updated_at)::float8, machine #>> '{observed,words}'
                from deliveries where state = 'refused' and updated_at > clock_timestamp() - interval '7 days'
                union all
                select 6, 'waits_for_person', submission, partner,
                    extract(epoch from clock_timestamp() - updated_at)::float8, null
                from deliveries where state = 'awaiting_operator'
            ) as found order by pressing, since_s desc limit $1"#,
            limit,
        )
        .fetch_all(self.pool())
        .await
        .context("look for trouble")
    }
}
