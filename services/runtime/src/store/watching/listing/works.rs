//! Works, newest first, and their deliveries.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use pipeline::submission::Submission;
use sqlx::types::Json;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::count::{Count, MOST_COUNTED};
use super::wanted::{MOST_ROWS, Wanted, chosen, searched};
use crate::store::Store;

/// Works that one page searches for a text: about 30 ms.
const LOOKED_THROUGH: i64 = 20_000;

/// One line of the list. It contains no personal data.
#[derive(Clone, Debug, FromRow)]
pub struct Listed {
    /// Its id.
    pub id: Uuid,
    /// The number of its receipt; `None` for one of an earlier release.
    pub receipt: Option<String>,
    /// The contest.
    pub contest: String,
    /// State and run.
    pub machine: Json<Submission>,
    /// As entered.
    pub title: String,
    /// As entered.
    pub theme: String,
    /// As entered.
    pub recommending_unit: String,
    /// Size of the film, once it is complete.
    pub bytes: Option<i64>,
    /// Parts that failed too often and wait for an operator.
    pub parked: i64,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// When anything about it last changed.
    pub updated_at: DateTime<Utc>,
}

/// One page of the list.
#[derive(Clone, Debug)]
pub struct Found {
    /// The works.
    pub works: Vec<Listed>,
    /// Where the next page starts, unless this is the last one.
    pub next: Option<SubmissionId>,
}

/// The state of a listed work at one partner.
#[derive(Clone, Debug)]
pub struct ListedDelivery {
    /// The submission.
    pub submission: Uuid,
    /// The partner.
    pub partner: String,
    /// The state's name.
    pub state: String,
    /// Where it is, or was, online.
    pub public_url: Option<String>,
}

impl Store {
    /// Submissions, newest first.
    pub async fn list(&self, wanted: &Wanted) -> anyhow::Result<Found> {
        let floor = self.floor(wanted, wanted.before).await?;
        let mut sql = QueryBuilder::new(
            "/* list */
            select s.id, s.receipt, s.contest, s.machine, s.title, s.theme, s.recommending_unit, s.mezzanine_bytes as bytes,
                (select count(*) from parts p where p.submission = s.id and p.status = 'parked') as parked,
                s.created_at, s.updated_at",
        );
        chosen(&mut sql, wanted, wanted.before);
        searched(&mut sql, wanted, floor);
        let limit = wanted.limit.min(MOST_ROWS);
        sql.push(" order by s.id desc limit ").push_bind(i64::from(limit) + 1);
        // Planned again each time, with the values: this is worth it for filters that match few rows.
        let query = sql.build_query_as::<Listed>().persistent(false);
        let mut works = query.fetch_all(self.pool()).await.context("list submissions")?;
        let more = works.len() > limit as usize;
        works.truncate(limit as usize);
        let next = if more { works.last().map(|work| SubmissionId(work.id)) } else { floor };
        Ok(Found { works, next })
    }

    /// How many there are, up to the limit of counting; with a search for a text, those of one page.
    pub async fn count_listed(&self, wanted: &Wanted) -> anyhow::Result<Count> {
        let floor = self.floor(wanted, None).await?;
        let mut sql = QueryBuilder::new("/* count_listed */ select count(*) from (select 1");
        chosen(&mut sql, wanted, None);
        searched(&mut sql, wanted, floor);
        let counted = Count::up_to(MOST_COUNTED, sql, self).await.context("count submissions")?;
        Ok(Count { more: counted.more || floor.is_some(), ..counted })
    }

    /// The last work that a page searches for a text; `None` if it searches all of them, or if there is no text.
    async fn floor(&self, wanted: &Wanted, before: Option<SubmissionId>) -> anyhow::Result<Option<SubmissionId>> {
        if wanted.title.is_none() && wanted.unit.is_none() {
            return Ok(None);
        }
        let mut sql = QueryBuilder::new("/* list_floor */ select s.id");
        chosen(&mut sql, wanted, before);
        sql.push(" order by s.id desc limit 1 offset ").push_bind(LOOKED_THROUGH - 1);
        let query = sql.build_query_scalar::<Uuid>().persistent(false);
        Ok(query.fetch_optional(self.pool()).await.context("bound a search")?.map(SubmissionId))
    }

    /// The deliveries of these works, by partner.
    pub async fn listed_deliveries(&self, works: &[Uuid]) -> anyhow::Result<Vec<ListedDelivery>> {
        sqlx::query_as!(
            ListedDelivery,
            "/* listed_deliveries */
            select submission, partner, state, machine #>> '{observed,public_url}' as public_url from deliveries
            where submission = any($1) order by submission, partner",
            works,
        )
        .fetch_all(self.pool())
        .await
        .context("list the deliveries of works")
    }
}
