//! The deliveries board: works with the state of their deliveries, and recalls by their deadlines.
//!
//! As with the other lists, the text of a query contains only the filters that are given.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::delivery::Delivery;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::person::Sees;
use sqlx::types::Json;
use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

use super::listing::{Count, MOST_COUNTED, MOST_ROWS, within};
use crate::store::Store;

/// Which works the board shows: those that were released, newest first.
#[derive(Clone, Debug, Default)]
pub struct BoardWanted {
    /// Only these contests.
    pub contests: Sees,
    /// Only works with a delivery to this partner; the other conditions then apply to that delivery.
    pub partner: Option<PartnerId>,
    /// Only works with a delivery in this state, by its name.
    pub state: Option<String>,
    /// Only works with a delivery that waits for a person, or that is being recalled.
    pub waits: Option<Waits>,
    /// Only works entered before this one; for the next page.
    pub before: Option<SubmissionId>,
    /// At most this many, capped.
    pub limit: u32,
}

/// What a delivery waits for.
#[derive(Clone, Debug)]
pub enum Waits {
    /// A person: to bring it to one of these partners, to confirm it there, or to remove it at any partner.
    Person(Vec<PartnerId>),
    /// The proof that it was removed.
    Recall,
}

/// One row of the board.
#[derive(Clone, Debug, FromRow)]
pub struct BoardWork {
    /// The work.
    pub id: Uuid,
    /// Its contest.
    pub contest: String,
    /// As entered.
    pub title: String,
    /// The state's name.
    pub state: String,
    /// Which pass it is in.
    pub run: i32,
}

/// One cell of the board.
#[derive(Clone, Debug)]
pub struct BoardCell {
    /// The submission.
    pub submission: Uuid,
    /// The partner.
    pub partner: PartnerId,
    /// Its state.
    pub machine: Delivery,
    /// Until when the removal must be proven.
    pub recall_due: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A recall that is not proven yet.
#[derive(Clone, Debug)]
pub struct DueRecall {
    /// The submission.
    pub submission: Uuid,
    /// The work's title.
    pub title: String,
    /// The partner.
    pub partner: PartnerId,
    /// Its state.
    pub machine: Delivery,
    /// Until when the removal must be proven.
    pub due: DateTime<Utc>,
    /// Why it is recalled.
    pub reason: Option<String>,
}

impl Store {
    /// Works of the board, newest first, with one more than the limit if there are more.
    pub async fn board(&self, wanted: &BoardWanted) -> anyhow::Result<Vec<BoardWork>> {
        let mut sql = QueryBuilder::new("/* board */ select s.id, s.contest, s.title, s.state, s.run");
        chosen(&mut sql, wanted);
        if let Some(before) = wanted.before {
            sql.push(" and s.id < ").push_bind(before.0);
        }
        sql.push(" order by s.id desc limit ").push_bind(i64::from(wanted.limit.min(MOST_ROWS)) + 1);
        let query = sql.build_query_as::<BoardWork>().persistent(false);
        query.fetch_all(self.pool()).await.context("list the board's works")
    }

    /// Counts the works on all pages, up to [`MOST_COUNTED`].
    pub async fn count_board(&self, wanted: &BoardWanted) -> anyhow::Result<Count> {
        let mut sql = QueryBuilder::new("/* count_board */ select count(*) from (select 1");
        chosen(&mut sql, wanted);
        Count::up_to(MOST_COUNTED, sql, self).await.context("count the board's works")
    }

    /// The deliveries of these works.
    pub async fn board_cells(&self, works: &[Uuid]) -> anyhow::Result<Vec<BoardCell>> {
        let rows = sqlx::query!(
            r#"/* board_cells */
            select submission, partner, machine as "machine: Json<Delivery>", recall_due, updated_at from deliveries
            where submission = any($1)"#,
            works,
        )
        .fetch_all(self.pool())
        .await
        .context("load the board's deliveries")?;
        let cells = rows.into_iter().map(|row| BoardCell {
            submission: row.submission,
            partner: PartnerId::new(row.partner),
            machine: row.machine.0,
            recall_due: row.recall_due,
            updated_at: row.updated_at,
        });
        Ok(cells.collect())
    }

    /// Recalls that are not proven, by their deadlines.
    pub async fn due_recalls(&self, contests: &Sees, limit: u32) -> anyhow::Result<Vec<DueRecall>> {
        let contests = contests.names();
        let rows = sqlx::query!(
            r#"/* due_recalls */
            select d.submission, s.title, d.partner, d.machine as "machine: Json<Delivery>", d.recall_due as "due!", d.recall_reason
            from deliveries d join submissions s on s.id = d.submission
            where d.recall_due is not null and d.state not in ('recalled', 'refused') and ($1::text[] is null or s.contest = any($1))
            order by d.recall_due limit $2"#,
            contests.as_deref(),
            i64::from(limit),
        )
        .fetch_all(self.pool())
        .await
        .context("list recalls by their deadlines")?;
        let rows = rows.into_iter().map(|row| DueRecall {
            submission: row.submission,
            title: row.title,
            partner: PartnerId::new(row.partner),
            machine: row.machine.0,
            due: row.due,
            reason: row.recall_reason,
        });
        Ok(rows.collect())
    }
}

/// Adds the tables and the filters. Works are `s`.
fn chosen(sql: &mut QueryBuilder<Postgres>, wanted: &BoardWanted) {
    sql.push(" from submissions s where s.has_deliveries");
    if wanted.partner.is_some() || wanted.state.is_some() || wanted.waits.is_some() {
        with_delivery(sql, wanted);
    }
    within(sql, "s.contest", &wanted.contests);
}

/// Adds the filters that apply to one delivery.
fn with_delivery(sql: &mut QueryBuilder<Postgres>, wanted: &BoardWanted) {
    sql.push(" and exists (select from deliveries d where d.submission = s.id");
    if let Some(partner) = &wanted.partner {
        sql.push(" and d.partner = ").push_bind(partner.as_str().to_owned());
    }
    if let Some(state) = &wanted.state {
        sql.push(" and d.state = ").push_bind(state.clone());
    }
    match &wanted.waits {
        Some(Waits::Person(partners)) => {
            let partners: Vec<String> = partners.iter().map(ToString::to_string).collect();
            sql.push(" and (d.state = 'awaiting_operator' and d.machine ->> 'desired' = 'live' and d.partner = any(");
            sql.push_bind(partners);
            sql.push(") or d.state = 'recalling' and d.machine #>> '{observed,by}' = 'operator')");
        }
        Some(Waits::Recall) => {
            sql.push(" and d.recall_due is not null and d.state not in ('recalled', 'refused')");
        }
        None => {}
    }
    sql.push(")");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_the_filters_that_are_given_and_no_other() {
        let text = |wanted: &BoardWanted| {
            let mut sql = QueryBuilder::new("select 1");
            chosen(&mut sql, wanted);
            sql.sql().as_str().to_owned()
        };
        let all = "select 1 from submissions s where s.has_deliveries";
        assert_eq!(text(&BoardWanted::default()), all);
        let wanted = BoardWanted {
            contests: Some("demo".into()).into(),
            partner: Some("cctv".into()),
            ..BoardWanted::default()
        };
        let with = "exists (select from deliveries d where d.submission = s.id and d.partner = $1)";
        assert_eq!(text(&wanted), format!("{all} and {with} and s.contest = $2"));
    }
}
