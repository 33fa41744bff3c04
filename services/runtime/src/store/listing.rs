//! Lists for organisers: submissions by everything they are asked for, and what is parked.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{ContestId, PartnerId, SubmissionId};
use serde::Serialize;
use uuid::Uuid;

use super::Store;

/// Rows of one page at most.
pub const MOST_ROWS: u32 = 200;

/// Which submissions to list, newest first. Every given field narrows the list down.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only this contest.
    pub contest: Option<ContestId>,
    /// Only this state, by its name.
    pub state: Option<String>,
    /// Only this theme.
    pub theme: Option<String>,
    /// Only those with a delivery to this partner.
    pub partner: Option<PartnerId>,
    /// Only those with a delivery in this state, by its name; with `partner`, to that partner.
    pub delivery: Option<String>,
    /// Only those whose title, synopsis or recommending unit contains this, whatever its case.
    pub text: Option<String>,
    /// Only those entered before this one; for the next page.
    pub before: Option<SubmissionId>,
    /// At most this many, capped.
    pub limit: u32,
}

/// One line of the list. No personal data.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its id.
    pub id: Uuid,
    /// The contest.
    pub contest: String,
    /// State by name.
    pub state: String,
    /// Which pass it is in.
    pub run: i32,
    /// As entered.
    pub title: String,
    /// As entered.
    pub theme: String,
    /// As entered.
    pub recommending_unit: String,
    /// Size of the film, once it is whole.
    pub bytes: Option<i64>,
    /// Parts that failed too often and wait for an operator.
    pub parked: i64,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// When anything about it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A part that failed too often.
#[derive(Clone, Debug, Serialize)]
pub struct Parked {
    /// Whose.
    pub submission: Uuid,
    /// Of which contest.
    pub contest: String,
    /// The run.
    pub run: i32,
    /// The stage's name.
    pub stage: String,
    /// The part's text form.
    pub part: String,
    /// How often it was tried.
    pub attempt: i32,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it was parked.
    pub finished_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Submissions, newest first.
    pub async fn list(&self, wanted: &Wanted) -> anyhow::Result<Vec<Listed>> {
        sqlx::query_as!(
            Listed,
            r#"/* list */
            select s.id, s.contest, s.state, s.run, s.title, s.theme, s.recommending_unit, s.mezzanine_bytes as bytes,
                (select count(*) from parts p where p.submission = s.id and p.status = 'parked') as "parked!",
                s.created_at, s.updated_at
            from submissions s
            where ($1::text is null or s.contest = $1) and ($2::text is null or s.state = $2)
                and ($3::text is null or s.theme = $3)
                and (($4::text is null and $5::text is null) or exists (
                    select from deliveries d where d.submission = s.id
                        and ($4::text is null or d.partner = $4) and ($5::text is null or d.state = $5)))
                and ($6::text is null or strpos(lower(s.title || ' ' || s.synopsis || ' ' || s.recommending_unit), lower($6)) > 0)
                and ($7::uuid is null or s.id < $7)
            order by s.id desc limit $8"#,
            wanted.contest.as_ref().map(ContestId::as_str),
            wanted.state,
            wanted.theme,
            wanted.partner.as_ref().map(PartnerId::as_str),
            wanted.delivery,
            wanted.text,
            wanted.before.map(|id| id.0),
            i64::from(wanted.limit.min(MOST_ROWS)),
        )
        .fetch_all(self.pool())
        .await
        .context("list submissions")
    }

    /// Parts that failed too often, by submission, newest submission first. `before` is the last submission of the page
    /// before this one: pages end between submissions, so that none is cut in two.
    pub async fn parked(
        &self,
        contest: Option<&ContestId>,
        before: Option<SubmissionId>,
        limit: u32,
    ) -> anyhow::Result<Vec<Parked>> {
        sqlx::query_as!(
            Parked,
            "/* parked */
            select p.submission, s.contest, p.run, p.stage, p.part, p.attempt, p.last_error, p.finished_at
            from parts p join submissions s on s.id = p.submission
            where p.status = 'parked' and p.submission in (
                select distinct q.submission from parts q join submissions t on t.id = q.submission
                where q.status = 'parked' and ($1::text is null or t.contest = $1) and ($2::uuid is null or q.submission < $2)
                order by q.submission desc limit $3)
            order by p.submission desc, p.run, p.stage, p.part",
            contest.map(ContestId::as_str),
            before.map(|id| id.0),
            i64::from(limit.min(MOST_ROWS)),
        )
        .fetch_all(self.pool())
        .await
        .context("list what is parked")
    }
}
