//! The history of a submission, in order, for people.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
pub use pipeline::person::{Actor, By};
use pipeline::submission::{Event, Submission};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::store::Store;

/// One line of a submission's history.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryLine {
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// Who: an actor's name, such as `worker`, `entrant`, `operator`.
    pub actor: String,
    /// What: a stable name such as `part_done`.
    pub what: String,
    /// Details.
    pub detail: Value,
}

impl Store {
    /// The newest lines of a submission's history, oldest first.
    pub async fn history(&self, submission: SubmissionId) -> anyhow::Result<Vec<HistoryLine>> {
        // A thousand lines are more than people read; an entry has a few dozen.
        let mut lines = sqlx::query_as!(
            HistoryLine,
            "/* history */
            select at, actor, what, detail from history where submission = $1 order by id desc limit 1000",
            submission.0,
        )
        .fetch_all(self.pool())
        .await
        .context("load history")?;
        lines.reverse();
        Ok(lines)
    }

    /// The newest notes of staff on a submission, newest first.
    pub async fn notes(&self, submission: SubmissionId) -> anyhow::Result<Vec<HistoryLine>> {
        sqlx::query_as!(
            HistoryLine,
            "/* notes */
            select at, actor, what, detail from history where submission = $1 and what = 'noted' order by id desc limit 20",
            submission.0,
        )
        .fetch_all(self.pool())
        .await
        .context("load notes")
    }
}

/// The names of lines about one of several parts that change nothing else.
const PART_DONE: &str = "part_done";
pub(in crate::store) const PART_FAILED: &str = "part_failed";

/// Whether a line is deleted after `history_days`: the part itself says the same.
pub(super) fn is_passing(what: &str) -> bool {
    matches!(what, PART_DONE | PART_FAILED)
}

/// Adds a line. A person's name and reason go with it.
pub async fn add(
    tx: &mut PgConnection,
    submission: SubmissionId,
    by: &By,
    what: &str,
    detail: &Value,
) -> anyhow::Result<()> {
    sqlx::query!(
        "/* add_history */
        insert into history (submission, at, actor, what, detail, passing) values ($1, clock_timestamp(), $2, $3, $4, $5)",
        submission.0,
        by.actor.to_string(),
        what,
        signed(by, detail),
        is_passing(what),
    )
    .execute(tx)
    .await
    .context("add to history")?;
    Ok(())
}

/// A line's detail with a person's name and reason.
pub(in crate::store) fn signed(by: &By, detail: &Value) -> Value {
    let mut detail = detail.clone();
    if let (true, Value::Object(detail)) = (by.is_person(), &mut detail) {
        detail.insert("by".into(), by.name.as_ref().into());
        detail.extend(by.reason.as_ref().map(|reason| ("reason".to_owned(), reason.as_str().into())));
    }
    detail
}

/// The stable name of an event.
pub(super) fn name_of(event: &Event) -> &'static str {
    match event {
        Event::Uploaded => "uploaded",
        Event::Replacing => "replacing",
        Event::Replaced { .. } => "replaced",
        Event::PartDone { .. } => PART_DONE,
        Event::Screened { .. } => "screened",
        Event::Rejected { .. } => "rejected",
        Event::ReviewAccepted => "review_accepted",
        Event::ReviewRefused { .. } => "review_refused",
        Event::Released { .. } => "released",
        Event::Recalled { .. } => "recalled",
        Event::Withdrawn => "withdrawn",
        Event::Revoked => "revoked",
        Event::Reprocess { .. } => "reprocess",
    }
}

/// Details for readers besides the name: the state after the event, and the part or stage that it was about.
pub(super) fn detail_of(event: &Event, after: &Submission) -> anyhow::Result<Value> {
    let mut detail = json!({ "run": after.run, "state": after.state.name() });
    let more = match event {
        Event::PartDone { stage, part, .. } => json!({ "stage": stage, "part": part }),
        Event::Rejected { stage, part, reason, .. } => json!({ "stage": stage, "part": part, "reason": reason }),
        Event::ReviewRefused { words } => json!({ "words": words }),
        Event::Reprocess { from, redo } => json!({ "from": from, "redo": redo }),
        Event::Released { partners } => json!({ "partners": partners }),
        Event::Recalled { partners } => json!({ "partners": partners }),
        Event::Replaced { run } => json!({ "film_of_run": run }),
        Event::Uploaded
        | Event::Replacing
        | Event::Screened { .. }
        | Event::ReviewAccepted
        | Event::Withdrawn
        | Event::Revoked => json!({}),
    };
    if let (Value::Object(detail), Value::Object(more)) = (&mut detail, more) {
        detail.extend(more);
    }
    Ok(detail)
}
