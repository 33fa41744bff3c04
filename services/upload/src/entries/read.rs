//! GET /api/v1/submissions/{id}: the state of an entry, for the holder of its token.
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, VARY};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use pipeline::lang::Lang;
use pipeline::replacing::{Cure, may_correct, may_replace};
use pipeline::screening::Verdict;
use pipeline::submission::State as Standing;
use runtime::problem::{Code, Problem};
use runtime::serving::openapi::vocabulary::SubmissionState;
use runtime::serving::principal::Subject;
use runtime::serving::render::{ProblemBody, lang_of};
use runtime::serving::status::{RejectionText, RuleStatus, UploadStatus};
use runtime::store::former::FormerFilm;
use runtime::store::submissions::SubmissionRow;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::contest_of;
use crate::app::App;
use crate::receipt;

/// The status of an entry.
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
    /// tus address of the upload that waits for the rest of its bytes, for a client that did not start it. HEAD there
    /// returns its offset and the metadata that its client sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    upload_url: Option<String>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection: Option<RejectionText>,
    /// The result of each rule of screening; absent before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Vec<RuleStatus>>,
    /// What the headers of the film mean for the simplest rules, seconds after its last byte. Absent before that, and
    /// once there is a verdict of screening, which decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_look: Option<Vec<RuleStatus>>,
    /// What the entrant can still change.
    changes: Changes,
    /// A cure window that the organisers opened for this work; absent once it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    cure: Option<CureText>,
    /// Films that another one replaced, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    former_films: Vec<FormerStatus>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What the entrant can still change.
#[derive(Serialize, ToSchema)]
pub(crate) struct Changes {
    /// Whether the film can be replaced now.
    film: bool,
    /// Whether the form can be corrected now.
    form: bool,
    /// Instant at which both end at the latest; absent if there is no deadline.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<DateTime<Utc>>,
    /// What has arrived of the film that was announced to replace the present one.
    #[serde(skip_serializing_if = "Option::is_none")]
    replacement: Option<UploadStatus>,
}

/// A cure window for one work.
#[derive(Serialize, ToSchema)]
pub(crate) struct CureText {
    /// Its end.
    until: DateTime<Utc>,
    /// What is to be cured.
    reason: String,
}

/// A film that another one replaced, with the decisions about it.
#[derive(Serialize, ToSchema)]
pub(crate) struct FormerStatus {
    /// Its last run.
    run: u32,
    /// The state of the work with it.
    #[schema(value_type = SubmissionState)]
    state: &'static str,
    /// SHA-256, hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection: Option<RejectionText>,
    /// The result of each rule of screening.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Vec<RuleStatus>>,
    /// When the other film was complete.
    replaced_at: DateTime<Utc>,
}

/// Returns the status of an entry.
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
    // The entrant must not learn which other works a film resembles.
    let rules = |verdict: &Verdict| rules_of(verdict, lang);
    let first_look = app.store.first_look(submission.id).await?;
    // This is polled while a film is checked: most works have one run.
    let former = if submission.machine.run > 1 { app.store.former_films(submission.id).await? } else { Vec::new() };
    let status = Status {
        id: submission.id.0,
        receipt: receipt::of(&app, &submission).await?.to_string(),
        contest: submission.contest.to_string(),
        title: submission.title.clone(),
        theme: submission.theme.clone(),
        state: submission.machine.state.name(),
        upload,
        upload_url: unfinished.map(|id| format!("{}/files/{id}", app.settings.public_url)),
        rejection: rejection_of(&submission.machine.state, lang),
        verdict: submission.verdict.as_ref().map(rules),
        first_look: first_look.as_ref().map(rules),
        changes: changes(&app, &submission, lang).await?,
        cure: submission.cure.clone().filter(|cure| app.clock.now() < cure.until).map(CureText::from),
        former_films: former.into_iter().map(|film| FormerStatus::of(film, lang)).collect(),
        created_at: submission.created_at,
        updated_at: submission.updated_at,
    };
    Ok((headers, Json(status)))
}

async fn changes(app: &App, submission: &SubmissionRow, lang: Lang) -> Result<Changes, Problem> {
    let machine = &submission.machine;
    if !machine.takes_upload() && !machine.state.may_be_replaced() {
        return Ok(Changes { film: false, form: false, until: None, replacement: None });
    }
    let (contest, now) = (contest_of(app, submission)?, app.clock.now());
    let facts = app.store.facts(submission.id).await?.ok_or(Code::SubmissionUnknown)?;
    let standing = facts.standing(contest, now);
    let (film, form) = (may_replace(&standing).is_ok(), may_correct(&standing).is_ok());
    let replacement = match facts.work.replacing {
        true => Some(UploadStatus::of_unfinished(&app.store, submission, lang).await?),
        false => None,
    };
    let until = contest.start_before(facts.cure.as_ref()).filter(|_| film || form);
    Ok(Changes { film, form, until, replacement })
}

/// The content of a verdict, without the other works that a film resembles.
fn rules_of(verdict: &Verdict, lang: Lang) -> Vec<RuleStatus> {
    verdict.rules.iter().map(|it| RuleStatus::of(it, lang).alone()).collect()
}

fn rejection_of(state: &Standing, lang: Lang) -> Option<RejectionText> {
    match state {
        Standing::Rejected { reason, .. } => Some(RejectionText::of(reason, lang)),
        _ => None,
    }
}

impl From<Cure> for CureText {
    fn from(Cure { until, reason }: Cure) -> Self {
        Self { until, reason }
    }
}

impl FormerStatus {
    fn of(film: FormerFilm, lang: Lang) -> Self {
        Self {
            run: film.run,
            state: film.state.name(),
            sha256: film.sha256.map(hex::encode),
            rejection: rejection_of(&film.state, lang),
            verdict: film.verdict.as_ref().map(|verdict| rules_of(verdict, lang)),
            replaced_at: film.replaced_at,
        }
    }
}
