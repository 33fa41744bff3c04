//! `/contests/{contest}/enter`: the entry form. What is typed is kept on the server as a draft (`draft`); errors are
//! shown at their fields, all at once; a valid form becomes an entry under the draft's id and key, so a form that is
//! sent twice enters once.
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use pages::serve::see;
use pipeline::catalogue::Contest;
use pipeline::form::{self, Answers, Checked, Wrong};
use runtime::doors::Pseudonym;
use runtime::problem::{Code, Problem};
use runtime::serving::act::Act;
use runtime::serving::client::Peer;

use super::asked::{Part, parts};
use super::draft::{Visit, contest};
use super::opened::path;
use super::shell::Shell;
use super::typed::Typed;
use super::{cookies, shown_with};
use crate::app::App;
use crate::entries::{check_deadline, check_rate};
use crate::{act, receipt};

#[derive(Template)]
#[template(path = "enter.html")]
struct EnterPage {
    shell: Shell,
    contest: Contest,
    parts: Vec<Part>,
    /// Fields with errors, by their id on the page and label; empty before the form was sent.
    wrong: Vec<(String, String)>,
    /// Whether a draft was found.
    resumed: bool,
}

/// GET: the form, with what was typed earlier in this browser.
pub(crate) async fn form(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    shell: Shell,
) -> Result<Response, Problem> {
    let contest = contest(&app, &id)?;
    if !contest.accepts(shell.now) {
        return Ok(see(format!("/contests/{}", contest.id)));
    }
    let visit = Visit::of(&app, contest, &headers).await?;
    let answers = visit.typed().await?;
    let resumed = answers.is_some();
    page(&visit, StatusCode::OK, shell, &answers.unwrap_or_default(), &[], resumed)
}

/// POST: enters the work, or shows the errors.
pub(crate) async fn enter(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    peer: Option<Extension<Peer>>,
    address: Option<Extension<Pseudonym>>,
    headers: HeaderMap,
    shell: Shell,
    typed: Typed,
) -> Result<Response, Problem> {
    let contest = contest(&app, &id)?;
    let answers = typed.answers(contest);
    if let Some(entered) = already(&app, &headers).await? {
        return Ok(entered);
    }
    check_deadline(contest, None, shell.now)?;
    check_rate(&app, peer, &headers)?;
    let visit = Visit::of_sent(&app, contest, &headers).await?;
    match form::check(contest, &answers) {
        Ok(form) => match entered(&visit, &form, &Act::at_page(None, address.map(|Extension(it)| it))).await {
            // The same form was sent at the same time, by a double click.
            Err(problem) if problem.code == Code::IdempotencyKeyReused => already(&app, &headers).await?.ok_or(problem),
            // Another unit may be named: what was typed is still in the form.
            Err(problem) if matches!(problem.code, Code::UnitQuotaFull | Code::UnitDeadlinePassed) => {
                visit.keep(&answers).await?;
                Err(problem)
            }
            answer => answer,
        },
        Err(wrong) => {
            // What was typed must not be lost with the page.
            visit.keep(&answers).await?;
            page(&visit, StatusCode::UNPROCESSABLE_ENTITY, shell, &answers, &wrong, false)
        }
    }
}

/// Whether the draft of this browser has become an entry already: the form was sent twice.
async fn already(app: &App, headers: &HeaderMap) -> Result<Option<Response>, Problem> {
    let Some(token) = cookies::of_draft(app, headers) else { return Ok(None) };
    let entry = app.store.submission(token.id).await?.filter(|entry| token.opens(&entry.token_sha256));
    let Some(entry) = entry else { return Ok(None) };
    let receipt = receipt::of(app, &entry).await?;
    let mut response = see(path(&receipt));
    response.headers_mut().insert(SET_COOKIE, cookies::keep_entry(app, &receipt, &token));
    Ok(Some(response))
}

/// Enters the form as the draft's work.
async fn entered(visit: &Visit<'_>, form: &Checked, act: &Act) -> Result<Response, Problem> {
    act::enter::enter(visit.app, visit.contest, form, &visit.token, act).await?;
    let entry = visit.app.store.submission(visit.token.id).await?.ok_or(Code::SubmissionUnknown)?;
    let receipt = receipt::of(visit.app, &entry).await?;
    let mut response = see(path(&receipt));
    let headers = response.headers_mut();
    headers.append(SET_COOKIE, cookies::end_draft(visit.app, visit.contest));
    headers.append(SET_COOKIE, cookies::keep_entry(visit.app, &receipt, &visit.token));
    Ok(response)
}

/// The form with these answers and errors.
fn page(
    visit: &Visit<'_>,
    status: StatusCode,
    shell: Shell,
    answers: &Answers,
    wrong: &[Wrong],
    resumed: bool,
) -> Result<Response, Problem> {
    let (parts, wrong) = parts(visit.contest, answers, wrong, shell.say);
    let page = EnterPage { shell, contest: visit.contest.clone(), parts, wrong, resumed };
    let mut response = shown_with(status, &page)?;
    response.headers_mut().append(SET_COOKIE, cookies::keep_draft(visit.app, visit.contest, &visit.token));
    Ok(response)
}
