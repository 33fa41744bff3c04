//! Contact: reveals the entrant of a work. The only act that opens personal data. Each use is in the audit trail before
//! anything is shown.
use pipeline::id::SubmissionId;
use runtime::problem::{Code, Problem};
use runtime::store::entry::entrants::Entrant;
use runtime::store::people::audit::Act;
use serde_json::json;

use super::{Caller, missing_reason};
use crate::Desk;
use crate::view::work;

/// The entrant of a work and how to reach them. The reason is required: personal data are shown for a purpose that the
/// trail records. Refused with `contact_forgotten` once the work was withdrawn or its data were deleted. A repetition
/// is another access.
pub async fn contact(desk: &Desk, caller: &Caller, id: SubmissionId, reason: &str) -> Result<Entrant, Problem> {
    let by = caller.because(Some(reason))?;
    if by.reason.is_none() {
        return Err(missing_reason());
    }
    work::find(desk, caller, id).await?;
    let sealed = desk.store.entrant(id).await?.ok_or(Code::ContactForgotten)?;
    let plain = desk.keys()?.open(id, &sealed).map_err(anyhow::Error::from)?;
    let entrant: Entrant = serde_json::from_slice(&plain).map_err(anyhow::Error::from)?;
    let (before, after) = (json!({}), json!({}));
    let act = Act { act: "contact_read", submission: Some(id), partner: None, before, after };
    desk.store.audit_act(&by, &act).await?;
    Ok(entrant)
}
