//! Note: information of a reviewer or an organiser for colleagues about a work. It is a line of the work's history;
//! entrants do not see it.
use pipeline::id::SubmissionId;
use pipeline::text::Limit;
use runtime::problem::Problem;
use runtime::serving::typed;
use runtime::store::partners::orders;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Caller, Done, settle};
use crate::Desk;

/// A note that was added.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Noted {
    /// The work.
    pub id: Uuid,
}

/// Adds a note of 1 to 500 characters to a work in any state. Like reasons, it stays in the audit trail, so it must not
/// contain personal data.
pub async fn note(desk: &Desk, caller: &Caller, id: SubmissionId, text: &str) -> Result<Done<Noted>, Problem> {
    let text = &typed::field("note", text.trim(), Limit::REASON)?;
    let done = desk.store.transaction("note", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, false).await? {
                return Ok(done);
            }
            caller.lock(tx, id).await?;
            orders::note(tx, id, text, &caller.by).await?;
            caller.end(tx, false, Noted { id: id.0 }).await
        })
    });
    settle(done.await)
}
