//! GET /api/v1/submissions/{id}: the state of an entry, for the holder of its token.
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, VARY};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use pipeline::lang::Lang;
use pipeline::replacing::{may_correct, may_replace};
use pipeline::screening::Verdict;
use runtime::problem::{Code, Problem};
use runtime::serving::principal::Subject;
use runtime::serving::render::{ProblemBody, lang_of};
use runtime::serving::status::UploadStatus;
use runtime::store::submissions::SubmissionRow;

use super::contest_of;
use super::status::{Changes, CureText, FormerStatus, Status, rejection_of, rules_of};
use crate::app::App;
use crate::receipt;

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
    let circumstances = facts.circumstances(contest, now);
    let (film, form) = (may_replace(&circumstances).is_ok(), may_correct(&circumstances).is_ok());
    let replacement = match facts.work.replacing {
        true => Some(UploadStatus::of_unfinished(&app.store, submission, lang).await?),
        false => None,
    };
    let until = contest.start_before(facts.cure.as_ref()).filter(|_| film || form);
    Ok(Changes { film, form, until, replacement })
}
