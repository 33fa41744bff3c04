//! Deliveries that wait for their partner's budget. Each reserves the time of its call, in the order of claims, and
//! waits without being claimed; the reconciler wakes as many of a partner as it may be called at that moment. So a
//! hundred thousand deliveries to one partner cost one statement for each thousand of them, and deliveries to other
//! partners are not delayed.
use std::time::Duration;

use anyhow::Context;
use pipeline::stage::Stage;
use sqlx::PgConnection;

use super::accounts::{BREAKER_FAILURES, MAIN};
use super::deliveries::part_of;
use crate::store::Store;
use crate::store::outgoing::messages;
use crate::store::work::parts::{Claim, Commit};

pub use super::accounts::OverBudget;

/// Claimable deliveries of a partner that reserve their calls together with the one that exceeded the budget.
const RESERVED_AT_ONCE: i64 = 1_000;

impl Store {
    /// Makes a part wait for the time that it reserves at its partner. If it had not started, it goes to the end, no
    /// attempt is recorded, and the next claimable deliveries to the same partner reserve their times after it.
    pub async fn reserve_call(&self, claim: &Claim, over: &OverBudget) -> anyhow::Result<Commit> {
        self.transaction("reserve_call", |tx, _| {
            Box::pin(async move {
                keep_budget(tx, over).await?;
                if !reserve(tx, claim, over).await? {
                    return Ok(Commit::Fenced);
                }
                if !over.begun {
                    reserve_next(tx, over).await?;
                }
                Ok(Commit::Committed)
            })
        })
        .await
    }

    /// Makes deliveries claimable whose reserved time has come: for each partner as many as it may be called now, less
    /// those that were woken before and are not claimed yet. Returns how many.
    pub async fn wake_reserved(&self) -> anyhow::Result<usize> {
        self.transaction("wake_reserved", |tx, _| {
            Box::pin(async move {
                let woken = wake_reserved(tx).await?;
                messages::add_hints(tx, std::iter::repeat_n(Stage::Publish, woken)).await?;
                Ok(woken)
            })
        })
        .await
    }

    /// The shortest time between two calls of the partners for which a delivery is due within this time. A partner that is not called
    /// while it fails does not count.
    pub async fn reserved_interval(&self, within: Duration) -> anyhow::Result<Option<Duration>> {
        let interval_s = sqlx::query_scalar!(
            "/* reserved_interval */
            select min(interval_s) from partner_accounts where account = $1 and coalesce(open_until <= clock_timestamp(), true) and exists (
                select from parts where stage = 'publish' and part = 'partner/' || partner and status = 'waiting'
                    and call_at <= now() + make_interval(secs => $2))",
            MAIN,
            within.as_secs_f64(),
        )
        .fetch_one(self.pool())
        .await
        .context("look for deliveries that wait for a partner")?;
        Ok(interval_s.map(Duration::from_secs_f64))
    }
}

/// Stores the budget with which the partner's deliveries are woken. Reservations take turns by the lock of the
/// account's row.
async fn keep_budget(tx: &mut PgConnection, over: &OverBudget) -> anyhow::Result<()> {
    sqlx::query!(
        "/* keep_budget */ update partner_accounts set interval_s = $3, burst = $4 where partner = $1 and account = $2",
        over.account.partner.as_str(),
        over.account.name,
        over.budget.interval_s(),
        i32::try_from(over.budget.burst).unwrap_or(i32::MAX),
    )
    .execute(tx)
    .await
    .context("keep a partner's budget")?;
    Ok(())
}

/// Returns whether the claim was still valid. A part that has started goes before all that have not; another one goes
/// to the end. Only the main account wakes parts by its budget; parts that wait for another account are woken by time.
async fn reserve(tx: &mut PgConnection, claim: &Claim, over: &OverBudget) -> anyhow::Result<bool> {
    let reserved = sqlx::query_scalar!(
        r#"/* reserve_call */
        with free as (
            select clock_timestamp() + make_interval(secs => $6) as at
        ), ended as (
            update parts set status = 'waiting', fence = null, lease_until = null,
                call_at = case when $7 then free.at else greatest(free.at, (
                    select max(call_at) from parts where stage = 'publish' and part = $4 and status = 'waiting' and call_at is not null
                ) + make_interval(secs => $8)) end,
                not_before = case when $9 then 'infinity' else free.at end
            from free
            where submission = $1 and run = $2 and stage = $3 and part = $4 and fence = $5 and status = 'claimed'
            returning submission, run, stage, part, started_at, holder
        ), noted as (
            insert into attempts (submission, run, stage, part, started_at, ended_at, outcome, holder)
            select submission, run, stage, part, coalesce(started_at, clock_timestamp()), clock_timestamp(), 'later', holder
            from ended where $7
        )
        select count(*) as "count!" from ended"#,
        claim.submission.0,
        claim.run as i32,
        claim.stage.name(),
        claim.part.to_string(),
        claim.fence.0,
        over.wait.as_secs_f64(),
        over.begun,
        over.budget.interval_s(),
        over.account.name == MAIN,
    )
    .fetch_one(tx)
    .await
    .context("reserve a call to a partner")?;
    Ok(reserved == 1)
}

/// The next claimable deliveries to the partner reserve their times, in the order of claims. A recall waits for no
/// other delivery, and is left unchanged.
async fn reserve_next(tx: &mut PgConnection, over: &OverBudget) -> anyhow::Result<()> {
    sqlx::query!(
        "/* reserve_next_calls */
        with last as (
            select max(call_at) as at from parts where stage = 'publish' and part = $1 and status = 'waiting' and call_at is not null
        ), next as (
            select submission, run, part, rank, created_at from parts p
            where stage = 'publish' and part = $1 and status = 'pending' and call_at is null and not exists (
                select from deliveries d where d.submission = p.submission and d.partner = $2 and d.machine ->> 'desired' = 'gone')
            order by call_at, rank, created_at limit $3 for update skip locked
        ), numbered as (
            select next.*, row_number() over (order by rank, created_at) as number from next
        )
        update parts set status = 'waiting', not_before = 'infinity',
            call_at = last.at + make_interval(secs => $4::float8 * numbered.number)
        from numbered, last
        where parts.submission = numbered.submission and parts.run = numbered.run and parts.stage = 'publish'
            and parts.part = numbered.part",
        part_of(&over.account.partner),
        over.account.partner.as_str(),
        RESERVED_AT_ONCE,
        over.budget.interval_s(),
    )
    .execute(tx)
    .await
    .context("reserve the next calls to a partner")?;
    Ok(())
}

async fn wake_reserved(tx: &mut PgConnection) -> anyhow::Result<usize> {
    let woken = sqlx::query!(
        "/* wake_reserved */
        -- now() and no clock_timestamp(), so that the index is asked for those that are due alone.
        with free as (
            -- As `pass` counts: `burst` calls after a rest, one less for each interval that the calls made so far reach ahead. With the
            -- breaker just over one call goes first.
            select 'partner/' || partner as part, case
                when open_until > clock_timestamp() then 0
                when failures >= $2 then 1
                else least(burst, burst + floor(extract(epoch from clock_timestamp() - tat) / interval_s)) end as calls
            from partner_accounts where account = $1 and interval_s is not null
        )
        update parts set status = 'pending', not_before = clock_timestamp()
        where (submission, run, stage, part) in (
            select due.submission, due.run, due.stage, due.part from free cross join lateral (
                select submission, run, stage, part from parts
                where stage = 'publish' and part = free.part and status = 'waiting' and call_at <= now()
                order by call_at
                limit greatest(0, free.calls - (
                    select count(*) from parts
                    where stage = 'publish' and part = free.part and status = 'pending' and call_at is not null))::bigint
                for update skip locked
            ) as due where free.calls > 0)",
        MAIN,
        BREAKER_FAILURES,
    )
    .execute(tx)
    .await
    .context("wake deliveries whose time has come")?;
    Ok(woken.rows_affected() as usize)
}
