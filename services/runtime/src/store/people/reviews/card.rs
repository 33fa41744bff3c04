//! Who has a work's card open, and who skipped it.
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{PersonId, SubmissionId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store::Store;

/// How long a card stays claimed: longer than the longest work and a look at its form.
pub const CLAIM: Duration = Duration::from_secs(600);

/// Who has a card open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The reviewer, until this time.
    Own(DateTime<Utc>),
    /// Another reviewer.
    Other(Claimant),
    /// The work does not await review.
    Gone,
}

/// Another reviewer who has a card open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimant {
    /// Their name.
    pub name: String,
    /// The end of the claim, unless they open the card again.
    pub until: DateTime<Utc>,
}

impl Store {
    /// Claims one work for a reviewer, or extends their claim, unless another reviewer has it open.
    pub async fn claim_card(
        &self,
        submission: SubmissionId,
        person: PersonId,
        session: Option<Uuid>,
    ) -> anyhow::Result<Claim> {
        let until = sqlx::query_scalar!(
            "/* claim_card */
            -- Waits for a correction of the texts: the card is read after it.
            with waiting as (select id from submissions where id = $1 and state = 'awaiting_review' for no key update)
            insert into review_claims (submission, person, session, until)
            select id, $2, $3, clock_timestamp() + make_interval(secs => $4) from waiting
            on conflict (submission) do update
                set person = excluded.person, session = excluded.session, until = excluded.until
                where review_claims.until <= clock_timestamp() or review_claims.person = excluded.person
            returning until",
            submission.0,
            person.0,
            session,
            CLAIM.as_secs_f64(),
        )
        .fetch_optional(self.pool())
        .await
        .context("claim a work")?;
        if let Some(until) = until {
            return Ok(Claim::Own(until));
        }
        let mut connection = self.pool().acquire().await.context("connect")?;
        let other = claimant(&mut connection, submission, person).await?;
        Ok(other.map_or(Claim::Gone, Claim::Other))
    }

    /// Ends a reviewer's claim. Returns whether there was one.
    pub async fn give_back(&self, submission: SubmissionId, person: PersonId) -> anyhow::Result<bool> {
        let ended = sqlx::query!(
            "/* give_back */ delete from review_claims where submission = $1 and person = $2",
            submission.0,
            person.0,
        )
        .execute(self.pool())
        .await
        .context("give a work back")?;
        Ok(ended.rows_affected() == 1)
    }
}

/// The other reviewer who has a work's card open now.
pub async fn claimant(
    tx: &mut PgConnection,
    submission: SubmissionId,
    person: PersonId,
) -> anyhow::Result<Option<Claimant>> {
    sqlx::query_as!(
        Claimant,
        "/* claimant */
        select p.name, c.until from review_claims c join persons p on p.id = c.person
        where c.submission = $1 and c.person <> $2 and c.until > clock_timestamp()",
        submission.0,
        person.0,
    )
    .fetch_optional(tx)
    .await
    .context("ask who has a work open")
}

/// Puts a work at the end of a reviewer's queues and ends their claim.
pub async fn put_aside(tx: &mut PgConnection, submission: SubmissionId, person: PersonId) -> anyhow::Result<()> {
    sqlx::query!(
        "/* put_aside */
        insert into review_later (submission, person, at) values ($1, $2, clock_timestamp())
        on conflict (submission, person) do update set at = excluded.at",
        submission.0,
        person.0,
    )
    .execute(&mut *tx)
    .await
    .context("put a work aside")?;
    end_claims(tx, submission, person).await
}

/// Deletes the records of who skipped a work, once it is decided on.
pub(in crate::store) async fn take_up(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<()> {
    sqlx::query!("/* take_up */ delete from review_later where submission = $1", submission.0)
        .execute(tx)
        .await
        .context("forget who put a work aside")?;
    Ok(())
}

/// Ends the claim on a work, and the person's expired claims.
pub(in crate::store) async fn end_claims(
    tx: &mut PgConnection,
    submission: SubmissionId,
    person: PersonId,
) -> anyhow::Result<()> {
    sqlx::query!(
        "/* end_claims */
        delete from review_claims where submission = $1 and person = $2 or person = $2 and until <= clock_timestamp()",
        submission.0,
        person.0,
    )
    .execute(tx)
    .await
    .context("end claims")?;
    Ok(())
}

/// Ends every claim on a work, and deletes the records of who skipped it, because its card has changed.
pub(in crate::store) async fn end_all(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<()> {
    sqlx::query!("/* end_claims_of_a_work */ delete from review_claims where submission = $1", submission.0)
        .execute(&mut *tx)
        .await
        .context("end the claims on a work")?;
    take_up(tx, submission).await
}
