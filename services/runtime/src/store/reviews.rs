//! The screening queue: which work is next for a reviewer, who has its card open, and which works were skipped.
//!
//! The text of a query contains only the queue's filter, so that the planner uses its index, as in `listing`.
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{PersonId, SubmissionId};
use pipeline::person::Sees;
use pipeline::queue::{Only, Queue};
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::Store;
use super::listing::{Count, within};

/// How long a card stays claimed: longer than the longest work and a look at its form.
pub const CLAIM: Duration = Duration::from_secs(600);
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

/// Who has a card open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The reviewer, until this time.
    Own(DateTime<Utc>),
    /// Another reviewer.
    Other(Claimant),
    /// The work does not await review.
    Gone,
}

/// Another reviewer who has a card open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimant {
    /// Their name.
    pub name: String,
    /// The end of the claim, unless they open the card again.
    pub until: DateTime<Utc>,
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

    /// Claims one work for a reviewer, or extends their claim, unless another reviewer has it open.
    pub async fn claim_card(
        &self,
        submission: SubmissionId,
        person: PersonId,
        session: Option<Uuid>,
    ) -> anyhow::Result<Claim> {
        let until = sqlx::query_scalar!(
            "/* claim_card */
            -- Waits for a correction of the texts: the card is read after it.
            with waiting as (select id from submissions where id = $1 and state = 'awaiting_review' for no key update)
            insert into review_claims (submission, person, session, until)
            select id, $2, $3, clock_timestamp() + make_interval(secs => $4) from waiting
            on conflict (submission) do update
                set person = excluded.person, session = excluded.session, until = excluded.until
                where review_claims.until <= clock_timestamp() or review_claims.person = excluded.person
            returning until",
            submission.0,
            person.0,
            session,
            CLAIM.as_secs_f64(),
        )
        .fetch_optional(self.pool())
        .await
        .context("claim a work")?;
        if let Some(until) = until {
            return Ok(Claim::Own(until));
        }
        let mut connection = self.pool().acquire().await.context("connect")?;
        let other = claimant(&mut connection, submission, person).await?;
        Ok(other.map_or(Claim::Gone, Claim::Other))
    }

    /// Ends a reviewer's claim. Returns whether there was one.
    pub async fn give_back(&self, submission: SubmissionId, person: PersonId) -> anyhow::Result<bool> {
        let ended = sqlx::query!(
            "/* give_back */ delete from review_claims where submission = $1 and person = $2",
            submission.0,
            person.0,
        )
        .execute(self.pool())
        .await
        .context("give a work back")?;
        Ok(ended.rows_affected() == 1)
    }
}

/// The other reviewer who has a work's card open now.
pub async fn claimant(
    tx: &mut PgConnection,
    submission: SubmissionId,
    person: PersonId,
) -> anyhow::Result<Option<Claimant>> {
    sqlx::query_as!(
        Claimant,
        "/* claimant */
        select p.name, c.until from review_claims c join persons p on p.id = c.person
        where c.submission = $1 and c.person <> $2 and c.until > clock_timestamp()",
        submission.0,
        person.0,
    )
    .fetch_optional(tx)
    .await
    .context("ask who has a work open")
}

/// Puts a work at the end of a reviewer's queues and ends their claim.
pub async fn put_aside(tx: &mut PgConnection, submission: SubmissionId, person: PersonId) -> anyhow::Result<()> {
    sqlx::query!(
        "/* put_aside */
        insert into review_later (submission, person, at) values ($1, $2, clock_timestamp())
        on conflict (submission, person) do update set at = excluded.at",
        submission.0,
        person.0,
    )
    .execute(&mut *tx)
    .await
    .context("put a work aside")?;
    end_claims(tx, submission, person).await
}

/// Deletes the records of who skipped a work, once it is decided on.
pub(super) async fn take_up(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<()> {
    sqlx::query!("/* take_up */ delete from review_later where submission = $1", submission.0)
        .execute(tx)
        .await
        .context("forget who put a work aside")?;
    Ok(())
}

/// Ends the claim on a work, and the person's expired claims.
pub(super) async fn end_claims(
    tx: &mut PgConnection,
    submission: SubmissionId,
    person: PersonId,
) -> anyhow::Result<()> {
    sqlx::query!(
        "/* end_claims */
        delete from review_claims where submission = $1 and person = $2 or person = $2 and until <= clock_timestamp()",
        submission.0,
        person.0,
    )
    .execute(tx)
    .await
    .context("end claims")?;
    Ok(())
}

/// Ends every claim on a work, and deletes the records of who skipped it, because its card has changed.
pub(super) async fn end_all(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<()> {
    sqlx::query!("/* end_claims_of_a_work */ delete from review_claims where submission = $1", submission.0)
        .execute(&mut *tx)
        .await
        .context("end the claims on a work")?;
    take_up(tx, submission).await
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
