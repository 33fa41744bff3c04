//! How an attempt ended, and what follows for its message and its endpoint.
use std::time::Duration;

use anyhow::Context;
use sqlx::PgConnection;
use uuid::Uuid;

use super::claim::Claimed;
use crate::store::Store;

/// First pause of an endpoint that does not answer, in seconds; it doubles with each unanswered call.
const REST_S: f64 = 5.0;

/// Its longest pause.
const REST_MOST_S: f64 = 600.0;

/// The result of an attempt, for the log.
#[derive(Clone, Debug, Default)]
pub struct Attempted {
    /// HTTP status.
    pub status: Option<u16>,
    /// Why there is no answer.
    pub error: Option<String>,
    /// How long it took.
    pub elapsed: Duration,
    /// Start of the answer, without secrets.
    pub answer: Option<String>,
}

/// What follows from an attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// It was accepted.
    Delivered,
    /// Again after this time.
    Again(Duration),
    /// That was the last attempt.
    GivenUp,
    /// The endpoint accepts no more messages.
    Gone,
}

/// The condition of the endpoint at this attempt, for the messages after it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mood {
    /// It answered, well or not.
    Answers,
    /// It did not answer, or answered "not now", and for how long.
    Unwell(Option<Duration>),
}

impl Store {
    /// Records how an attempt ended and what follows. If its sender was considered dead meanwhile, only the line in the
    /// log is written.
    pub async fn end_webhook_attempt(
        &self,
        endpoint: Uuid,
        claimed: &Claimed,
        attempted: &Attempted,
        next: Next,
        mood: Mood,
    ) -> anyhow::Result<()> {
        self.quiet_transaction("end_webhook_attempt", |tx, _| {
            Box::pin(async move {
                log(tx, claimed, attempted).await?;
                note_mood(tx, endpoint, mood).await?;
                let (status, again_s) = match next {
                    Next::Delivered => ("delivered", None),
                    Next::Again(wait) => ("pending", Some(wait.as_secs_f64())),
                    Next::GivenUp => ("failed", None),
                    Next::Gone => ("cancelled", None),
                };
                sqlx::query!(
                    "/* end_webhook_attempt */
                    update webhook_messages set status = $3,
                        due = clock_timestamp() + make_interval(secs => coalesce($4::float8, 0)),
                        finished_at = case when $3 <> 'pending' then clock_timestamp() end
                    where id = $1 and attempt = $2 and status = 'pending'",
                    claimed.id,
                    claimed.attempt,
                    status,
                    again_s,
                )
                .execute(&mut *tx)
                .await
                .context("end a webhook's attempt")?;
                if next == Next::Gone {
                    sqlx::query!(
                        "/* webhook_gone */
                        update webhook_endpoints set state = 'gone', updated_at = clock_timestamp()
                        where id = $1 and state = 'enabled'",
                        endpoint,
                    )
                    .execute(&mut *tx)
                    .await
                    .context("disable a webhook endpoint")?;
                    cancel(tx, endpoint).await?;
                }
                Ok(())
            })
        })
        .await
    }
}

async fn log(tx: &mut PgConnection, claimed: &Claimed, attempted: &Attempted) -> anyhow::Result<()> {
    sqlx::query!(
        "/* log_webhook_attempt */
        update webhook_attempts set status = $3, error = $4, elapsed_ms = $5, answer = $6
        where message = $1 and attempt = $2",
        claimed.id,
        claimed.attempt,
        attempted.status.map(i32::from),
        attempted.error,
        i32::try_from(attempted.elapsed.as_millis()).unwrap_or(i32::MAX),
        attempted.answer,
    )
    .execute(tx)
    .await
    .context("write the log of a webhook's attempt")?;
    Ok(())
}

async fn note_mood(tx: &mut PgConnection, endpoint: Uuid, mood: Mood) -> anyhow::Result<()> {
    match mood {
        Mood::Answers => sqlx::query!(
            "/* webhook_answers */ update webhook_endpoints set failures = 0 where id = $1 and failures > 0",
            endpoint,
        ),
        Mood::Unwell(wish) => sqlx::query!(
            // Of calls that fail in parallel, the first starts the pause; the others add no information.
            "/* webhook_unwell */
            update webhook_endpoints set
                failures = failures + case when quiet_until <= clock_timestamp() then 1 else 0 end,
                quiet_until = greatest(quiet_until, clock_timestamp() + make_interval(secs => coalesce($2::float8,
                    case when quiet_until <= clock_timestamp()
                        then least($4::float8, $3::float8 * power(2, least(failures, 16))) else 0 end)))
            where id = $1",
            endpoint,
            wish.map(|wish| wish.as_secs_f64()),
            REST_S,
            REST_MOST_S,
        ),
    }
    .execute(tx)
    .await
    .context("note how a webhook endpoint is")?;
    Ok(())
}

/// Cancels everything that waits for this endpoint.
pub(in crate::store) async fn cancel(tx: &mut PgConnection, endpoint: Uuid) -> anyhow::Result<()> {
    sqlx::query!(
        "/* cancel_webhooks */
        update webhook_messages set status = 'cancelled', finished_at = clock_timestamp()
        where endpoint = $1 and status = 'pending'",
        endpoint,
    )
    .execute(tx)
    .await
    .context("cancel a webhook's messages")?;
    Ok(())
}
