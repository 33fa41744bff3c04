//! GET /api/v1/submissions/{id}: how an entry stands, for the holder of its token.
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
use runtime::serving::render::{ProblemBody, lang_of};
use runtime::serving::status::{RejectionText, RuleStatus, UploadStatus};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::receipt;

/// How an entry stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct Status {
    id: Uuid,
    /// The number of its receipt, by which people name the entry.
    #[schema(example = "GQ24-4829-1735-0617")]
    receipt: String,
    contest: String,
    title: String,
    theme: String,
    /// `uploading`, `probe`, `screen`, `awaiting_review`, `transcode`, `assemble`, `awaiting_release`, `publish`, `published`,
    /// `rejected`, `withdrawn` or `revoked`.
    #[schema(value_type = SubmissionState)]
    state: &'static str,
    /// What has arrived of the film.
    upload: UploadStatus,
    /// tus address of the upload that waits for the rest of its bytes, for a client that did not begin it. HEAD there returns how far it is, and
    /// the metadata that its client sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    upload_url: Option<String>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection: Option<RejectionText>,
    /// What screening says of each rule; absent before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Vec<RuleStatus>>,
    /// What the headers of the film say of the simplest rules, seconds after its last byte. Absent before that and once screening has
    /// spoken, whose word counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_look: Option<Vec<RuleStatus>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Tells how an entry stands.
#[utoipa::path(
    get, path = "/api/v1/submissions/{id}", tag = "entries", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses(
        (status = 200, description = "How it stands", body = Status),
        (status = 401, description = "No token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Wrong token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Try again later", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Extension(Subject(submission)): Extension<Subject>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let lang = lang_of(&headers);
    let headers =
        [(CACHE_CONTROL, "no-store"), (CONTENT_LANGUAGE, lang.tag()), (VARY, "Accept-Language, Authorization")];
    let upload = UploadStatus::of(&app.store, &submission, lang).await?;
    let unfinished = app.store.unfinished_upload(submission.id, app.clock.now()).await?;
    let rejection = match &submission.machine.state {
        Standing::Rejected { reason, .. } => Some(RejectionText::of(reason, lang)),
        _ => None,
    };
    // Which other works a film resembles is not the entrant's to know.
    let rule = |it: &RuleVerdict| RuleStatus::of(it, lang).alone();
    let rules = |verdict: &Verdict| verdict.rules.iter().map(rule).collect();
    let first_look = app.store.first_look(submission.id).await?;
    let status = Status {
        id: submission.id.0,
        receipt: receipt::of(&app, &submission).await?.to_string(),
        contest: submission.contest.to_string(),
        title: submission.title.clone(),
        theme: submission.theme.clone(),
        state: submission.machine.state.name(),
        upload,
        upload_url: unfinished.map(|id| format!("{}/files/{id}", app.settings.public_url)),
        rejection,
        verdict: submission.verdict.as_ref().map(rules),
        first_look: first_look.as_ref().map(rules),
        created_at: submission.created_at,
        updated_at: submission.updated_at,
    };
    Ok((headers, Json(status)))
}
