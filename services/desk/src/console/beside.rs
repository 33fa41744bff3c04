//! Twins: two works side by side, their common parts, and the one form that decides.
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use pipeline::id::{ContestId, SubmissionId};
use runtime::problem::{Code, Problem};
use runtime::serving::principal::Subject;
use serde::Deserialize;

use super::{Here, READERS, Sent, Visit, page, post_to, see, shown, shown_with};
use crate::Desk;
use crate::act::Caller;
use crate::act::twins::{self, Finding, Twins};
use crate::roles::SCREENER;
use crate::route::Route;
use crate::view::beside;
use page::BesidePage;

mod page;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        page("/works/{id}/beside/{other}", READERS, get(show)),
        post_to("/works/{id}/beside/{other}", SCREENER, post(decides)),
    ]
}

/// The pair.
#[derive(Deserialize)]
struct At {
    #[serde(rename = "id")]
    _id: String,
    other: String,
}

/// The form that decides.
#[derive(Deserialize)]
struct Form {
    finding: Finding,
    words: Option<String>,
}

fn other_of(at: &At) -> Result<SubmissionId, Problem> {
    at.other.parse().map_err(|_| Code::SubmissionUnknown.into())
}

async fn show(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
) -> Result<Response, Problem> {
    let caller = visit.caller(Some(&work.contest))?;
    let both = beside::beside(&desk, &within(caller, &work.contest), work.id, other_of(&at)?).await?;
    shown(&BesidePage::of(&desk, &visit, visit.shell(Here::Works), both, None).await?)
}

/// Works of other contests are not compared, even by people who may see all.
fn within(caller: Caller, contest: &ContestId) -> Caller {
    Caller { sees: Some(contest.clone()).into(), ..caller }
}

async fn decides(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
    sent: Sent<Form>,
) -> Result<Response, Problem> {
    let caller = within(sent.caller(&visit, Some(&work.contest))?, &work.contest);
    let other = other_of(&at)?;
    let Form { finding, words } = sent.form;
    let wish = Twins { other, finding, words: words.clone().filter(|_| finding == Finding::Same) };
    match twins::decide(&desk, &caller, work.id, wish).await {
        Ok(_) => Ok(see(format!("/works/{}", work.id))),
        Err(problem) => {
            let both = beside::beside(&desk, &caller, work.id, other).await?;
            let shell = visit.shell(Here::Works).with(&problem);
            let status = shell.problem.as_ref().map_or(StatusCode::OK, |said| said.status);
            shown_with(status, &BesidePage::of(&desk, &visit, shell, both, words).await?)
        }
    }
}
