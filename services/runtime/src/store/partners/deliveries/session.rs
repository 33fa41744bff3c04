//! What an adapter stored for continuing a delivery after a crash, encrypted.
use anyhow::Context;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::part::Part;

use crate::seal::Sealed;
use crate::store::Store;
use crate::store::work::parts::{Claim, Commit};

impl Store {
    /// What the adapter stored for continuing after a crash, encrypted.
    pub async fn delivery_session(
        &self,
        submission: SubmissionId,
        partner: &PartnerId,
    ) -> anyhow::Result<Option<Sealed>> {
        let row = sqlx::query!(
            "/* delivery_session */ select session_key_id, session_nonce, session from deliveries
            where submission = $1 and partner = $2",
            submission.0,
            partner.as_str(),
        )
        .fetch_optional(self.pool())
        .await
        .with_context(|| format!("load the session of {submission} with {partner}"))?;
        Ok(row.and_then(|row| {
            Some(Sealed { key_id: row.session_key_id?, nonce: row.session_nonce?, ciphertext: row.session? })
        }))
    }

    /// For a publish job: stores what it needs for continuing after a crash, or deletes it.
    pub async fn keep_session(&self, claim: &Claim, session: Option<&Sealed>) -> anyhow::Result<Commit> {
        let Part::Partner(partner) = &claim.part else { anyhow::bail!("{} has no delivery", claim.part) };
        let kept = sqlx::query!(
            "/* keep_session */
            update deliveries set session_key_id = $6, session_nonce = $7, session = $8
            where submission = $1 and partner = $2 and exists (
                select from parts where submission = $1 and run = $3 and stage = 'publish' and part = $4 and fence = $5
                    and status = 'claimed' for share)",
            claim.submission.0,
            partner.as_str(),
            claim.run as i32,
            claim.part.to_string(),
            claim.fence.0,
            session.map(|it| it.key_id.as_str()),
            session.map(|it| it.nonce.as_slice()),
            session.map(|it| it.ciphertext.as_slice()),
        )
        .execute(self.pool())
        .await
        .context("keep a delivery's session")?;
        Ok(Commit::of(kept.rows_affected()))
    }
}
