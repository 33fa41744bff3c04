//! `/works/{id}/contact`: who entered a work. It is a form that asks for a reason. Each look is an act with a row in
//! the audit trail, so no address shows the answer again.
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use pipeline::form::Field;
use runtime::problem::Problem;
use runtime::serving::principal::Subject;
use runtime::store::entry::entrants::Entrant;
use runtime::store::people::tokens::Role;
use runtime::store::submissions::SubmissionRow;
use serde::Deserialize;

use crate::Desk;
use crate::act;
use crate::console::{Here, Sent, Shell, Visit, post_to, shown};
use crate::route::Route;

pub(super) fn routes() -> Vec<Route> {
    vec![post_to("/works/{id}/contact", &[Role::Organiser], post(contact))]
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Purpose {
    reason: Option<String>,
}

#[derive(Template)]
#[template(path = "work_contact.html")]
struct ContactPage {
    shell: Shell,
    work: Arc<SubmissionRow>,
    entrant: Entrant,
    /// Answers to the contest's own questions, in its order, each with the question's label.
    answers: Vec<(String, String)>,
}

/// Shows who entered a work, once.
async fn contact(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    sent: Sent<Purpose>,
) -> Result<Response, Problem> {
    let caller = sent.caller(&visit, Some(&work.contest))?;
    let entrant =
        act::contact::contact(&desk, &caller, work.id, sent.form.reason.as_deref().unwrap_or_default()).await?;
    let contest = desk.catalogue.contest(&work.contest);
    let fields = contest.iter().flat_map(|contest| &contest.fields);
    let answer =
        |field: &Field| Some((field.label.text(visit.say.lang).to_owned(), entrant.answers.get(&field.id)?.clone()));
    let answers = fields.filter_map(answer).collect();
    shown(&ContactPage { shell: visit.shell(Here::Works), work, entrant, answers })
}
