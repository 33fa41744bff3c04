//! The audit trail: who did what, and why, newest first.
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use runtime::problem::Problem;
use runtime::store::people::audit::{AuditFilter, AuditRow};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Page, contests_of, cursor_of, known, limit_of};
use crate::Desk;
use crate::act::Caller;

mod words;

pub use words::{ACTS, said};

/// Which acts. An unknown contest or act is a problem that lists the known ones.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TrailFilter {
    /// Only acts on this submission.
    pub submission: Option<Uuid>,
    /// Only acts on submissions, jobs, webhooks, tokens and roles of this contest.
    pub contest: Option<String>,
    /// Only acts of this name, such as `released`.
    pub act: Option<String>,
    /// Only acts of this person.
    pub person: Option<Uuid>,
    /// The page after the one whose `next` this is.
    pub cursor: Option<String>,
    /// 1 to 200, 50 if absent.
    pub limit: Option<u32>,
}

/// What a person did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Row {
    /// 1, 2, 3 … without gaps.
    pub seq: i64,
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// `entrant`, `screener`, `organiser`, `operator` or `admin`.
    pub actor: String,
    /// The person's name, or `operator on HOST` for a login at the command line that belongs to no person.
    pub name: String,
    /// The person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Uuid>,
    /// The credential that they used, such as a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<Uuid>,
    /// Pseudonym of the address that the request came from, as in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Stable name of what was done.
    pub act: String,
    /// The work that it was done to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submission: Option<Uuid>,
    /// The work's title now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The contest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contest: Option<String>,
    /// The partner that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The state before; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// The state after; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
    /// SHA-256 of the row and the one before it, hex.
    pub hash: String,
}

/// Reads the trail. A caller who sees only some contests sees only the acts that belong to those.
pub async fn trail(desk: &Desk, caller: &Caller, filter: &TrailFilter) -> Result<Page<Row>, Problem> {
    let limit = limit_of(filter.limit)?;
    if let Some(act) = &filter.act {
        known("act", act, &ACTS.map(|(name, ..)| name))?;
    }
    let wanted = AuditFilter {
        submission: filter.submission.map(SubmissionId),
        contests: contests_of(desk, caller, filter.contest.as_deref())?,
        act: filter.act.clone(),
        person: filter.person,
        before: cursor_of(filter.cursor.as_deref())?,
        limit: Some(limit + 1),
    };
    let rows = desk.store.audit(&wanted).await?.into_iter().map(Row::from).collect();
    Ok(Page::of(rows, limit, |row: &Row| row.seq.to_string()))
}

impl From<AuditRow> for Row {
    fn from(row: AuditRow) -> Self {
        let some = |it: Value| if it.is_null() { None } else { Some(it) };
        Self {
            seq: row.seq,
            at: row.at,
            actor: row.actor,
            name: row.name,
            person: row.person,
            credential: row.credential,
            address: row.address,
            act: row.act,
            submission: row.submission,
            title: row.title,
            contest: row.contest,
            partner: row.partner,
            reason: row.reason,
            before: some(row.before),
            after: some(row.after),
            hash: row.hash,
        }
    }
}
