//! GET /api/v1/audit: who did what, and why.
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use runtime::store::audit::{AuditFilter, AuditRow};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Page, cursor_of, limit_of, scope};
use crate::Desk;
use runtime::problem::Problem;
use runtime::serving::params::Params;
use runtime::serving::principal::Person;

/// Which rows.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only acts on this submission.
    submission: Option<Uuid>,
    /// Only acts on submissions, tokens and roles of this contest.
    contest: Option<String>,
    /// Only acts of this name, such as `released`.
    act: Option<String>,
    /// The page behind the one whose `next` this is.
    cursor: Option<String>,
    /// 1 to 200, 50 if absent.
    limit: Option<u32>,
}

/// What somebody did.
#[derive(Serialize, ToSchema)]
pub(crate) struct Row {
    /// 1, 2, 3 … without gaps.
    seq: i64,
    at: DateTime<Utc>,
    /// `entrant`, `screener`, `organiser`, `operator` or `admin`.
    actor: String,
    /// The person's name, or `operator on HOST` for a login at the command line that is no person's.
    name: String,
    /// The person.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<Uuid>,
    /// The credential that they used, such as a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<Uuid>,
    /// Pseudonym of the address that the request came from, as in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// Stable name of what was done.
    act: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    submission: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[schema(value_type = Object)]
    before: Value,
    #[schema(value_type = Object)]
    after: Value,
    /// SHA-256 of the row and the one before it, hex.
    hash: String,
}

impl From<AuditRow> for Row {
    fn from(row: AuditRow) -> Self {
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
            contest: row.contest,
            partner: row.partner,
            reason: row.reason,
            before: row.before,
            after: row.after,
            hash: row.hash,
        }
    }
}

/// Reads the audit trail, newest first. Who is bound to a contest sees what was done to its submissions, tokens and roles.
#[utoipa::path(get, path = "/api/v1/audit", tag = "desk", security(("token" = [])), params(Filter),
    responses((status = 200, description = "A page", body = Page<Row>)))]
pub(crate) async fn trail(
    State(desk): State<Arc<Desk>>,
    Person(token): Person,
    Params(filter): Params<Filter>,
) -> Result<Json<Page<Row>>, Problem> {
    let limit = limit_of(filter.limit)?;
    let wanted = AuditFilter {
        submission: filter.submission.map(SubmissionId),
        contest: scope(&token, filter.contest)?,
        act: filter.act,
        before: cursor_of(filter.cursor.as_deref())?,
        limit: Some(limit + 1),
    };
    let rows = desk.store.audit(&wanted).await?.into_iter().map(Row::from).collect();
    Ok(Json(Page::of(rows, limit, |row: &Row| row.seq.to_string())))
}
