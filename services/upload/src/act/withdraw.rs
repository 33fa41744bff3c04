//! Withdraw: the entrant withdraws the work. Their personal data is deleted at once, the files soon after.
use axum::http::StatusCode;
use pipeline::submission::State;
use runtime::problem::{Code, Problem};
use runtime::serving::act::Act;
use runtime::store::entry::entrants;
use runtime::store::people::idempotency::Answer;
use runtime::store::submissions::SubmissionRow;
use serde_json::Value;
use tracing::info;

use crate::app::App;

/// Withdraws an entry. A second withdrawal changes nothing.
///
/// # Errors
/// `submission_closed` if it is too late: only the organisers can revoke the work.
pub(crate) async fn withdraw(app: &App, entry: &SubmissionRow, act: &Act) -> Result<Answer, Problem> {
    if entry.machine.state == State::Withdrawn {
        // Nothing changes, so nothing is stored: otherwise each new key would leave a row for a day.
        let status = StatusCode::NO_CONTENT.as_u16();
        let nothing = Answer { status, location: None, body: Value::Null, again: false };
        return Ok(act.answered(&app.store).await?.unwrap_or(nothing));
    }
    let by = &act.by(None)?;
    let (id, policy) = (entry.id, app.store.policy());
    let withdrawn = app.store.transaction("withdraw", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            let applied = entrants::withdraw(tx, policy, id, by).await?;
            match applied.machine.state {
                State::Withdrawn => act.end(tx, StatusCode::NO_CONTENT, &()).await,
                _ => Err(Problem::from(Code::SubmissionClosed).into()),
            }
        })
    });
    let answer = withdrawn.await?;
    info!(submission.id = %id, "submission {id} was withdrawn");
    Ok(answer)
}
