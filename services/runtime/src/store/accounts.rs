//! Partners' accounts: how fast they may be called, whether they should be called now, and with which credentials. In
//! the database, because every replica calls with the same account.
use std::future::Future;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::PartnerId;
use serde_json::{Value, json};
use sqlx::{Acquire, PgConnection, PgExecutor};

use super::audit::{self, Act};
use super::history::By;
use super::{Store, calls};
use crate::seal::Sealed;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The partner.
    pub partner: PartnerId,
    /// Our account there.
    pub name: String,
}

/// Name of the account for deliveries; calls that do not count against its budget use other accounts.
pub const MAIN: &str = "default";

/// How fast an account may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Average calls a minute.
    pub per_minute: u32,
    /// Calls that may be made at once after a pause.
    pub burst: u32,
}

impl Budget {
    /// Average seconds between two calls.
    pub fn interval_s(self) -> f64 {
        60.0 / f64::from(self.per_minute.max(1))
    }
}

/// Whether a call may be made now.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub enum Pass {
    /// Yes; it is counted.
    Go,
    /// Not before this time has passed.
    Wait(Duration),
}

/// Credentials as they are to be stored.
#[derive(Clone, Debug)]
pub struct NewCredentials {
    /// Encrypted, in the adapter's own format.
    pub sealed: Sealed,
    /// When they end.
    pub expires_at: Option<DateTime<Utc>>,
}

/// An account for readers.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// The account.
    pub account: Account,
    /// Until when the calls made so far use the rate budget; if in the past, all of it is free.
    pub budget_until: DateTime<Utc>,
    /// Failures in a row.
    pub failures: u32,
    /// Until when the breaker is open.
    pub open_until: Option<DateTime<Utc>>,
    /// Whether there are credentials.
    pub has_credentials: bool,
    /// When they end.
    pub expires_at: Option<DateTime<Utc>>,
    /// One of [`HEALTH`].
    pub health: String,
    /// In the partner's words.
    pub health_words: Option<String>,
    /// Since when.
    pub health_at: Option<DateTime<Utc>>,
}

/// What a partner thinks of an account's credentials.
pub const HEALTH: [&str; 3] = ["unknown", "valid", "refused"];
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
        self.ensure_account(account).await?;
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
            calls::part_of(&account.partner),
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

    /// The encrypted credentials of an account.
    pub async fn credentials(&self, account: &Account) -> anyhow::Result<Option<(Sealed, Option<DateTime<Utc>>)>> {
        let row = sqlx::query!(
            "/* credentials */ select key_id, nonce, credentials, expires_at from partner_accounts
            where partner = $1 and account = $2",
            account.partner.as_str(),
            account.name,
        )
        .fetch_optional(self.pool())
        .await
        .context("load a partner's credentials")?;
        Ok(row.and_then(|row| Some((sealed(row.key_id, row.nonce, row.credentials)?, row.expires_at))))
    }

    /// Renews credentials exclusively: `renew` gets the present ones, while the account's lock is held, and returns the
    /// new ones, or `None` if another process was faster. It must end within ten seconds.
    pub async fn renew_credentials<F, R>(&self, account: &Account, renew: F) -> anyhow::Result<Option<NewCredentials>>
    where
        F: FnOnce(Option<Sealed>) -> R + Send,
        R: Future<Output = anyhow::Result<Option<NewCredentials>>> + Send,
    {
        self.ensure_account(account).await?;
        let mut connection = self.pool().acquire().await.context("connect")?;
        let mut transaction = connection.begin().await.context("begin")?;
        let row = sqlx::query!(
            "/* lock_credentials */ select key_id, nonce, credentials from partner_accounts
            where partner = $1 and account = $2 for update",
            account.partner.as_str(),
            account.name,
        )
        .fetch_one(&mut *transaction)
        .await
        .context("lock a partner's credentials")?;
        let renewed = renew(sealed(row.key_id, row.nonce, row.credentials)).await?;
        if let Some(new) = &renewed {
            store_credentials(&mut transaction, account, new).await?;
        }
        transaction.commit().await.context("commit a partner's new credentials")?;
        Ok(renewed)
    }

    /// Records the partner's opinion of our credentials.
    pub async fn note_health(&self, account: &Account, valid: bool, words: Option<&str>) -> anyhow::Result<()> {
        self.ensure_account(account).await?;
        let health = if valid { "valid" } else { "refused" };
        sqlx::query!(
            "/* note_health */ update partner_accounts set health = $3, health_words = $4, health_at = clock_timestamp()
            where partner = $1 and account = $2 and (health <> $3 or health_words is distinct from $4)",
            account.partner.as_str(),
            account.name,
            health,
            words,
        )
        .execute(self.pool())
        .await
        .context("note the health of a partner's credentials")?;
        Ok(())
    }

    /// Every account that was ever used.
    pub async fn accounts(&self) -> anyhow::Result<Vec<AccountRow>> {
        let rows = sqlx::query!(
            r#"/* accounts */
            select partner, account, tat, failures, open_until, credentials is not null as "has_credentials!", expires_at, health,
                health_words, health_at
            from partner_accounts order by partner, account"#
        )
        .fetch_all(self.pool())
        .await
        .context("list partners' accounts")?;
        let rows = rows.into_iter().map(|row| AccountRow {
            account: Account { partner: PartnerId::new(row.partner), name: row.account },
            budget_until: row.tat,
            failures: row.failures as u32,
            open_until: row.open_until,
            has_credentials: row.has_credentials,
            expires_at: row.expires_at,
            health: row.health,
            health_words: row.health_words,
            health_at: row.health_at,
        });
        Ok(rows.collect())
    }

    async fn ensure_account(&self, account: &Account) -> anyhow::Result<()> {
        ensure_account(self.pool(), account).await
    }
}

/// Stores credentials that a partner gave to a person, in place of the former ones. The partner's opinion of them is
/// not known yet.
pub async fn authorise(tx: &mut PgConnection, account: &Account, new: &NewCredentials, by: &By) -> anyhow::Result<()> {
    ensure_account(&mut *tx, account).await?;
    store_credentials(tx, account, new).await?;
    let (partner, after) = (Some(&account.partner), json!({ "account": account.name, "expires_at": new.expires_at }));
    let act = Act { act: "partner_authorised", submission: None, partner, before: Value::Null, after };
    audit::add(tx, by, &act).await
}

async fn ensure_account(executor: impl PgExecutor<'_>, account: &Account) -> anyhow::Result<()> {
    sqlx::query!(
        "/* ensure_account */ insert into partner_accounts (partner, account) values ($1, $2) on conflict do nothing",
        account.partner.as_str(),
        account.name,
    )
    .execute(executor)
    .await
    .context("open a partner's account")?;
    Ok(())
}

fn sealed(key_id: Option<String>, nonce: Option<Vec<u8>>, ciphertext: Option<Vec<u8>>) -> Option<Sealed> {
    Some(Sealed { key_id: key_id?, nonce: nonce?, ciphertext: ciphertext? })
}

async fn store_credentials(
    connection: &mut PgConnection,
    account: &Account,
    new: &NewCredentials,
) -> anyhow::Result<()> {
    sqlx::query!(
        "/* store_credentials */
        update partner_accounts set key_id = $3, nonce = $4, credentials = $5, expires_at = $6, health = 'unknown',
            health_words = null, health_at = clock_timestamp(), updated_at = clock_timestamp()
        where partner = $1 and account = $2",
        account.partner.as_str(),
        account.name,
        new.sealed.key_id,
        new.sealed.nonce,
        new.sealed.ciphertext,
        new.expires_at,
    )
    .execute(connection)
    .await
    .context("store a partner's credentials")?;
    Ok(())
}
