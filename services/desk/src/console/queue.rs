//! The screening queue: the next card, a reviewer's acts on it, and undo. Every address works without a script;
//! `queue.js` adds keys.
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use pipeline::id::{ContestId, SubmissionId};
use pipeline::queue::Queue;
use runtime::problem::Problem;
use runtime::serving::principal::Subject;

use super::{Asked, Here, Shell, Visit, contests_seen, page, post_to, see, shown};
use crate::Desk;
use crate::act::claim;
use crate::roles::SCREENER;
use crate::route::Route;
use crate::view::queue::{self, Decided, Line};
use acts::{decide, dismiss, undo};
use at::{Among, At, card_at, queue_named};
use card::{Choice, Form, card_page};

mod acts;
mod at;
mod card;
mod timeline;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        page("/queue/{name}", SCREENER, get(next)),
        page("/queue/{name}/{id}", SCREENER, get(show)),
        post_to("/queue/{name}/{id}/decide", SCREENER, post(decide)),
        post_to("/queue/undo", SCREENER, post(undo)),
        post_to("/queue/dismiss", SCREENER, post(dismiss)),
    ]
}

#[derive(Template)]
#[template(path = "queue_empty.html")]
struct EmptyPage {
    shell: Shell,
    queue: &'static Queue,
    lines: Vec<Line>,
    contest: Option<ContestId>,
    /// Id and name of each contest that the person screens in.
    contests: Vec<(String, String)>,
    decisions: Vec<Decided>,
}

async fn next(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(name): Path<String>,
    Asked(from): Asked<Among>,
) -> Result<Response, Problem> {
    let queue = queue_named(&name)?;
    let contest = from.contest();
    let caller = visit.filtered(contest.as_ref())?;
    if let Some(id) = claim::next(&desk, &caller, queue, from.after.map(SubmissionId)).await? {
        return Ok(see(card_at(queue, id, contest.as_ref())));
    }
    shown(&EmptyPage {
        shell: visit.shell(Here::Queue),
        queue,
        lines: queue::queues(&desk, &caller).await?,
        contests: contests_seen(&desk.catalogue, &visit),
        decisions: queue::decisions(&desk, &caller).await?,
        contest,
    })
}

async fn show(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
    Asked(from): Asked<Among>,
) -> Result<Response, Problem> {
    let queue = queue_named(&at.name)?;
    let caller = visit.filtered(from.contest().as_ref())?;
    let typed = Form { choice: Choice::Accept, words: None, phrase: None, run: None };
    let shell = visit.shell(Here::Queue);
    shown(&card_page(&desk, shell, &caller, queue, from.contest(), &work, typed).await?)
}

impl Decided {
    /// Seconds in which undo is still possible.
    fn seconds_left(&self, now: &DateTime<Utc>) -> i64 {
        (self.due_at - *now).num_seconds().max(0)
    }
}
