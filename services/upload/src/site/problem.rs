//! A problem as a page. Programs read the same problem as JSON from the API.
use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::RETRY_AFTER;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use pipeline::lang::Lang;
use runtime::problem::Problem;

use super::shell::Shell;
use super::shown_with;
use crate::app::App;

#[derive(Template)]
#[template(path = "site_problem.html")]
struct ProblemPage {
    shell: Shell,
    sentence: &'static str,
    code: &'static str,
}

/// A page that shows a problem in its own words: with the problem's status, and the denial for the server's log.
pub(super) fn again(problem: Problem, mut page: Response) -> Response {
    let mut refused = problem.into_response();
    refused.extensions_mut().remove::<Problem>();
    *page.extensions_mut() = std::mem::take(refused.extensions_mut());
    page
}

/// Middleware around every route of pages: a problem is answered as a page in the visitor's language, with its status
/// and the time to wait.
pub(crate) async fn as_page(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let shell = Shell::of(&app, &parts);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let Some(problem) = response.extensions().get::<Problem>().cloned() else { return response };
    let row = problem.code.row();
    let sentence = if shell.say.lang == Lang::Zh { row.zh } else { row.en };
    let page = ProblemPage { shell, sentence, code: row.code };
    let Ok(mut rendered) = shown_with(response.status(), &page) else { return response };
    response.extensions_mut().remove::<Problem>();
    *rendered.extensions_mut() = std::mem::take(response.extensions_mut());
    if matches!(rendered.status().as_u16(), 429 | 503) {
        rendered.headers_mut().insert(RETRY_AFTER, HeaderValue::from(problem.retry_after_s()));
    }
    rendered
}
