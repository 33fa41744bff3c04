//! Order: pauses, resumes or cancels a job as a whole. Works that have begun continue to their end.
use std::collections::BTreeMap;

use runtime::problem::{Code, Problem};
use runtime::serving::openapi::vocabulary::JobState;
use runtime::store::bulk::{self, Control};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Done, settle};
use crate::Desk;
use crate::names::in_states;

/// What to do with a job.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobOrder {
    /// `pause`: start no more works until it is resumed; `resume`; `cancel`: start no more, ever.
    pub order: Order,
    /// Only report what would follow.
    #[serde(default)]
    pub dry_run: bool,
    /// Why, for the audit trail.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The order itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Start no more works until it is resumed.
    Pause,
    /// Start works again.
    Resume,
    /// Start no more works, ever.
    Cancel,
}

/// The state of a job after an order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct JobOrdered {
    /// The job.
    pub id: Uuid,
    /// State before.
    #[schema(value_type = JobState)]
    pub was: String,
    /// State after.
    #[schema(value_type = JobState)]
    pub state: String,
    /// How many works are in each state. Those that are `started` continue.
    pub works: BTreeMap<String, i64>,
    /// Whether nothing was done.
    pub dry_run: bool,
}

/// Pauses, resumes or cancels a job. Refused with `state_wrong` where that changes nothing: a job that is done or cancelled stays so.
/// To people who see some contests, only jobs exist whose works are all of these.
pub async fn order(desk: &Desk, caller: &Caller, id: Uuid, wish: JobOrder) -> Result<Done<JobOrdered>, Problem> {
    let by = caller.because(wish.reason.as_deref())?;
    let control = match wish.order {
        Order::Pause => Control::Pause,
        Order::Resume => Control::Resume,
        Order::Cancel => Control::Cancel,
    };
    let by = &by;
    let dry_run = wish.dry_run;
    let sees = &caller.sees;
    let unknown = || Problem::from(Code::JobUnknown);
    let done = desk.store.transaction("order_job", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, dry_run).await? {
                return Ok(done);
            }
            let before = bulk::locked(tx, id, sees).await?.ok_or_else(unknown)?;
            if !bulk::control(tx, id, control, by).await?.ok_or_else(unknown)? {
                return Err(Code::StateWrong.about(in_states([before.state.as_str()])).into());
            }
            let after = bulk::locked(tx, id, sees).await?.ok_or_else(unknown)?;
            let ordered = JobOrdered { id, was: before.state, state: after.state, works: after.works, dry_run };
            caller.end(tx, dry_run, ordered).await
        })
    });
    settle(done.await)
}
