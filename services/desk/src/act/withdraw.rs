//! Withdraw: takes a work out of the contest at its entrant's wish, by an operator on their behalf. Live deliveries are
//! recalled, and the entrant's data is deleted.
use pipeline::id::SubmissionId;
use pipeline::submission::State;
use runtime::problem::{Code, Problem};
use runtime::serving::openapi::vocabulary::SubmissionState;
use runtime::store::entry::entrants;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Done, settle};
use crate::Desk;
use crate::names::in_states;

/// The request of an entrant who cannot withdraw the work themselves.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Withdraw {
    /// Only report what would follow.
    pub dry_run: bool,
    /// The digest of a dry run. The act is refused if what the dry run saw has changed.
    pub digest: Option<String>,
    /// Why, for the audit trail.
    pub reason: Option<String>,
}

/// What a withdrawal does, or would do.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Withdrawn {
    /// The work.
    pub id: Uuid,
    /// State before.
    #[schema(value_type = SubmissionState)]
    pub was: String,
    /// State after.
    #[schema(value_type = SubmissionState)]
    pub state: String,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Digest of what the act saw.
    pub digest: String,
}

/// Withdraws a work. The entrant's own withdrawal and this one are the same change; both delete the entrant's data. A
/// rejected work can be withdrawn, a revoked one cannot: `state_wrong`.
pub async fn withdraw(
    desk: &Desk,
    caller: &Caller,
    id: SubmissionId,
    wish: Withdraw,
) -> Result<Done<Withdrawn>, Problem> {
    let by = caller.because(wish.reason.as_deref())?;
    let (by, wish) = (&by, &wish);
    let done = desk.store.transaction("withdraw", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, wish.dry_run).await? {
                return Ok(done);
            }
            let seen = caller.lock(tx, id).await?;
            seen.unchanged_since(wish.digest.as_deref())?;
            let was = seen.machine.state.name();
            let applied = entrants::withdraw(tx, desk.store.policy(), id, by).await?;
            if !applied.changed || applied.machine.state != State::Withdrawn {
                return Err(Code::StateWrong.about(in_states([was])).into());
            }
            let withdrawn = Withdrawn {
                id: id.0,
                was: was.to_owned(),
                state: applied.machine.state.name().to_owned(),
                dry_run: wish.dry_run,
                digest: seen.digest(),
            };
            caller.end(tx, wish.dry_run, withdrawn).await
        })
    });
    settle(done.await)
}
