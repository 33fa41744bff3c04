//! Lists for organisers: submissions with all filters, and parked parts.
//!
//! The text of a query contains only the filters that are given, so that the planner sees just these and uses their
//! index. Titles and units have no index, because a trigram index is useless for two Chinese characters. They are
//! searched in a limited number of works, and the page states where the next one continues.
use std::fmt;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::person::Sees;
use pipeline::receipt::Receipt;
use pipeline::submission::Submission;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{FromRow, Postgres, QueryBuilder};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Store;

/// The most rows on one page.
pub const MOST_ROWS: u32 = 200;
/// The most works that are counted.
pub const MOST_COUNTED: u32 = 10_000;
/// Works that one page searches for a text: about 30 ms.
const LOOKED_THROUGH: i64 = 20_000;

/// Which submissions to list, newest first. Every given field narrows the list.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only these contests.
    pub contests: Sees,
    /// Only this state, by its name.
    pub state: Option<String>,
    /// Only this theme.
    pub theme: Option<String>,
    /// Only works with a delivery to this partner.
    pub partner: Option<PartnerId>,
    /// Only works with a delivery in this state, by its name; with `partner`, to that partner.
    pub delivery: Option<String>,
    /// Only works whose title contains this, ignoring case; or, if it is the number of a receipt, the work with this
    /// number.
    pub title: Option<String>,
    /// Only works whose recommending unit contains this, ignoring case.
    pub unit: Option<String>,
    /// Only works entered before this one; for the next page.
    pub before: Option<SubmissionId>,
    /// At most this many, capped.
    pub limit: u32,
}

impl Wanted {
    /// The number of a receipt, if one was typed into the search for titles.
    fn receipt(&self) -> Option<Receipt> {
        self.title.as_ref().and_then(|text| text.parse().ok())
    }
}

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

/// How many there are. Counting stops early, because a larger number is of no use and to count a million works takes
/// seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Count {
    /// As far as it was counted.
    pub value: u32,
    /// Whether there may be more.
    pub more: bool,
}

impl Count {
    /// From a query that counts at most one more than `most`.
    pub(super) fn of(counted: i64, most: u32) -> anyhow::Result<Self> {
        let value = u32::try_from(counted.min(i64::from(most))).context("read a count")?;
        Ok(Self { value, more: counted > i64::from(most) })
    }

    /// Runs a query that starts with `select count(*) from (select 1`, up to `most`.
    pub(super) async fn up_to(most: u32, mut sql: QueryBuilder<Postgres>, store: &Store) -> anyhow::Result<Self> {
        sql.push(" limit ").push_bind(i64::from(most) + 1).push(") as counted");
        let query = sql.build_query_scalar::<i64>().persistent(false);
        Self::of(query.fetch_one(store.pool()).await?, most)
    }
}

/// `37`, `10,000+`.
impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (thousands, rest) = (self.value / 1000, self.value % 1000);
        if thousands > 0 {
            write!(f, "{thousands},{rest:03}")?;
        } else {
            write!(f, "{rest}")?;
        }
        f.write_str(if self.more { "+" } else { "" })
    }
}

/// A part that failed too often.
#[derive(Clone, Debug, Serialize)]
pub struct Parked {
    /// The submission.
    pub submission: Uuid,
    /// Its contest.
    pub contest: String,
    /// The run.
    pub run: i32,
    /// The stage's name.
    pub stage: String,
    /// The part's text form.
    pub part: String,
    /// How often it was tried.
    pub attempt: i32,
    /// The error of the last attempt.
    pub last_error: Option<String>,
    /// When it was parked.
    pub finished_at: Option<DateTime<Utc>>,
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

    /// Parts that failed too often, by submission, newest submission first. `before` is the last submission of the page
    /// before this one: pages end between submissions, so that no submission is divided.
    pub async fn parked(
        &self,
        contests: &Sees,
        before: Option<SubmissionId>,
        limit: u32,
    ) -> anyhow::Result<Vec<Parked>> {
        let contests = contests.names();
        sqlx::query_as!(
            Parked,
            "/* parked */
            select p.submission, s.contest, p.run, p.stage, p.part, p.attempt, p.last_error, p.finished_at
            from parts p join submissions s on s.id = p.submission
            where p.status = 'parked' and p.submission in (
                select distinct q.submission from parts q join submissions t on t.id = q.submission
                where q.status = 'parked' and ($1::text[] is null or t.contest = any($1)) and ($2::uuid is null or q.submission < $2)
                order by q.submission desc limit $3)
            order by p.submission desc, p.run, p.stage, p.part",
            contests.as_deref(),
            before.map(|id| id.0),
            i64::from(limit.min(MOST_ROWS)),
        )
        .fetch_all(self.pool())
        .await
        .context("list what is parked")
    }
}

/// Adds the tables and every filter that an index serves. Works are `s`.
fn chosen(sql: &mut QueryBuilder<Postgres>, wanted: &Wanted, before: Option<SubmissionId>) {
    sql.push(" from submissions s where true");
    within(sql, "s.contest", &wanted.contests);
    for (column, value) in [("s.state", wanted.state.clone()), ("s.theme", wanted.theme.clone())] {
        if let Some(value) = value {
            sql.push(" and ").push(column).push(" = ").push_bind(value);
        }
    }
    if wanted.partner.is_some() || wanted.delivery.is_some() {
        sql.push(" and exists (select from deliveries d where d.submission = s.id");
        if let Some(partner) = &wanted.partner {
            sql.push(" and d.partner = ").push_bind(partner.as_str().to_owned());
        }
        if let Some(state) = &wanted.delivery {
            sql.push(" and d.state = ").push_bind(state.clone());
        }
        sql.push(")");
    }
    if let Some(receipt) = wanted.receipt() {
        sql.push(" and s.receipt = ").push_bind(receipt.to_string());
    }
    if let Some(before) = before {
        sql.push(" and s.id < ").push_bind(before.0);
    }
}

/// Adds the contests for a column. A single contest is compared directly, so that its index also gives the order.
pub(super) fn within(sql: &mut QueryBuilder<Postgres>, column: &str, contests: &Sees) {
    if let Some(one) = contests.one() {
        sql.push(" and ").push(column).push(" = ").push_bind(one.to_string());
    } else if let Some(names) = contests.names() {
        sql.push(" and ").push(column).push(" = any(").push_bind(names).push(")");
    }
}

/// Adds filters without an index, and the limit of their search.
fn searched(sql: &mut QueryBuilder<Postgres>, wanted: &Wanted, floor: Option<SubmissionId>) {
    let title = if wanted.receipt().is_some() { &None } else { &wanted.title };
    for (column, text) in [("s.title", title), ("s.recommending_unit", &wanted.unit)] {
        if let Some(text) = text {
            sql.push(" and strpos(lower(").push(column).push("), lower(").push_bind(text.clone()).push(")) > 0");
        }
    }
    if let Some(floor) = floor {
        sql.push(" and s.id >= ").push_bind(floor.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipts_number_is_looked_up_by_its_index() {
        let number = Receipt::new("GQ24", 7).to_string();
        let of = |title: &str| text(&Wanted { title: Some(title.into()), ..Wanted::default() });
        assert_eq!(of(&number), "select 1 from submissions s where true and s.receipt = $1");
        assert_eq!(of(&number.replace('-', " ")), of(&number));
        assert!(!of("GQ24").contains("receipt"));
    }

    fn text(wanted: &Wanted) -> String {
        let mut sql = QueryBuilder::new("select 1");
        chosen(&mut sql, wanted, wanted.before);
        searched(&mut sql, wanted, None);
        sql.sql().as_str().to_owned()
    }

    #[test]
    fn a_query_names_the_filters_that_are_given_and_no_other() {
        assert_eq!(text(&Wanted::default()), "select 1 from submissions s where true");
        let of = |contests: &[&str]| {
            let contests = Sees::Only(contests.iter().map(|it| (*it).into()).collect());
            text(&Wanted { contests, ..Wanted::default() })
        };
        assert_eq!(of(&["demo"]), "select 1 from submissions s where true and s.contest = $1");
        for contests in [&["demo", "small"][..], &[]] {
            assert_eq!(of(contests), "select 1 from submissions s where true and s.contest = any($1)");
        }
        let unknown =
            Wanted { delivery: Some("unknown".into()), before: Some(SubmissionId(Uuid::nil())), ..Wanted::default() };
        assert_eq!(
            text(&unknown),
            "select 1 from submissions s where true \
             and exists (select from deliveries d where d.submission = s.id and d.state = $1) and s.id < $2"
        );
        let titled = Wanted { title: Some("x".into()), partner: Some("cctv".into()), ..Wanted::default() };
        assert_eq!(
            text(&titled),
            "select 1 from submissions s where true \
             and exists (select from deliveries d where d.submission = s.id and d.partner = $1) \
             and strpos(lower(s.title), lower($2)) > 0"
        );
    }

    #[test]
    fn counts_are_bounded_and_say_so() {
        let shown = |value, more| Count { value, more }.to_string();
        assert_eq!([shown(37, false), shown(0, true), shown(10_000, true)], ["37", "0+", "10,000+"]);
        assert_eq!(shown(1_007, false), "1,007");
        assert_eq!(Count::of(10_000, 10_000).unwrap(), Count { value: 10_000, more: false });
        assert_eq!(Count::of(10_001, 10_000).unwrap(), Count { value: 10_000, more: true });
    }
}
