//! Reads the trail.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use pipeline::person::Sees;
use serde::Serialize;
use serde_json::Value;
use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::store::Store;
use crate::store::watching::listing::within;

/// The most rows on one page.
const PAGE: u32 = 500;

/// One row for readers.
#[derive(Clone, Debug, Serialize, FromRow)]
pub struct AuditRow {
    /// 1, 2, 3 … without gaps.
    pub seq: i64,
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// Kind of person, such as `organiser`.
    pub actor: String,
    /// The actor: the person's name, or `operator on HOST`.
    pub name: String,
    /// The person; absent for entrants and for a login that belongs to no person.
    pub person: Option<Uuid>,
    /// The credential, such as a token.
    pub credential: Option<Uuid>,
    /// Pseudonym of the address that it came from.
    pub address: Option<String>,
    /// What was done.
    pub act: String,
    /// The submission that it was done to.
    pub submission: Option<Uuid>,
    /// Its title; absent if it has been deleted since.
    pub title: Option<String>,
    /// Contest of the submission, or the contest that the token or the roles belong to.
    pub contest: Option<String>,
    /// The partner that it concerns.
    pub partner: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The state before.
    pub before: Value,
    /// The state after.
    pub after: Value,
    /// Hash of the row, hex.
    pub hash: String,
}

/// Which rows to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only acts on this submission.
    pub submission: Option<SubmissionId>,
    /// Only acts on submissions of these contests, and on tokens and roles that belong to only one of them.
    pub contests: Sees,
    /// Only acts of this name.
    pub act: Option<String>,
    /// Only acts of this person.
    pub person: Option<Uuid>,
    /// Only rows before this one; for the next page.
    pub before: Option<i64>,
    /// At most this many; capped at 500.
    pub limit: Option<u32>,
}

impl Store {
    /// Rows of the trail, newest first. The query contains only the filters that are given, so that each uses its
    /// index.
    pub async fn audit(&self, filter: &AuditFilter) -> anyhow::Result<Vec<AuditRow>> {
        let mut sql = QueryBuilder::<Postgres>::new(
            "/* audit */
            select seq, at, actor, name, person, credential, address, act, submission,
                (select title from submissions s where s.id = audit.submission) as title,
                contest, partner, reason, before, after, encode(hash, 'hex') as hash
            from audit where true",
        );
        if let Some(submission) = filter.submission {
            sql.push(" and submission = ").push_bind(submission.0);
        }
        within(&mut sql, "contest", &filter.contests);
        if let Some(act) = &filter.act {
            sql.push(" and act = ").push_bind(act.clone());
        }
        if let Some(person) = filter.person {
            sql.push(" and person = ").push_bind(person);
        }
        if let Some(before) = filter.before {
            sql.push(" and seq < ").push_bind(before);
        }
        sql.push(" order by seq desc limit ").push_bind(i64::from(filter.limit.unwrap_or(100).min(PAGE)));
        let query = sql.build_query_as::<AuditRow>().persistent(false);
        query.fetch_all(self.pool()).await.context("read the audit trail")
    }
}
