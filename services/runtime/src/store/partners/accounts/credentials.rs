//! The credentials of an account, encrypted, and what the partner thinks of them.
use std::future::Future;

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::{Acquire, PgConnection};

use super::account::{Account, ensure};
use crate::seal::Sealed;
use crate::store::Store;
use crate::store::people::audit::{self, Act};
use crate::store::submissions::history::By;

/// Credentials as they are to be stored.
#[derive(Clone, Debug)]
pub struct NewCredentials {
    /// Encrypted, in the adapter's own format.
    pub sealed: Sealed,
    /// When they end.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Store {
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
        ensure(self.pool(), account).await?;
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
        ensure(self.pool(), account).await?;
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
}

/// Stores credentials that a partner gave to a person, in place of the former ones. The partner's opinion of them is
/// not known yet.
pub async fn authorise(tx: &mut PgConnection, account: &Account, new: &NewCredentials, by: &By) -> anyhow::Result<()> {
    ensure(&mut *tx, account).await?;
    store_credentials(tx, account, new).await?;
    let (partner, after) = (Some(&account.partner), json!({ "account": account.name, "expires_at": new.expires_at }));
    let act = Act { act: "partner_authorised", submission: None, partner, before: Value::Null, after };
    audit::add(tx, by, &act).await
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
