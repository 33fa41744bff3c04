//! The counts of the desk's first page: work that waits for people, entries and decisions of the last days. Each count
//! stops at [`MOST_COUNTED`] and is read through an index. `None` as the contest means all contests.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{ContestId, SubmissionId};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::listing::{Count, MOST_COUNTED};
use crate::store::Store;
use crate::store::people::audit;

/// How many wait, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// How many.
    pub count: Count,
    /// When the one that has waited longest started to wait; `None` if none waits.
    pub oldest: Option<DateTime<Utc>>,
}

impl Waiting {
    /// From a query that counts at most one more than [`MOST_COUNTED`].
    fn of(counted: i64, oldest: Option<DateTime<Utc>>) -> anyhow::Result<Self> {
        Ok(Self { count: Count::of(counted, MOST_COUNTED)?, oldest })
    }
}

/// Recalls that are not proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recalls {
    /// How many.
    pub count: Count,
    /// How many of these are overdue.
    pub overdue: u32,
    /// When the first of them is due.
    pub due: Option<DateTime<Utc>>,
}

/// A job that is in progress, or has just ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stirring {
    /// The job.
    pub id: Uuid,
    /// The contests of its works.
    pub contests: Vec<ContestId>,
    /// Its state.
    pub state: String,
}

impl Store {
    /// Works in a state, such as `awaiting_review`.
    pub async fn works_waiting(&self, state: &str, contest: Option<&ContestId>) -> anyhow::Result<Waiting> {
        // The query names the contest only if there is one, so that each form uses its index.
        let chosen = |sql: &mut QueryBuilder<Postgres>| {
            sql.push(" from submissions where state = ").push_bind(state.to_owned());
            if let Some(contest) = contest {
                sql.push(" and contest = ").push_bind(contest.as_str().to_owned());
            }
        };
        let mut counting = QueryBuilder::new("/* works_waiting */ select count(*) from (select 1");
        chosen(&mut counting);
        let count = Count::up_to(MOST_COUNTED, counting, self).await.context("count the works that wait")?;
        let mut looking = QueryBuilder::new("/* work_waiting_longest */ select coalesce(moved_at, updated_at)");
        chosen(&mut looking);
        looking.push(" order by moved_at nulls first limit 1");
        let oldest = looking.build_query_scalar::<DateTime<Utc>>().persistent(false).fetch_optional(self.pool());
        Ok(Waiting { count, oldest: oldest.await.context("look for the work that waits for longest")? })
    }

    /// Since when the delivery that has waited longest waits for an operator, who hands it over or confirms it; `None`
    /// if none waits.
    pub async fn delivery_waiting_longest(&self, contest: Option<&ContestId>) -> anyhow::Result<Option<DateTime<Utc>>> {
        let mut sql = QueryBuilder::new("/* delivery_waiting_longest */ select d.updated_at from deliveries d");
        if contest.is_some() {
            sql.push(" join submissions s on s.id = d.submission");
        }
        sql.push(" where d.state = 'awaiting_operator' and d.machine ->> 'desired' = 'live'");
        if let Some(contest) = contest {
            sql.push(" and s.contest = ").push_bind(contest.as_str().to_owned());
        }
        sql.push(" order by d.updated_at limit 1");
        let oldest = sql.build_query_scalar().persistent(false).fetch_optional(self.pool());
        oldest.await.context("look for the delivery that waits for longest")
    }

    /// Recalls in progress.
    pub async fn recalls_waiting(&self, contest: Option<&ContestId>) -> anyhow::Result<Recalls> {
        let row = sqlx::query!(
            r#"/* recalls_waiting */
            select count(*) as "count!", count(*) filter (where recall_due < clock_timestamp()) as "overdue!",
                min(recall_due) as due
            from (
                select d.recall_due from deliveries d join submissions s on s.id = d.submission
                where d.recall_due is not null and d.state not in ('recalled', 'refused')
                    and ($1::text is null or s.contest = $1)
                order by d.recall_due limit $2
            ) as counted"#,
            contest.map(ContestId::as_str),
            i64::from(MOST_COUNTED) + 1,
        )
        .fetch_one(self.pool())
        .await
        .context("count the recalls that are not proven")?;
        let overdue = u32::try_from(row.overdue)?.min(MOST_COUNTED);
        Ok(Recalls { count: Count::of(row.count, MOST_COUNTED)?, overdue, due: row.due })
    }

    /// Works with parts that failed too often.
    pub async fn works_parked(&self, contest: Option<&ContestId>) -> anyhow::Result<Waiting> {
        let row = sqlx::query!(
            r#"/* works_parked */
            select count(*) as "count!", min(parked_at) as oldest from (
                select p.submission, min(coalesce(p.finished_at, p.started_at, p.created_at)) as parked_at
                from parts p join submissions s on s.id = p.submission
                where p.status = 'parked' and ($1::text is null or s.contest = $1)
                group by p.submission limit $2
            ) as counted"#,
            contest.map(ContestId::as_str),
            i64::from(MOST_COUNTED) + 1,
        )
        .fetch_one(self.pool())
        .await
        .context("count the works with parked parts")?;
        Waiting::of(row.count, row.oldest)
    }

    /// Works that were entered into a contest since then. Ids are in order of time.
    pub async fn entered_since(&self, contest: &ContestId, since: DateTime<Utc>) -> anyhow::Result<Count> {
        let counted = sqlx::query_scalar!(
            r#"/* entered_since */
            select count(*) as "count!" from (
                select 1 from submissions where contest = $1 and id >= $2 limit $3
            ) as counted"#,
            contest.as_str(),
            first_id(since),
            i64::from(MOST_COUNTED) + 1,
        )
        .fetch_one(self.pool())
        .await
        .context("count the works that were entered")?;
        Count::of(counted, MOST_COUNTED)
    }

    /// Decisions about works of a contest since then, by people.
    pub async fn reviewed_since(&self, contest: &ContestId, since: DateTime<Utc>) -> anyhow::Result<Count> {
        let counted = sqlx::query_scalar!(
            r#"/* reviewed_since */
            select coalesce(sum(counted), 0)::bigint as "count!"
            from unnest(array['review_accepted', 'review_refused']) as named (act) cross join lateral (
                select count(*) filter (where at >= $2) as counted from (
                    select at from audit where act = named.act and contest = $1 order by seq desc limit $3
                ) as latest
            ) as each"#,
            contest.as_str(),
            since,
            i64::from(MOST_COUNTED) + 1,
        )
        .fetch_one(self.pool())
        .await
        .context("count the decisions of reviewers")?;
        Count::of(counted, MOST_COUNTED)
    }

    /// Jobs that are running or changed within the last 30 seconds.
    pub async fn jobs_stirring(&self) -> anyhow::Result<Vec<Stirring>> {
        let rows = sqlx::query!(
            "/* jobs_stirring */
            select id, contests, state from bulk_jobs
            where state = 'running' or changed_at > clock_timestamp() - interval '30 seconds'
            order by id desc limit 100",
        )
        .fetch_all(self.pool())
        .await
        .context("look for jobs that are under way")?;
        let one = |contests: Vec<String>, id, state| Stirring {
            id,
            contests: contests.into_iter().map(ContestId::new).collect(),
            state,
        };
        Ok(rows.into_iter().map(|row| one(row.contests, row.id, row.state)).collect())
    }

    /// The contest of a work.
    pub async fn contest_of_work(&self, submission: SubmissionId) -> anyhow::Result<Option<ContestId>> {
        let mut connection = self.pool().acquire().await.context("connect")?;
        Ok(audit::contest_of(&mut connection, submission).await?.map(ContestId::new))
    }
}

/// The smallest id of this instant: a UUID v7 starts with the milliseconds since 1970.
pub(in crate::store) fn first_id(at: DateTime<Utc>) -> Uuid {
    let milliseconds = u128::try_from(at.timestamp_millis()).unwrap_or_default();
    Uuid::from_u128(milliseconds << 80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_made_later_are_not_below_the_first_one_of_an_instant() {
        let at: DateTime<Utc> = "2026-11-30T08:00:00Z".parse().unwrap();
        let made = |ms: i64| {
            let at = at + chrono::TimeDelta::milliseconds(ms);
            let (seconds, nanos) = (at.timestamp() as u64, at.timestamp_subsec_nanos());
            Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos))
        };
        assert!(made(-1) < first_id(at) && made(0) >= first_id(at) && made(1000) > first_id(at));
        assert_eq!(first_id(DateTime::UNIX_EPOCH), Uuid::nil());
    }
}
