//! Whether a claim is still valid, checked within the transaction that depends on it.
use sqlx::PgConnection;

use super::claimed::{Claim, Commit};

/// Locks the part if its fence is still that of the claim, until the end of the transaction.
pub(in crate::store) async fn check_fence(tx: &mut PgConnection, claim: &Claim) -> anyhow::Result<Commit> {
    let held = sqlx::query_scalar!(
        "/* check_fence */
        select 1 as one from parts
        where submission = $1 and run = $2 and stage = $3 and part = $4 and fence = $5 and status = 'claimed' for update",
        claim.submission.0,
        claim.run as i32,
        claim.stage.name(),
        claim.part.to_string(),
        claim.fence.0,
    )
    .fetch_optional(tx)
    .await?;
    Ok(if held.is_some() { Commit::Committed } else { Commit::Fenced })
}
