//! Hold: keeps a work's film from being deleted, whatever becomes of the work. A recall does so by itself.
use pipeline::id::SubmissionId;
use runtime::problem::Problem;
use runtime::store::people;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Done, missing_reason, settle};
use crate::Desk;

/// Hold the film, or let it go.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// `true` holds it, `false` lets it go.
    pub held: bool,
    /// Why; required to hold it.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Whether the film is held.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Held {
    /// The work.
    pub id: Uuid,
    /// Whether its film is kept from being deleted.
    pub held: bool,
}

/// Holds the film or lets it go. Repeated, it changes nothing and succeeds, but each call is in the audit trail.
pub async fn hold(desk: &Desk, caller: &Caller, id: SubmissionId, wish: Hold) -> Result<Done<Held>, Problem> {
    let by = caller.because(wish.reason.as_deref())?;
    let reason = match (wish.held, by.reason.clone()) {
        (true, None) => return Err(missing_reason()),
        (true, reason) => reason,
        (false, _) => None,
    };
    let (by, reason, held) = (&by, reason.as_deref(), wish.held);
    let done = desk.store.transaction("hold", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, false).await? {
                return Ok(done);
            }
            caller.look(tx, id).await?;
            people::hold_mezzanine(tx, id, reason, by).await?;
            caller.end(tx, false, Held { id: id.0, held }).await
        })
    });
    settle(done.await)
}
