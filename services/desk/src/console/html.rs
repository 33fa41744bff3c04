//! A page as an answer, with the headers of every page.
use askama::Template;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, VARY};
use axum::response::{Html, IntoResponse, Response};
use pages::serve::POLICY;
use runtime::problem::Problem;

/// A page as an answer. It may contain personal or unpublished data, so it must not be cached.
pub fn shown(page: &impl Template) -> Result<Response, Problem> {
    shown_with(StatusCode::OK, page)
}

/// The same with a status, such as that of the problem which the page shows.
pub fn shown_with(status: StatusCode, page: &impl Template) -> Result<Response, Problem> {
    let text = page.render().map_err(|err| anyhow::Error::from(err).context("render a page"))?;
    let headers = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
        (VARY, "Accept-Language, Cookie"),
        // Browsers send the origin of a form only with this policy; otherwise a browser without Sec-Fetch-Site could
        // not send any form.
        (REFERRER_POLICY, "same-origin"),
    ];
    Ok((status, headers, Html(text)).into_response())
}
