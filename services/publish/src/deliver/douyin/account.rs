//! Our account at Douyin as it is stored: encrypted, with the limits of its tokens. A user's token is valid for 15 days
//! and is renewed with a refresh token for 30 days, which can be renewed five times [2].
use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use runtime::seal::Sealed;
use runtime::store::partners::accounts::NewCredentials;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::platform;
use crate::task::Task;

/// An access token that expires sooner than this is replaced before it is used, seconds: far longer than any upload
/// takes.
const RENEW_BEFORE_S: i64 = 12 * 3600;
/// A refresh token that expires sooner than this is renewed, seconds: a week without deliveries must not cost the
/// authorisation.
const RENEW_REFRESH_BEFORE_S: i64 = 10 * 24 * 3600;
/// How often a refresh token can be renewed [2].
const RENEWALS: u32 = 5;

/// The account's credentials as stored, sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Account {
    /// The account's id for this application.
    pub(super) open_id: String,
    /// The user's token; empty before the first request.
    pub(super) access_token: String,
    access_until_s: i64,
    pub(super) refresh_token: String,
    refresh_until_s: i64,
    renewals: u32,
    /// Digest of the tokens that an operator configured: other tokens there are a new authorisation.
    set_up: String,
}

/// What must be renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Access,
    Refresh,
}

impl Account {
    pub(super) fn due(&self, now_s: i64, stale: Option<&str>) -> Due {
        if self.renewals > 0 && self.refresh_until_s < now_s + RENEW_REFRESH_BEFORE_S {
            return Due::Refresh;
        }
        let over = self.access_until_s < now_s + RENEW_BEFORE_S || stale == Some(self.access_token.as_str());
        if over { Due::Access } else { Due::Nothing }
    }
}

/// The tokens that an operator configured.
pub(super) fn set_up(task: &Task<'_>) -> Result<Account> {
    let (open_id, refresh_token) = (task.secret("OPEN_ID")?, task.secret("REFRESH_TOKEN")?);
    let set_up = hex::encode(Sha256::digest(format!("{open_id}\n{refresh_token}")));
    let far = i64::MAX / 2;
    Ok(Account {
        open_id,
        access_token: String::new(),
        access_until_s: 0,
        refresh_token,
        // Learned with the first access token.
        refresh_until_s: far,
        renewals: RENEWALS,
        set_up,
    })
}

fn place(task: &Task<'_>) -> Vec<u8> {
    format!("partner:{}/default", task.partner.id).into_bytes()
}

/// The stored account, unless an operator has configured other tokens since.
pub(super) fn opened(task: &Task<'_>, kept: Option<Sealed>, setup: &Account) -> Result<Account> {
    let Some(sealed) = kept else { return Ok(setup.clone()) };
    let plain = task.tools.keys()?.open_for(&place(task), &sealed).context("open the credentials")?;
    let kept: Option<Account> = serde_json::from_slice(&plain).ok();
    Ok(kept.filter(|kept| kept.set_up == setup.set_up).unwrap_or_else(|| setup.clone()))
}

/// Applies the platform's answer.
pub(super) fn take(account: &mut Account, due: Due, data: &Value, now: DateTime<Utc>) -> Result<()> {
    let until = |name: &str| data[name].as_i64().map(|seconds| now.timestamp() + seconds);
    let missing = |name: &str| format!("douyin's answer to a renewal lacks {name}");
    match due {
        Due::Refresh => {
            account.refresh_token = platform::text_of(data, "/refresh_token")?;
            account.refresh_until_s = until("expires_in").with_context(|| missing("expires_in"))?;
            account.renewals -= 1;
        }
        Due::Access | Due::Nothing => {
            account.access_token = platform::text_of(data, "/access_token")?;
            account.access_until_s = until("expires_in").with_context(|| missing("expires_in"))?;
            if let Some(refresh_until_s) = until("refresh_expires_in") {
                account.refresh_until_s = refresh_until_s;
            }
        }
    }
    Ok(())
}

/// The account as it is stored.
pub(super) fn sealed(task: &Task<'_>, account: &Account) -> Result<NewCredentials> {
    let plain = serde_json::to_vec(account).context("write the credentials")?;
    let sealed = task.tools.keys()?.seal_for(&place(task), &plain)?;
    // When the refresh token ends, nothing can be done without the owner.
    Ok(NewCredentials { sealed, expires_at: DateTime::from_timestamp(account.refresh_until_s, 0) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn account(access_days: i64, refresh_days: i64, renewals: u32) -> Account {
        Account {
            open_id: "o".into(),
            access_token: "a".into(),
            access_until_s: NOW + access_days * 86_400,
            refresh_token: "r".into(),
            refresh_until_s: NOW + refresh_days * 86_400,
            renewals,
            set_up: String::new(),
        }
    }

    #[test]
    fn tokens_are_replaced_before_they_end_and_only_then() {
        assert_eq!(account(15, 30, 5).due(NOW, None), Due::Nothing);
        assert_eq!(account(15, 30, 5).due(NOW, Some("a")), Due::Access);
        assert_eq!(account(15, 30, 5).due(NOW, Some("older")), Due::Nothing);
        assert_eq!(account(0, 30, 5).due(NOW, None), Due::Access);
        assert_eq!(account(15, 9, 5).due(NOW, None), Due::Refresh);
        // Five times, then only its owner can help; the remaining validity is used up.
        assert_eq!(account(15, 9, 0).due(NOW, None), Due::Nothing);
    }

    #[test]
    fn a_renewal_is_counted_and_dated() {
        let mut it = account(15, 5, 1);
        let now = DateTime::from_timestamp(NOW, 0).unwrap();
        take(&mut it, Due::Refresh, &json!({ "refresh_token": "r2", "expires_in": 30 * 86_400 }), now).unwrap();
        assert_eq!((it.refresh_token.as_str(), it.renewals), ("r2", 0));
        let renewed = json!({ "access_token": "a2", "expires_in": 60, "refresh_expires_in": 90 });
        take(&mut it, Due::Access, &renewed, now).unwrap();
        assert_eq!((it.access_token.as_str(), it.access_until_s, it.refresh_until_s), ("a2", NOW + 60, NOW + 90));
        assert!(take(&mut it, Due::Access, &json!({ "access_token": "a3" }), now).is_err());
    }
}
