//! GET /api/v1/submissions/{id}: how an entry stands, for whoever has its token, and for organisers.
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, VARY};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use pipeline::lang::Lang;
use pipeline::screening::{Outcome, Rule, RuleVerdict, Twin, Verdict};
use pipeline::submission::State as Standing;
use runtime::store::submissions::SubmissionRow;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{Principal, Subject};
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::render::{ProblemBody, lang_of};

/// How an entry stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct Status {
    id: Uuid,
    contest: String,
    title: String,
    theme: String,
    /// `uploading`, `probe`, `screen`, `awaiting_review`, `transcode`, `assemble`, `awaiting_release`, `publish`, `published`,
    /// `rejected`, `withdrawn` or `revoked`.
    state: &'static str,
    /// What has arrived of the film.
    upload: UploadStatus,
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
    /// The rest of the form, for organisers; without personal data.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    form: Option<FormText>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// The rest of the form, and which pass the entry is in.
#[derive(Serialize, ToSchema)]
pub(crate) struct FormText {
    run: u32,
    synopsis: String,
    recommending_unit: String,
    /// Originality, rights and AI use as declared.
    #[schema(value_type = Object)]
    declarations: serde_json::Value,
}

/// What has arrived of the film.
#[derive(Serialize, ToSchema)]
pub(crate) struct UploadStatus {
    /// Bytes that are durable.
    offset: u64,
    /// Whole length, once told.
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
    /// SHA-256 of the film as stored, hex; there once it was read back.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// Why the last upload came to nothing, until another one begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureText>,
}

/// Why an upload failed.
#[derive(Serialize, ToSchema)]
pub(crate) struct FailureText {
    /// Stable name, the same as in answers about the upload.
    code: &'static str,
    /// In the language that was asked for.
    text: &'static str,
    zh: &'static str,
    en: &'static str,
}

/// Why an entry was refused.
#[derive(Serialize, ToSchema)]
pub(crate) struct RejectionText {
    /// Stable name.
    code: &'static str,
    /// In the language that was asked for.
    text: String,
    zh: String,
    en: String,
}

/// One rule's word.
#[derive(Serialize, ToSchema)]
pub(crate) struct RuleStatus {
    /// Stable name.
    #[schema(value_type = String, example = "duration")]
    rule: Rule,
    /// `pass`, `warn` or `fail`.
    #[schema(value_type = String, example = "pass")]
    outcome: Outcome,
    /// What was measured.
    measured: String,
    /// What is allowed.
    limit: String,
    /// Whether a new export of the same cut can cure it.
    curable: bool,
    /// In the language that was asked for.
    text: String,
    zh: String,
    en: String,
    /// Other entries that it is about, with the times that match; for organisers only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    others: Vec<Twin>,
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
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let lang = lang_of(&headers);
    let headers =
        [(CACHE_CONTROL, "no-store"), (CONTENT_LANGUAGE, lang.tag()), (VARY, "Accept-Language, Authorization")];
    let upload = upload_status(&app, &submission, lang).await?;
    let rejection = match &submission.machine.state {
        Standing::Rejected { reason, .. } => {
            use pipeline::lang::Lang::{En, Zh};
            let (text, zh, en) = (reason.text(lang), reason.text(Zh), reason.text(En));
            Some(RejectionText { code: reason.code(), text, zh, en })
        }
        _ => None,
    };
    let rule = |it: &RuleVerdict| RuleStatus {
        rule: it.rule,
        outcome: it.outcome,
        measured: it.measured.clone(),
        limit: it.limit.clone(),
        curable: it.curable,
        text: it.text(lang).to_owned(),
        zh: it.zh.clone(),
        en: it.en.clone(),
        others: match principal {
            Principal::Entrant(_) => Vec::new(),
            Principal::Person(_) => it.others.clone(),
        },
    };
    let rules = |verdict: &Verdict| verdict.rules.iter().map(rule).collect();
    let first_look = app.store.first_look(submission.id).await?;
    let status = Status {
        id: submission.id.0,
        contest: submission.contest.to_string(),
        title: submission.title.clone(),
        theme: submission.theme.clone(),
        state: submission.machine.state.name(),
        upload,
        rejection,
        verdict: submission.verdict.as_ref().map(rules),
        first_look: first_look.as_ref().map(rules),
        form: match principal {
            Principal::Entrant(_) => None,
            Principal::Person(_) => Some(form_of(&submission)),
        },
        created_at: submission.created_at,
        updated_at: submission.updated_at,
    };
    Ok((headers, Json(status)))
}

fn form_of(submission: &SubmissionRow) -> FormText {
    FormText {
        run: submission.machine.run,
        synopsis: submission.synopsis.clone(),
        recommending_unit: submission.recommending_unit.clone(),
        declarations: submission.declarations.clone(),
    }
}

async fn upload_status(app: &App, submission: &SubmissionRow, lang: Lang) -> anyhow::Result<UploadStatus> {
    if let Some(bytes) = submission.mezzanine_bytes {
        let sha256 = submission.mezzanine_sha256.as_deref().map(hex::encode);
        return Ok(UploadStatus { offset: bytes, length: Some(bytes), sha256, failure: None });
    }
    let (offset, length) = app.store.uploaded_bytes(submission.id).await?;
    let failure = app.store.last_failure(submission.id).await?.map(|failure| {
        let row = Code::from(failure).row();
        let text = if lang == Lang::Zh { row.zh } else { row.en };
        FailureText { code: row.code, text, zh: row.zh, en: row.en }
    });
    Ok(UploadStatus { offset, length, sha256: None, failure })
}
