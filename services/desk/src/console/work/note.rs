//! `POST /works/{id}/note`: a note of staff on a work, written on its card or on its page.
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use pages::Say;
use pipeline::id::SubmissionId;
use pipeline::queue::Queue;
use runtime::problem::Problem;
use runtime::serving::principal::Subject;
use runtime::store::people::tokens::Role;
use runtime::store::submissions::SubmissionRow;
use serde::Deserialize;

use crate::Desk;
use crate::act;
use crate::console::{Sent, Visit, post_to, see};
use crate::route::Route;
use crate::view::{sentence, work};

/// The roles that write notes.
pub(in crate::console) const WRITERS: &[Role] = &[Role::Screener, Role::Organiser];

pub(super) fn routes() -> Vec<Route> {
    vec![post_to("/works/{id}/note", WRITERS, post(note))]
}

/// A note as pages show it.
pub(in crate::console) struct Note {
    pub(in crate::console) at: String,
    pub(in crate::console) who: String,
    pub(in crate::console) text: String,
}

/// The notes on a work, newest first, and a form for another one.
pub(in crate::console) struct Notes {
    pub(in crate::console) work: SubmissionId,
    pub(in crate::console) all: Vec<Note>,
    pub(in crate::console) may_write: bool,
    /// The queue whose card shows them, if any.
    pub(in crate::console) queue: Option<&'static str>,
}

impl Notes {
    pub(in crate::console) async fn of(
        desk: &Desk,
        say: Say,
        row: &SubmissionRow,
        may_write: bool,
        queue: Option<&'static str>,
    ) -> Result<Self, Problem> {
        let note = |line: &work::Happened| Note {
            at: say.time(&line.at),
            who: sentence::who(line, say),
            text: line.detail["note"].as_str().unwrap_or_default().to_owned(),
        };
        let all = work::notes(desk, row).await?.iter().map(note).collect();
        Ok(Self { work: row.id, all, may_write, queue })
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Form {
    note: Option<String>,
    /// The queue on whose card it was written.
    queue: Option<String>,
}

async fn note(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    sent: Sent<Form>,
) -> Result<Response, Problem> {
    let caller = sent.caller(&visit, Some(&work.contest))?;
    act::note::note(&desk, &caller, work.id, sent.form.note.as_deref().unwrap_or_default()).await?;
    Ok(see(match sent.form.queue.as_deref().and_then(Queue::called) {
        Some(queue) => format!("/queue/{}/{}#notes", queue.name, work.id),
        None => format!("/works/{}#notes", work.id),
    }))
}
