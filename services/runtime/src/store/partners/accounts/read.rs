//! Accounts for readers.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::PartnerId;

use super::account::Account;
use crate::store::Store;

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

impl Store {
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
}
