//! Which work is next for a reviewer.
use anyhow::Context;
use pipeline::id::{PersonId, SubmissionId};
use pipeline::person::Sees;
use pipeline::queue::{Only, Queue};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::card::CLAIM;
use crate::store::Store;
use crate::store::watching::listing::{Count, within};

/// How often the next work is searched if other reviewers take it first. Each attempt sees what they took before it.
const TRIES: u32 = 5;

/// The queue of one reviewer.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    /// Which works.
    pub queue: &'static Queue,
    /// Only works of these contests.
    pub contests: &'a Sees,
    /// The reviewer.
    pub person: PersonId,
}

impl Waiting<'_> {
    fn aside(&self) -> bool {
        self.queue.only == Only::Aside
    }

    /// The passes over the queue, in order; `true` is the one over skipped works. In most queues these come last.
    fn passes(&self) -> &'static [bool] {
        if self.aside() { &[true] } else { &[false, true] }
    }
}

impl Store {
    /// Claims the next work for a reviewer: the oldest one, after `after` if given, that no other reviewer has open and
    /// on which no decision is held. One statement for each attempt; works that another transaction has locked are
    /// skipped.
    pub async fn claim_next(
        &self,
        of: Waiting<'_>,
        after: Option<SubmissionId>,
        session: Option<Uuid>,
    ) -> anyhow::Result<Option<SubmissionId>> {
        for aside in of.passes() {
            for _ in 0..TRIES {
                if let Some(id) = self.claim_one(of, *aside, after, session).await? {
                    return Ok(Some(id));
                }
                if self.next_one(of, *aside, after).await?.is_none() {
                    break;
                }
            }
        }
        Ok(None)
    }

    async fn claim_one(
        &self,
        of: Waiting<'_>,
        aside: bool,
        after: Option<SubmissionId>,
        session: Option<Uuid>,
    ) -> anyhow::Result<Option<SubmissionId>> {
        let mut sql = QueryBuilder::new("/* claim_next */ with next as (select s.id");
        chosen(&mut sql, of, aside, after);
        sql.push(
            " limit 1 for no key update of s skip locked)
            insert into review_claims (submission, person, session, until) select id, ",
        );
        sql.push_bind(of.person.0).push(", ").push_bind(session);
        sql.push(", clock_timestamp() + make_interval(secs => ").push_bind(CLAIM.as_secs_f64());
        // Only this condition sees that another reviewer was faster.
        sql.push(
            ") from next
            on conflict (submission) do update
                set person = excluded.person, session = excluded.session, until = excluded.until
                where review_claims.until <= clock_timestamp() or review_claims.person = excluded.person
            returning submission",
        );
        let query = sql.build_query_scalar::<Uuid>().persistent(false);
        let id = query.fetch_optional(self.pool()).await.context("claim the next work")?;
        Ok(id.map(SubmissionId))
    }

    /// The work that would be next after `after`. Claims nothing.
    pub async fn next_waiting(&self, of: Waiting<'_>, after: SubmissionId) -> anyhow::Result<Option<SubmissionId>> {
        for aside in of.passes() {
            if let Some(id) = self.next_one(of, *aside, Some(after)).await? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    async fn next_one(
        &self,
        of: Waiting<'_>,
        aside: bool,
        after: Option<SubmissionId>,
    ) -> anyhow::Result<Option<SubmissionId>> {
        let mut sql = QueryBuilder::new("/* next_waiting */ select s.id");
        chosen(&mut sql, of, aside, after);
        sql.push(" limit 1");
        let query = sql.build_query_scalar::<Uuid>().persistent(false);
        let id = query.fetch_optional(self.pool()).await.context("look for the next work")?;
        Ok(id.map(SubmissionId))
    }

    /// Counts the works of the queue without a held decision, up to `most`.
    pub async fn count_waiting(&self, of: Waiting<'_>, most: u32) -> anyhow::Result<Count> {
        let mut sql = QueryBuilder::new("/* count_waiting */ select count(*) from (select 1 from submissions s");
        filtered(&mut sql, of, of.aside());
        Count::up_to(most, sql, self).await.context("count a queue")
    }
}

/// Adds the works that a reviewer may be given, in the queue's order.
fn chosen(sql: &mut QueryBuilder<Postgres>, of: Waiting<'_>, aside: bool, after: Option<SubmissionId>) {
    sql.push(" from submissions s");
    filtered(sql, of, aside);
    sql.push(
        " and not exists (select from review_claims c where c.submission = s.id and c.until > clock_timestamp()
            and c.person <> ",
    );
    sql.push_bind(of.person.0).push(")");
    if !aside {
        sql.push(" and not exists (select from review_later l where l.submission = s.id and l.person = ");
        sql.push_bind(of.person.0).push(")");
    }
    if let Some(after) = after {
        // Skipped works have no order of ids: only the work itself is left out.
        sql.push(if aside { " and s.id <> " } else { " and s.id > " }).push_bind(after.0);
    }
    sql.push(if aside { " order by a.at" } else { " order by s.id" });
}

/// Adds the queue's filter. Works are `s`.
fn filtered(sql: &mut QueryBuilder<Postgres>, of: Waiting<'_>, aside: bool) {
    if aside {
        sql.push(" join review_later a on a.submission = s.id and a.person = ").push_bind(of.person.0);
    }
    sql.push(" where s.state = 'awaiting_review'");
    within(sql, "s.contest", of.contests);
    // In the form that the indexes use.
    sql.push(match of.queue.only {
        Only::All | Only::Aside => "",
        Only::Warnings => r#" and s.verdict @> '{"rules": [{"outcome": "warn"}]}'"#,
        Only::Twins => r#" and s.verdict @> '{"rules": [{"rule": "duplicate", "outcome": "warn"}]}'"#,
    });
    sql.push(" and not exists (select from held_decisions h where h.submission = s.id and h.failed_at is null)");
}
