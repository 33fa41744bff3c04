//! The queue: attempts are claimed by number, so that a sender that was considered dead can no longer change anything.
use std::time::Duration;

use anyhow::Context;
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::Store;

/// How long an attempt may take before its sender is considered dead. Well above the call's own deadline.
pub const LEASE: Duration = Duration::from_secs(60);
/// First pause of an endpoint that does not answer, in seconds; it doubles with each unanswered call.
const REST_S: f64 = 5.0;
/// Its longest pause.
const REST_MOST_S: f64 = 600.0;
/// Days that finished messages stay in the log.
const KEEP_DAYS: f64 = 30.0;

/// A message to send now.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Its id.
    pub id: Uuid,
    /// The number of this attempt, from 1, always increasing.
    pub attempt: i32,
    /// Attempts before this one that the schedule counts.
    pub earlier: i32,
    /// The payload.
    pub body: String,
}

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
    /// Endpoints that have something due.
    pub async fn webhooks_due(&self) -> anyhow::Result<Vec<Uuid>> {
        sqlx::query_scalar!(
            "/* webhooks_due */
            select id from webhook_endpoints e where state = 'enabled' and quiet_until <= clock_timestamp()
                and exists (select from webhook_messages
                    where endpoint = e.id and status = 'pending' and due <= statement_timestamp())",
        )
        .fetch_all(self.pool())
        .await
        .context("look for webhooks that are due")
    }

    /// Claims the messages of an endpoint that have been due longest, and logs the attempts.
    pub async fn claim_webhooks(&self, endpoint: Uuid, limit: i64) -> anyhow::Result<Vec<Claimed>> {
        sqlx::query_as!(
            Claimed,
            r#"/* claim_webhooks */
            with claimed as (
                update webhook_messages set attempt = attempt + 1, due = clock_timestamp() + make_interval(secs => $3)
                where id in (
                    select m.id from webhook_messages m join webhook_endpoints e on e.id = m.endpoint
                    where m.endpoint = $1 and m.status = 'pending' and m.due <= statement_timestamp()
                        and e.state = 'enabled' and e.quiet_until <= clock_timestamp()
                    order by m.due limit $2 for update of m skip locked
                )
                returning id, attempt, attempts_before, body
            ), logged as (
                insert into webhook_attempts (message, attempt) select id, attempt from claimed
            )
            select id, attempt, attempt - attempts_before - 1 as "earlier!", body from claimed"#,
            endpoint,
            limit,
            LEASE.as_secs_f64(),
        )
        .fetch_all(self.pool())
        .await
        .context("claim webhook messages")
    }

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

    /// Deletes messages that ended long ago, some at a time. Returns how many.
    pub async fn forget_old_webhooks(&self) -> anyhow::Result<u64> {
        let forgotten = sqlx::query!(
            "/* forget_old_webhooks */
            delete from webhook_messages where id = any(array(
                select id from webhook_messages
                where status <> 'pending' and finished_at < statement_timestamp() - make_interval(secs => $1::float8 * 86400)
                order by finished_at limit 1000
            ))",
            KEEP_DAYS,
        )
        .execute(self.pool())
        .await
        .context("forget old webhook messages")?;
        Ok(forgotten.rows_affected())
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
pub(super) async fn cancel(tx: &mut PgConnection, endpoint: Uuid) -> anyhow::Result<()> {
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
