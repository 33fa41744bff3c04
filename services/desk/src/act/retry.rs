//! Retry: gives parts that failed too often, or wait for their next try, another five attempts now.
use pipeline::id::SubmissionId;
use pipeline::part::PartToDo;
use runtime::problem::{Code, Detail, Problem};
use runtime::store::work::parts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Done, settle};
use crate::Desk;

/// What to try again.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// Only this part, with `stage`; all that are parked or waiting if absent.
    pub part: Option<String>,
    /// Stage by name.
    pub stage: Option<String>,
    /// Only report how many parts it would be.
    pub dry_run: bool,
    /// The digest of a dry run. The act is refused if what the dry run saw has changed.
    pub digest: Option<String>,
    /// Why, for the audit trail.
    pub reason: Option<String>,
}

/// What is tried again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Retried {
    /// The work.
    pub id: Uuid,
    /// How many parts.
    pub parts: usize,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Digest of what the act saw.
    pub digest: String,
}

/// Whether a part in this state is retried: the same states as in `parts::retry`.
pub(crate) fn may_be_tried(status: &str) -> bool {
    matches!(status, "parked" | "waiting")
}

impl Retry {
    fn only(&self) -> Result<Option<PartToDo>, Problem> {
        match (&self.stage, &self.part) {
            (None, None) => Ok(None),
            (Some(stage), Some(part)) => {
                let stage = stage.parse().map_err(|_| Code::FieldWrong.about("stage"))?;
                let part = part.parse().map_err(|_| Code::FieldWrong.about("part"))?;
                Ok(Some(PartToDo { stage, part }))
            }
            (Some(_), None) | (None, Some(_)) => {
                Err(Code::FieldWrong.about(Detail::new("须同时给出或同时省略", "both or neither").of("stage, part")))
            }
        }
    }
}

/// Makes parked and waiting parts pending. `nothing_parked` if there are none.
pub async fn retry(desk: &Desk, caller: &Caller, id: SubmissionId, wish: Retry) -> Result<Done<Retried>, Problem> {
    let only = wish.only()?;
    let by = caller.because(wish.reason.as_deref())?;
    let by = &by;
    let only = only.as_ref();
    let dry_run = wish.dry_run;
    let digest = wish.digest.as_deref();
    let done = desk.store.transaction("retry", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, dry_run).await? {
                return Ok(done);
            }
            let seen = caller.lock(tx, id).await?;
            seen.unchanged_since(digest)?;
            let parts = parts::retry(tx, id, only, by).await?;
            if parts == 0 {
                return Err(Problem::from(Code::NothingParked).into());
            }
            caller.end(tx, dry_run, Retried { id: id.0, parts, dry_run, digest: seen.digest() }).await
        })
    });
    settle(done.await)
}
