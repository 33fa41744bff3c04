//! Claim: a reviewer opens a card of a queue, so that no other reviewer gets the same work for ten minutes. A soft
//! lock: it does not change the work and is not in the audit trail. Only the pages of the queue use it: a program or a
//! command decides at once, by `review`, and needs no claim.
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use pipeline::queue::Queue;
use runtime::problem::Problem;
use runtime::store::people::reviews::{Claim, Claimant, Waiting};
use uuid::Uuid;

use super::Caller;
use crate::Desk;

/// Whether the caller has the card now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// Yes, until this time.
    Claimed(DateTime<Utc>),
    /// Another reviewer has it open.
    Taken {
        /// Their name.
        by: String,
        /// Until when, unless they open it again.
        until: DateTime<Utc>,
    },
    /// The work does not await review, so there is nothing to claim.
    Decided,
}

/// Claims the next work of a queue. With `after`, the caller skips this work and gives it back. `None`: no work is
/// waiting that the caller could claim.
pub async fn next(
    desk: &Desk,
    caller: &Caller,
    queue: &'static Queue,
    after: Option<SubmissionId>,
) -> Result<Option<SubmissionId>, Problem> {
    let of = Waiting { queue, contests: &caller.sees, person: caller.person()? };
    let mut next = desk.store.claim_next(of, after, session(caller)).await?;
    if let Some(after) = after {
        if next.is_none() {
            // After the last work, a reviewer gets those again that they skipped.
            next = desk.store.claim_next(of, None, session(caller)).await?;
        }
        if next != Some(after) {
            give_back(desk, caller, after).await?;
        }
    }
    Ok(next)
}

/// Claims one work that the caller may see, or extends their claim.
pub async fn open(desk: &Desk, caller: &Caller, id: SubmissionId) -> Result<Opened, Problem> {
    Ok(match desk.store.claim_card(id, caller.person()?, session(caller)).await? {
        Claim::Own(until) => Opened::Claimed(until),
        Claim::Other(Claimant { name, until }) => Opened::Taken { by: name, until },
        Claim::Gone => Opened::Decided,
    })
}

/// Ends the caller's claim on a work, so that other reviewers can get it at once.
pub async fn give_back(desk: &Desk, caller: &Caller, id: SubmissionId) -> Result<bool, Problem> {
    Ok(desk.store.give_back(id, caller.person()?).await?)
}

/// The session or token of the caller.
fn session(caller: &Caller) -> Option<Uuid> {
    caller.by.credential.map(|id| id.0)
}
