//! `/jobs`: all jobs. One with its works, and orders to it, are in `one`.
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use pipeline::id::ContestId;
use runtime::problem::Problem;
use runtime::store::people::tokens::Role;
use serde::{Deserialize, Serialize};

use super::{Asked, Here, READERS, Shell, Visit, filtered, page, post_to, shown};
use crate::Desk;
use crate::roles::ORGANISER;
use crate::route::Route;
use crate::view::Paging;
use crate::view::jobs;
use job_row::JobRow;
use one::{one, ordered};

mod job_row;
mod one;
mod work_line;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        page("/jobs", READERS, get(list)),
        page("/jobs/{job}", READERS, get(one)),
        post_to("/jobs/{job}/order", ORGANISER, post(ordered)),
    ]
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct ListQuery {
    contest: Option<String>,
    cursor: Option<String>,
}

#[derive(Template)]
#[template(path = "jobs.html")]
struct ListPage {
    shell: Shell,
    jobs: Vec<JobRow>,
    next: Option<String>,
}

async fn list(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Asked(query): Asked<ListQuery>,
) -> Result<Response, Problem> {
    let contest = query.contest.as_deref().map(ContestId::new);
    let caller = visit.caller(contest.as_ref())?;
    let paging = Paging { cursor: query.cursor.clone(), limit: None };
    let page = jobs::jobs(&desk, &caller.sees, &paging).await?;
    let next = page.next.map(|cursor| filtered("/jobs", &ListQuery { cursor: Some(cursor), ..query })).transpose()?;
    let shell = visit.shell(Here::Jobs);
    let jobs = page.items.into_iter().map(|job| JobRow::of(&desk, shell.say, job)).collect();
    shown(&ListPage { shell, jobs, next })
}
