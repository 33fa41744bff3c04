//! What a decision requires of its work.
use pipeline::id::{PersonId, SubmissionId};
use pipeline::submission::State;
use runtime::problem::{Code, Problem};
use runtime::store::Transaction;
use runtime::store::people::{held, reviews};

use crate::act::Seen;
use crate::names::in_states;

/// Refuses a work that another reviewer has open, or that has a held decision.
pub(super) async fn require_free(tx: &mut Transaction, id: SubmissionId, person: PersonId) -> anyhow::Result<()> {
    if let Some(other) = reviews::claimant(tx, id, person).await? {
        return Err(Code::CardTaken.about(other.name).into());
    }
    if held::is_held(tx, id).await? {
        return Err(Problem::from(Code::DecisionHeld).into());
    }
    Ok(())
}

/// Refuses a decision about an earlier run: the newer one may have another verdict.
pub(super) fn require_run(seen: &Seen, run: Option<u32>) -> Result<(), Problem> {
    match run {
        Some(run) if run != seen.machine.run => Err(Code::Changed.into()),
        Some(_) | None => Ok(()),
    }
}

/// Refuses a work in any other state.
pub(super) fn require_awaiting_review(seen: &Seen) -> Result<(), Problem> {
    match &seen.machine.state {
        State::AwaitingReview => Ok(()),
        other => Err(Code::StateWrong.about(in_states([other.name()]))),
    }
}
