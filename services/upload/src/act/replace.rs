//! Replace: the entrant is about to send another film for a work that was refused or still waits. The present film
//! counts until the other one is complete; the change itself is in `runtime::store::entry::uploads`.
use axum::http::StatusCode;
use pipeline::catalogue::Contest;
use pipeline::replacing::may_replace;
use pipeline::submission::{Event, State};
use runtime::problem::Problem;
use runtime::serving::act::Act;
use runtime::store::people::idempotency::Answer;
use runtime::store::submissions::{self, SubmissionRow, former};
use tracing::info;

use super::enter::UploadAddress;
use super::quota::{NamedBy, check_places};
use crate::app::App;

/// Announces another film; from then on the work accepts an upload. A second announcement changes nothing.
///
/// # Errors
/// `no_film_yet`, `film_stays`, `submission_closed`, or after the deadline and any cure `deadline_passed`.
pub(crate) async fn replace(app: &App, contest: &Contest, entry: &SubmissionRow, act: &Act) -> Result<Answer, Problem> {
    let by = &act.by(None)?;
    let (id, policy) = (entry.id, app.store.policy());
    let now = app.clock.now();
    let announced = app.store.transaction("replace", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            let facts = former::locked_facts(tx, id).await?;
            may_replace(&facts.circumstances(contest, now)).map_err(Problem::from)?;
            // A refused work takes no place of its unit's quota, and takes one again from here on.
            if let (State::Rejected { .. }, false) = (&facts.work.state, facts.work.replacing)
                && let Some(unit) = contest.unit_named(&entry.recommending_unit)
            {
                let by_whom = NamedBy::of(tx, id).await?;
                check_places(tx, contest, unit, by_whom).await?;
            }
            submissions::apply(tx, policy, id, &Event::Replacing, by).await?;
            act.end(tx, StatusCode::OK, &UploadAddress::of(app, contest, facts.cure.as_ref())).await
        })
    });
    let answer = announced.await?;
    if !answer.again {
        info!(submission.id = %id, "another film is to come for submission {id}");
    }
    Ok(answer)
}
