//! The pages of staff: each parses, calls an act or a view, and renders. Every act is a plain form: POST, then 303.
//!
//! | question | file |
//! |---|---|
//! | who opened a page, in which language? | `visit` |
//! | what surrounds each page? | `shell`, `templates/desk.html` |
//! | how is a form read, and recognised when it is sent twice? | `sent` |
//! | how does a problem look in a browser? | `problem_page` |
//! | which cookies are there? | `cookie` |
//! | which contests and themes may be chosen? | `names` |
//! | how are screening's rules shown? | `rules` |
//! | how is a job's choice of works shown? | `selected` |
//! | how are before and after of an audit row shown? | `record` |
//! | what is in a list to choose from? | `choice` |
//! | how is an address with a query written? | `address` |
//!
//! Each file with pages lists its routes; they are rows of the one table, `http::routes`.
use askama::Template;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, VARY};
use axum::http::{Method, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::MethodRouter;
use pages::serve::POLICY;
use runtime::problem::Problem;
use runtime::store::tokens::Role;

use crate::http::gate::Policy;
use crate::http::routes::Route;
use crate::serve::Service;

mod address;
mod assets;
mod audit;
mod beside;
mod bulk;
mod checks;
mod choice;
mod compare;
pub(crate) mod cookie;
mod deliveries;
mod delivery;
mod events;
mod filed;
mod home;
mod invitation;
mod jobs;
mod local;
pub(crate) mod loudness;
mod me;
mod names;
mod partners;
mod people;
mod preview;
mod problem_page;
mod proof;
mod queue;
mod record;
mod rules;
mod selected;
pub(crate) mod sent;
pub(crate) mod shell;
mod sign_in;
mod trouble;
pub(crate) mod visit;
mod work;
mod works;

pub(crate) use address::{address, filtered};
pub(crate) use bulk::stage_text;
pub(crate) use choice::{Choice, choices};
pub(crate) use events::{check_streams, is_refresh};
pub use filed::Filed;
pub(crate) use names::{contests_seen, themes};
pub use problem_page::{again, as_pages};
pub use sent::{Asked, Sent};
pub use shell::{Here, Shell};
pub use sign_in::{Nothing, Paths, doorway, sign_out};
pub use visit::{Guest, Visit};

pub(crate) use pages::serve::{inside, see};

/// Roles that read works.
pub(crate) const READERS: &[Role] = &[Role::Screener, Role::Organiser, Role::Operator, Role::Auditor];

/// Roles that read exchanges with partners and people's evidence from there: screeners judge works, not partners.
pub(crate) const EVIDENCE: &[Role] = &[Role::Organiser, Role::Operator, Role::Auditor];

/// Roles that download finished files and bags.
pub(crate) const CARRIERS: &[Role] = &[Role::Organiser, Role::Operator];

/// Every route of the console.
pub(crate) fn routes() -> Vec<Route> {
    let files = [
        assets::routes(),
        audit::routes(),
        beside::routes(),
        bulk::routes(),
        checks::routes(),
        compare::routes(),
        deliveries::routes(),
        delivery::routes(),
        events::routes(),
        home::routes(),
        jobs::routes(),
        me::routes(),
        partners::routes(),
        people::routes(),
        preview::routes(),
        proof::routes(),
        queue::routes(),
        sign_in::routes(),
        trouble::routes(),
        work::routes(),
        works::routes(),
    ];
    files.into_iter().flatten().collect()
}

/// A page for people with these roles. No role: everyone who is signed in.
pub(crate) fn page(path: &'static str, roles: &'static [Role], handler: MethodRouter<Service>) -> Route {
    Route { method: Method::GET, path, policy: Policy::Pages(roles), handler }
}

/// The route that a form of these roles is sent to.
pub(crate) fn post_to(path: &'static str, roles: &'static [Role], handler: MethodRouter<Service>) -> Route {
    Route { method: Method::POST, path, policy: Policy::Pages(roles), handler }
}

/// A page before the sign-in.
pub(crate) fn open(method: Method, path: &'static str, handler: MethodRouter<Service>) -> Route {
    Route { method, path, policy: Policy::Public, handler }
}

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
