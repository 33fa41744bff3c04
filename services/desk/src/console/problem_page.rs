//! A problem as a page, for browsers. Programs read the same problem as JSON.
use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use runtime::problem::Problem;

use super::visit::{Visit, path_of, said_in};
use super::{Here, Shell, shown_with};
use crate::Desk;

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    shell: Shell,
    back: String,
}

/// Middleware around every route: outside `/api/`, a problem is answered as a page in the visitor's language. The
/// routes' log data about a refusal stay with the answer.
pub async fn as_pages(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let say = said_in(&parts.headers);
    let path = path_of(&parts);
    let is_read = parts.method == Method::GET;
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let visit = response.extensions_mut().remove::<Visit>();
    let Some(problem) = response.extensions().get::<Problem>().cloned() else { return response };
    let shell = match &visit {
        Some(visit) => visit.shell(Here::Elsewhere),
        None => Shell::outside(say, path.as_str(), desk.clock.now()).at(desk.site),
    };
    // After a form, the page that contains it; a page that cannot be shown is no way back.
    let back = if is_read { desk.site.home().to_owned() } else { parent(&path).to_owned() };
    let page = ProblemPage { shell: shell.with(&problem), back };
    let Ok(mut rendered) = shown_with(response.status(), &page) else { return response };
    response.extensions_mut().remove::<Problem>();
    *rendered.extensions_mut() = std::mem::take(response.extensions_mut());
    add_retry_after(&mut rendered, &problem);
    rendered
}

/// The page of a form again, with its problem on top: with the problem's status, the time to wait, and the denial for
/// the server's log.
pub fn again(problem: &Problem, page: &impl Template) -> Result<Response, Problem> {
    let mut refused = problem.clone().into_response();
    refused.extensions_mut().remove::<Problem>();
    let mut response = shown_with(refused.status(), page)?;
    *response.extensions_mut() = std::mem::take(refused.extensions_mut());
    add_retry_after(&mut response, problem);
    Ok(response)
}

fn add_retry_after(response: &mut Response, problem: &Problem) {
    if matches!(response.status(), StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(problem.retry_after_s()));
    }
}

/// The path above a path.
fn parent(path: &str) -> &str {
    let path = path.split('?').next().unwrap_or_default();
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((above, _)) => above,
    }
}
