//! The first look: what the headers of an entrant's file mean for the rules. It is stored while the probe is still
//! decoding, and read while the verdict is awaited.
use anyhow::Context;
use pipeline::id::SubmissionId;
use pipeline::screening::Verdict;
use sqlx::types::Json;

use super::parts::Claim;
use crate::store::Store;

impl Store {
    /// Stores it for the submission of this claim; changes nothing if another worker holds the claim by now.
    pub async fn keep_first_look(&self, claim: &Claim, look: &Verdict) -> anyhow::Result<()> {
        sqlx::query!(
            "/* keep_first_look */
            update submissions s set first_look = $6 from parts p
            where s.id = $1 and p.submission = $1 and p.run = $2 and p.stage = $3 and p.part = $4 and p.fence = $5
                and p.status = 'claimed'",
            claim.submission.0,
            claim.run as i32,
            claim.stage.name(),
            claim.part.to_string(),
            claim.fence.0,
            Json(look) as _,
        )
        .execute(self.pool())
        .await
        .with_context(|| format!("keep the first look at {}", claim.submission))?;
        Ok(())
    }

    /// The first look; `None` before the probe has made it, and once it is no longer needed: screening has given its
    /// verdict, or the work was refused or withdrawn.
    pub async fn first_look(&self, submission: SubmissionId) -> anyhow::Result<Option<Verdict>> {
        let look = sqlx::query_scalar!(
            r#"/* first_look */
            select first_look as "look: Json<Verdict>" from submissions
            where id = $1 and verdict is null and state in ('probe', 'screen')"#,
            submission.0,
        )
        .fetch_optional(self.pool())
        .await
        .with_context(|| format!("load the first look at {submission}"))?;
        Ok(look.flatten().map(|look| look.0))
    }
}
