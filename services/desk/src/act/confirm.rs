//! Confirm: a person's confirmation of a publishing that the partner's rules do not leave to a machine.
use pipeline::delivery::{DeliveryEvent, Observed};
use pipeline::id::{PartnerId, SubmissionId};
use runtime::problem::{Code, Problem};
use runtime::serving::openapi::vocabulary::DeliveryState;
use runtime::store::partners::deliveries;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Done, settle};
use crate::Desk;
use crate::names::in_states;
use crate::next::Step;

/// A confirmation.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Confirm {
    /// Only report what would follow.
    pub dry_run: bool,
    /// The digest of a dry run. The act is refused if what the dry run saw has changed.
    pub digest: Option<String>,
    /// Why, for the audit trail.
    pub reason: Option<String>,
}

/// A confirmed delivery.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Confirmed {
    /// The work.
    pub id: Uuid,
    /// The partner.
    pub partner: String,
    /// The delivery's state before.
    #[schema(value_type = DeliveryState)]
    pub was: String,
    /// The delivery's state after.
    #[schema(value_type = DeliveryState)]
    pub state: String,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Digest of what the act saw.
    pub digest: String,
}

/// Confirms a waiting publishing. A bag that a person delivers is reported instead (`awaits_delivery`); other partners
/// need no confirmation (`not_confirmed`).
pub async fn confirm(
    desk: &Desk,
    caller: &Caller,
    id: SubmissionId,
    partner: &PartnerId,
    wish: Confirm,
) -> Result<Done<Confirmed>, Problem> {
    let by = caller.because(wish.reason.as_deref())?;
    let (by, wish) = (&by, &wish);
    let done = desk.store.transaction("confirm", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, wish.dry_run).await? {
                return Ok(done);
            }
            let seen = caller.lock(tx, id).await?;
            seen.unchanged_since(wish.digest.as_deref())?;
            let (stands, _) = seen.waiting_for(Step::Confirm, desk, tx, partner).await?;
            let was = stands.observed.name();
            let Observed::AwaitingOperator { intent } = stands.observed else {
                return Err(Code::StateWrong.about(in_states([was])).into());
            };
            let now = deliveries::note(tx, id, partner, &DeliveryEvent::Confirmed { intent }, by).await?;
            let confirmed = Confirmed {
                id: id.0,
                partner: partner.to_string(),
                was: was.to_owned(),
                state: now.observed.name().to_owned(),
                dry_run: wish.dry_run,
                digest: seen.digest(),
            };
            caller.end(tx, wish.dry_run, confirmed).await
        })
    });
    settle(done.await)
}
