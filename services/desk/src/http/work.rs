//! GET /api/v1/submissions/{id}: one work as staff see it.
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, VARY};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use pipeline::screening::{RuleVerdict, Verdict};
use pipeline::submission::State as Standing;
use runtime::problem::Problem;
use runtime::serving::openapi::vocabulary::SubmissionState;
use runtime::serving::principal::Subject;
use runtime::serving::render::lang_of;
use runtime::serving::status::{RejectionText, RuleStatus, UploadStatus};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Desk;

/// One work. No personal data.
#[derive(Serialize, ToSchema)]
pub(crate) struct Work {
    id: Uuid,
    contest: String,
    title: String,
    theme: String,
    /// `uploading`, `probe`, `screen`, `awaiting_review`, `transcode`, `assemble`, `awaiting_release`, `publish`, `published`,
    /// `rejected`, `withdrawn` or `revoked`.
    #[schema(value_type = SubmissionState)]
    state: &'static str,
    /// Which pass it is in.
    run: u32,
    synopsis: String,
    recommending_unit: String,
    /// Originality, rights and AI use as declared.
    #[schema(value_type = Object)]
    declarations: serde_json::Value,
    /// What has arrived of the film.
    upload: UploadStatus,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection: Option<RejectionText>,
    /// What screening says of each rule; absent before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Vec<RuleStatus>>,
    /// What the headers of the film say of the simplest rules. Absent once screening has spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_look: Option<Vec<RuleStatus>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Shows one work.
#[utoipa::path(get, path = "/api/v1/submissions/{id}", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "The work", body = Work)))]
pub(crate) async fn work(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(row)): Extension<Subject>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let lang = lang_of(&headers);
    let headers =
        [(CACHE_CONTROL, "no-store"), (CONTENT_LANGUAGE, lang.tag()), (VARY, "Accept-Language, Authorization")];
    let rejection = match &row.machine.state {
        Standing::Rejected { reason, .. } => Some(RejectionText::of(reason, lang)),
        _ => None,
    };
    let rule = |it: &RuleVerdict| RuleStatus::of(it, lang);
    let rules = |verdict: &Verdict| verdict.rules.iter().map(rule).collect();
    let work = Work {
        id: row.id.0,
        contest: row.contest.to_string(),
        title: row.title.clone(),
        theme: row.theme.clone(),
        state: row.machine.state.name(),
        run: row.machine.run,
        synopsis: row.synopsis.clone(),
        recommending_unit: row.recommending_unit.clone(),
        declarations: row.declarations.clone(),
        upload: UploadStatus::of(&desk.store, &row, lang).await?,
        rejection,
        verdict: row.verdict.as_ref().map(rules),
        first_look: desk.store.first_look(row.id).await?.as_ref().map(rules),
        created_at: row.created_at,
        updated_at: row.updated_at,
    };
    Ok((headers, Json(work)))
}
