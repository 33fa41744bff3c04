//! The pages of entrants at the public address: each parses, calls and renders.
//!
//! | question | file |
//! |---|---|
//! | what does a contest's page show? | `contest` |
//! | what does the browser need to check a film before it is sent? | `film` |
//! | how is a work entered? | `enter`, `draft`, `asked`, `typed` |
//! | what is the state of an entry, and who acts next? | `entry`, `course`, `events` |
//! | who may see it, and what can they do? | `key`, `opened`, `cookies`, `withdraw` |
//! | how is its form corrected, and its film replaced? | `correct`, `replace` |
//! | what is the printed receipt? | `paper` |
//! | how is an entry found by its number, and a lost link sent again? | `find` |
//! | what surrounds each page, in which language? | `shell`, `templates/site.html` |
//! | style sheets, modules, and the switch between the languages | `assets` |
//! | how does a problem look in a browser? | `problem` |
//!
//! A route of pages may set and read cookies, so none of them answers scripts of other sites: `routes` adds CORS to the
//! others only.
use askama::Template;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, VARY};
use axum::response::{Html, IntoResponse, Response};
use pages::serve::POLICY;
use runtime::problem::Problem;

pub(crate) use opened::link;

mod asked;
pub(crate) mod assets;
pub(crate) mod contest;
pub(crate) mod cookies;
pub(crate) mod correct;
mod course;
pub(crate) mod draft;
pub(crate) mod enter;
pub(crate) mod entry;
pub(crate) mod events;
mod film;
pub(crate) mod find;
pub(crate) mod key;
mod opened;
pub(crate) mod paper;
pub(crate) mod problem;
pub(crate) mod replace;
pub(crate) mod shell;
mod typed;
pub(crate) mod withdraw;

/// A page as an answer, which caches between here and the browser store separately by language.
fn shown(page: &impl Template) -> Result<Response, Problem> {
    shown_with(StatusCode::OK, page)
}

/// The same with a status, such as that of the problem which the page shows.
fn shown_with(status: StatusCode, page: &impl Template) -> Result<Response, Problem> {
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
