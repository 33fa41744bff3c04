//! Which account, and how fast it may be called.
use std::time::Duration;

use anyhow::Context;
use pipeline::id::PartnerId;
use sqlx::PgExecutor;

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

/// A delivery exceeded its partner's budget.
#[derive(Clone, Debug, PartialEq)]
pub struct OverBudget {
    /// The account that cannot be called now.
    pub account: Account,
    /// How fast it may be called.
    pub budget: Budget,
    /// The time until it could be called if no other delivery were waiting.
    pub wait: Duration,
    /// Whether the delivery has started: it made a call before this one, or its reserved time had come. It goes before
    /// those that have not.
    pub begun: bool,
}

/// Stores an account at its first use.
pub(super) async fn ensure(executor: impl PgExecutor<'_>, account: &Account) -> anyhow::Result<()> {
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
