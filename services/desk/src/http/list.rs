//! Lists: submissions by everything one may ask for, and the parts that failed too often.
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use pipeline::id::{PartnerId, SubmissionId};
use runtime::serving::openapi::vocabulary::SubmissionState;
use runtime::store::listing::{Listed, Parked, Wanted};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Page, cursor_of, limit_of, scope};
use crate::Desk;
use runtime::problem::{Code, Problem};
use runtime::serving::params::Params;
use runtime::serving::principal::Person;

/// What to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only this contest.
    contest: Option<String>,
    /// Only this state, such as `awaiting_review`.
    #[param(value_type = Option<SubmissionState>)]
    state: Option<String>,
    /// Only this theme.
    theme: Option<String>,
    /// Only those with a delivery to this partner.
    partner: Option<String>,
    /// Only those with a delivery in this state, such as `unknown`; with `partner`, to that partner.
    delivery: Option<String>,
    /// Only those whose title, synopsis or recommending unit contains this.
    text: Option<String>,
    /// The page behind the one whose `next` this is.
    cursor: Option<String>,
    /// 1 to 200, 50 if absent.
    limit: Option<u32>,
}

/// One line of the list.
#[derive(Serialize, ToSchema)]
pub(crate) struct Line {
    id: Uuid,
    contest: String,
    /// As in the entry's status.
    #[schema(value_type = SubmissionState)]
    state: String,
    /// Which pass it is in, from 1.
    run: i32,
    title: String,
    theme: String,
    recommending_unit: String,
    /// Size of the film, once it is whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<i64>,
    /// Parts that failed too often and wait for an operator.
    parked: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Listed> for Line {
    fn from(row: Listed) -> Self {
        Self {
            id: row.id,
            contest: row.contest,
            state: row.state,
            run: row.run,
            title: row.title,
            theme: row.theme,
            recommending_unit: row.recommending_unit,
            bytes: row.bytes,
            parked: row.parked,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Longest text to look for, in characters: the longest title.
const TEXT_CHARS: usize = 80;

/// Lists submissions, newest first.
#[utoipa::path(get, path = "/api/v1/submissions", tag = "desk", security(("token" = [])), params(Filter),
    responses((status = 200, description = "A page", body = Page<Line>)))]
pub(crate) async fn submissions(
    State(desk): State<Arc<Desk>>,
    Person(token): Person,
    Params(filter): Params<Filter>,
) -> Result<Json<Page<Line>>, Problem> {
    let limit = limit_of(filter.limit)?;
    if filter.text.as_ref().is_some_and(|text| text.chars().count() > TEXT_CHARS) {
        return Err(Code::QueryWrong.about(format!("text: at most {TEXT_CHARS} characters")));
    }
    let wanted = Wanted {
        contest: scope(&token, filter.contest)?,
        state: filter.state,
        theme: filter.theme,
        partner: filter.partner.map(PartnerId::new),
        delivery: filter.delivery,
        text: filter.text,
        before: cursor_of(filter.cursor.as_deref())?,
        limit: limit + 1,
    };
    let rows = desk.store.list(&wanted).await?.into_iter().map(Line::from).collect();
    Ok(Json(Page::of(rows, limit, |line: &Line| line.id.to_string())))
}

/// What to list of what is parked.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ParkedFilter {
    /// Only this contest.
    contest: Option<String>,
    /// The page behind the one whose `next` this is.
    cursor: Option<String>,
    /// Submissions on a page, 1 to 200, 50 if absent.
    limit: Option<u32>,
}

/// A part that failed too often.
#[derive(Serialize, ToSchema)]
pub(crate) struct ParkedPart {
    submission: Uuid,
    contest: String,
    run: i32,
    /// Stage by name.
    stage: String,
    /// Such as `rendition/social-1080`.
    part: String,
    /// How often it was tried.
    attempt: i32,
    /// Why the last try failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<DateTime<Utc>>,
}

impl From<Parked> for ParkedPart {
    fn from(row: Parked) -> Self {
        Self {
            submission: row.submission,
            contest: row.contest,
            run: row.run,
            stage: row.stage,
            part: row.part,
            attempt: row.attempt,
            last_error: row.last_error,
            finished_at: row.finished_at,
        }
    }
}

/// Lists what failed too often, by submission, newest first.
#[utoipa::path(get, path = "/api/v1/parked", tag = "desk", security(("token" = [])), params(ParkedFilter),
    responses((status = 200, description = "A page; all parked parts of a submission are on one", body = Page<ParkedPart>)))]
pub(crate) async fn parked(
    State(desk): State<Arc<Desk>>,
    Person(token): Person,
    Params(filter): Params<ParkedFilter>,
) -> Result<Json<Page<ParkedPart>>, Problem> {
    let limit = limit_of(filter.limit)?;
    let before = cursor_of::<SubmissionId>(filter.cursor.as_deref())?;
    let contest = scope(&token, filter.contest)?;
    let rows = desk.store.parked(contest.as_ref(), before, limit + 1).await?;
    let mut submissions: Vec<Uuid> = rows.iter().map(|row| row.submission).collect();
    submissions.dedup();
    let shown = &submissions[..submissions.len().min(limit as usize)];
    let next = if submissions.len() > shown.len() { shown.last().map(ToString::to_string) } else { None };
    let items = rows.into_iter().filter(|row| shown.contains(&row.submission)).map(ParkedPart::from).collect();
    Ok(Json(Page { items, next }))
}
