//! Hold: keeps a work's film from being deleted, whatever happens to the work. A recall does so automatically.
use pipeline::id::SubmissionId;
use pipeline::submission::State;
use runtime::problem::{Code, Problem};
use runtime::store::partners::orders;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Done, Seen, missing_reason, settle};
use crate::Desk;

/// Protect the film from deletion, or end that protection.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// `true` protects it, `false` ends the protection.
    pub held: bool,
    /// Why; required to protect it.
    #[serde(default)]
    pub reason: Option<String>,
    /// Only report what would follow.
    #[serde(default)]
    pub dry_run: bool,
    /// The digest of a dry run. The act is refused if what the dry run saw has changed.
    #[serde(default)]
    pub digest: Option<String>,
}

/// Whether the film is held.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Held {
    /// The work.
    pub id: Uuid,
    /// Whether its film was protected from deletion before.
    pub was_held: bool,
    /// Whether its film is protected from deletion.
    pub held: bool,
    /// Whether nothing else keeps the film: the film of a withdrawn work may be deleted once it is not held.
    pub may_be_deleted: bool,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Digest of what the act saw.
    pub digest: String,
}

/// Holds the film or lifts the hold. A repetition changes nothing and succeeds, but each call is in the audit trail.
pub async fn hold(desk: &Desk, caller: &Caller, id: SubmissionId, wish: Hold) -> Result<Done<Held>, Problem> {
    let by = caller.because(wish.reason.as_deref())?;
    let reason = match (wish.held, by.reason.clone()) {
        (true, None) => return Err(missing_reason()),
        (true, reason) => reason,
        (false, _) => None,
    };
    let by = &by;
    let reason = reason.as_deref();
    let wish = &wish;
    let done = desk.store.transaction("hold", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, wish.dry_run).await? {
                return Ok(done);
            }
            let seen = caller.lock(tx, id).await?;
            let before = orders::held(tx, id).await?.map(|(_, reason)| reason);
            let digest = digest(&seen, before.as_deref());
            if wish.digest.as_ref().is_some_and(|decided| *decided != digest) {
                return Err(Problem::from(Code::Changed).into());
            }
            orders::hold_mezzanine(tx, id, reason, by).await?;
            let held = Held {
                id: id.0,
                was_held: before.is_some(),
                held: wish.held,
                may_be_deleted: seen.machine.state == State::Withdrawn && !wish.held,
                dry_run: wish.dry_run,
                digest,
            };
            caller.end(tx, wish.dry_run, held).await
        })
    });
    settle(done.await)
}

/// The work, and why its film is held: a hold for another reason is not the one that the caller decided to end. Hex, 32 characters.
fn digest(seen: &Seen, reason: Option<&str>) -> String {
    let text = format!("{} {}", seen.digest(), reason.map_or_else(String::new, |reason| format!("held: {reason}")));
    hex::encode(&Sha256::digest(text)[..16])
}
