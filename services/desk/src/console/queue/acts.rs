//! A reviewer's acts: accept, refuse or put aside a work, undo a decision, and dismiss the notice of a failed one.
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use pipeline::id::SubmissionId;
use runtime::problem::Problem;
use runtime::serving::principal::Subject;
use serde::Deserialize;
use uuid::Uuid;

use super::at::{Among, At, card_at, next_at, queue_named};
use super::card::{Choice, Form, card_page};
use crate::Desk;
use crate::act::Caller;
use crate::act::decide::Wish;
use crate::act::review::Decision;
use crate::act::{claim, decide as deciding};
use crate::console::{Asked, Here, Sent, Visit, see, shown_with};

/// A decision to undo.
#[derive(Debug, Deserialize)]
pub(super) struct UndoForm {
    /// The queue that the reviewer is in.
    queue: String,
    work: Uuid,
}

/// The notice of a failed decision.
#[derive(Debug, Deserialize)]
pub(super) struct DismissForm {
    queue: String,
    decision: i64,
}

pub(super) async fn decide(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
    Asked(from): Asked<Among>,
    sent: Sent<Form>,
) -> Result<Response, Problem> {
    let queue = queue_named(&at.name)?;
    let contest = from.contest();
    let sees = visit.filtered(contest.as_ref())?.sees;
    let caller = Caller { sees, ..sent.caller(&visit, contest.as_ref())? };
    let form = sent.form;
    let decision = match form.choice {
        Choice::Accept => Some(Decision::Accept),
        Choice::Refuse => Some(Decision::Refuse),
        Choice::Later => None,
    };
    let done = match decision {
        // Typed words that are not needed are not sent.
        Some(decision) => {
            let refused = decision == Decision::Refuse;
            let (words, phrase) = (form.words.clone().filter(|_| refused), form.phrase.clone().filter(|_| refused));
            let wish = Wish { decision, words, phrase, lang: visit.say.lang, run: form.run };
            deciding::decide(&desk, &caller, work.id, wish).await.map(drop)
        }
        None => deciding::later(&desk, &caller, work.id).await.map(drop),
    };
    if let Err(problem) = done {
        let shell = visit.shell(Here::Queue).with(&problem);
        let status = shell.problem.as_ref().map_or(StatusCode::CONFLICT, |said| said.status);
        return shown_with(status, &card_page(&desk, shell, &caller, queue, contest, &work, form).await?);
    }
    match claim::next(&desk, &caller, queue, None).await? {
        Some(id) => Ok(see(card_at(queue, id, contest.as_ref()))),
        None => Ok(see(next_at(queue, contest.as_ref(), None))),
    }
}

pub(super) async fn undo(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    sent: Sent<UndoForm>,
) -> Result<Response, Problem> {
    let queue = queue_named(&sent.form.queue)?;
    let caller = sent.caller(&visit, None)?;
    let undone = deciding::undo(&desk, &caller, Some(SubmissionId(sent.form.work))).await?;
    Ok(see(format!("/queue/{}/{}", queue.name, undone.value.id)))
}

pub(super) async fn dismiss(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    sent: Sent<DismissForm>,
) -> Result<Response, Problem> {
    let queue = queue_named(&sent.form.queue)?;
    let caller = sent.caller(&visit, None)?;
    deciding::dismiss(&desk, &caller, sent.form.decision).await?;
    Ok(see(next_at(queue, None, None)))
}
