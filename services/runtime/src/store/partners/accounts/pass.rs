//! Whether an account may be called now: its rate budget and its circuit breaker, shared by all processes.
use std::time::Duration;

use anyhow::Context;

use super::account::{Account, Budget, ensure};
use crate::store::Store;
use crate::store::partners::deliveries::part_of;

/// Whether a call may be made now.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub enum Pass {
    /// Yes; it is counted.
    Go,
    /// Not before this time has passed.
    Wait(Duration),
}

/// Consecutive failures that open the breaker.
pub const BREAKER_FAILURES: i32 = 5;

/// How long it stays open at first; doubles with each further failure.
const BREAKER_S: f64 = 15.0;

/// The longest time that it stays open.
const BREAKER_MOST_S: f64 = 600.0;

/// When the breaker has just ended, one call is made and the others wait this long for its result.
const PROBING_S: f64 = 10.0;

impl Store {
    /// Requests permission for one call to an account. Budget and breaker are shared by every process. `waits`: the
    /// call starts a delivery, so deliveries that reserved their calls go first.
    pub async fn pass(&self, account: &Account, budget: Budget, waits: bool) -> anyhow::Result<Pass> {
        let interval_s = budget.interval_s();
        ensure(self.pool(), account).await?;
        let passed = sqlx::query!(
            "/* pass_account */
            update partner_accounts set tat = greatest(tat, clock_timestamp()) + make_interval(secs => $3),
                open_until = case when failures >= $5 then clock_timestamp() + make_interval(secs => $6) end
            where partner = $1 and account = $2 and tat <= clock_timestamp() + make_interval(secs => $4)
                and (open_until is null or open_until <= clock_timestamp())
                and not ($7 and exists (
                    select from parts where stage = 'publish' and part = $8 and status in ('waiting', 'pending') and call_at is not null))",
            account.partner.as_str(),
            account.name,
            interval_s,
            interval_s * f64::from(budget.burst.saturating_sub(1)),
            BREAKER_FAILURES,
            PROBING_S,
            waits,
            part_of(&account.partner),
        )
        .execute(self.pool())
        .await
        .context("ask for leave to call a partner")?;
        if passed.rows_affected() == 1 {
            return Ok(Pass::Go);
        }
        let wait_s = sqlx::query_scalar!(
            r#"/* wait_for_account */
            select extract(epoch from greatest(
                tat - make_interval(secs => $3) - clock_timestamp(), open_until - clock_timestamp(), interval '0'))::float8
                as "wait_s!"
            from partner_accounts where partner = $1 and account = $2"#,
            account.partner.as_str(),
            account.name,
            interval_s * f64::from(budget.burst.saturating_sub(1)),
        )
        .fetch_one(self.pool())
        .await
        .context("ask how long a partner has to be left alone")?;
        Ok(Pass::Wait(Duration::from_secs_f64(wait_s.clamp(0.05, 86_400.0))))
    }

    /// A call to the account succeeded: the breaker closes.
    pub async fn call_succeeded(&self, account: &Account) -> anyhow::Result<()> {
        sqlx::query!(
            "/* account_answers */ update partner_accounts set failures = 0, open_until = null
            where partner = $1 and account = $2 and failures > 0",
            account.partner.as_str(),
            account.name,
        )
        .execute(self.pool())
        .await
        .context("close a breaker")?;
        Ok(())
    }

    /// A call to the account was not answered, or the partner itself failed.
    pub async fn call_failed(&self, account: &Account) -> anyhow::Result<()> {
        sqlx::query!(
            "/* account_fails */
            update partner_accounts set failures = failures + 1,
                open_until = case when failures + 1 >= $3 then clock_timestamp()
                    + make_interval(secs => least($5::float8, $4::float8 * power(2, least(failures + 1 - $3, 16)))) end
            where partner = $1 and account = $2",
            account.partner.as_str(),
            account.name,
            BREAKER_FAILURES,
            BREAKER_S,
            BREAKER_MOST_S,
        )
        .execute(self.pool())
        .await
        .context("count a partner's failure")?;
        Ok(())
    }
}
