//! Our account at Douyin: a user's token for 15 days, renewed with a refresh token for 30 days, which can be renewed
//! five times [2]; then the account's owner must authorise again. Renewed under the account's lock, since a new token
//! may end the old one.
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use reqwest::Method;
use runtime::seal::Sealed;
use runtime::store::accounts::{Account as Key, NewCredentials};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::platform::{self, Failed, Refusal};
use crate::exchange::{Body, PartnerHttp, Request, account_of};
use crate::task::Task;

/// An access token that expires sooner than this is replaced before it is used, seconds: far longer than any upload
/// takes.
const RENEW_BEFORE_S: i64 = 12 * 3600;
/// A refresh token that expires sooner than this is renewed, seconds: a week without deliveries must not cost the
/// authorisation.
const RENEW_REFRESH_BEFORE_S: i64 = 10 * 24 * 3600;
/// How often a refresh token can be renewed [2].
const RENEWALS: u32 = 5;
/// A renewal holds the account's row, so it may not take long.
const DEADLINE: Duration = Duration::from_secs(5);
/// The platform's codes for a refresh token that has expired, or was renewed too often.
const OWNER_MUST_AGREE: [i64; 2] = [10010, 10020];

/// The account's credentials as stored, sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Account {
    /// The account's id for this application.
    pub(super) open_id: String,
    /// The user's token; empty before the first request.
    pub(super) access_token: String,
    access_until_s: i64,
    refresh_token: String,
    refresh_until_s: i64,
    renewals: u32,
    /// Digest of the tokens that an operator configured: other tokens there are a new authorisation.
    set_up: String,
}

/// What must be renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Nothing,
    Access,
    Refresh,
}

/// The account with a token that can be used now.
pub(super) async fn current(task: &Task<'_>) -> Result<Account> {
    renewed(task, None).await
}

/// The same, if the platform no longer accepts the token `stale`.
pub(super) async fn renewed(task: &Task<'_>, stale: Option<&str>) -> Result<Account> {
    let setup = set_up(task)?;
    let key = account_of(&task.partner.id);
    let kept = task.tools.store.credentials(&key).await?.map(|(sealed, _)| sealed);
    let mut account = opened(task, kept, &setup)?;
    // The refresh token first, and stored by itself: the old one may be invalid from then on.
    for _ in 0..2 {
        let now_s = task.tools.clock.now().timestamp();
        account = match account.due(now_s, stale) {
            Due::Nothing => break,
            due => replaced(task, &key, &setup, due, stale).await?,
        };
    }
    task.secrets.add(&account.access_token);
    task.secrets.add(&account.refresh_token);
    Ok(account)
}

impl Account {
    fn due(&self, now_s: i64, stale: Option<&str>) -> Due {
        if self.renewals > 0 && self.refresh_until_s < now_s + RENEW_REFRESH_BEFORE_S {
            return Due::Refresh;
        }
        let over = self.access_until_s < now_s + RENEW_BEFORE_S || stale == Some(self.access_token.as_str());
        if over { Due::Access } else { Due::Nothing }
    }
}

/// The tokens that an operator configured.
fn set_up(task: &Task<'_>) -> Result<Account> {
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
fn opened(task: &Task<'_>, kept: Option<Sealed>, setup: &Account) -> Result<Account> {
    let Some(sealed) = kept else { return Ok(setup.clone()) };
    let plain = task.tools.keys()?.open_for(&place(task), &sealed).context("open the credentials")?;
    let kept: Option<Account> = serde_json::from_slice(&plain).ok();
    Ok(kept.filter(|kept| kept.set_up == setup.set_up).unwrap_or_else(|| setup.clone()))
}

/// Renews one token, unless another process has done so since.
async fn replaced(task: &Task<'_>, key: &Key, setup: &Account, due: Due, stale: Option<&str>) -> Result<Account> {
    // The closure's result beside what is to be stored.
    let found: Mutex<Option<Result<Account, Refusal>>> = Mutex::new(None);
    let note = |it| *found.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(it);
    let renew = async |kept: Option<Sealed>| -> Result<Option<NewCredentials>> {
        let mut account = opened(task, kept, setup)?;
        let now = task.tools.clock.now();
        if account.due(now.timestamp(), stale) != due {
            note(Ok(account));
            return Ok(None);
        }
        let data = match ask(task, &account, due).await? {
            Ok(data) => data,
            Err(refusal) => {
                note(Err(refusal));
                return Ok(None);
            }
        };
        take(&mut account, due, &data, now)?;
        let new = sealed(task, &account)?;
        note(Ok(account));
        Ok(Some(new))
    };
    task.tools.store.renew_credentials(key, renew).await?;
    let found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    match found.context("a renewal found nothing out")? {
        Ok(account) => {
            task.tools.store.note_health(key, true, None).await?;
            Ok(account)
        }
        Err(refusal) => {
            let mine = OWNER_MUST_AGREE.contains(&refusal.code);
            let words = refusal.to_string();
            task.tools.store.note_health(key, !mine, Some(&words)).await?;
            bail!(
                "douyin gives no new token: {words}{}",
                if mine { "; the account's owner has to agree again" } else { "" }
            )
        }
    }
}

/// Requests one token from the platform.
async fn ask(task: &Task<'_>, account: &Account, due: Due) -> Result<Result<Value, Refusal>> {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut form = vec![pair("client_key", &task.secret("CLIENT_KEY")?), pair("refresh_token", &account.refresh_token)];
    let (step, path) = match due {
        Due::Refresh => ("oauth.renew", "/oauth/renew_refresh_token/"),
        Due::Access | Due::Nothing => ("oauth.refresh", "/oauth/refresh_token/"),
    };
    if due == Due::Access {
        form.push(pair("grant_type", "refresh_token"));
    }
    let request = Request {
        step,
        method: Method::POST,
        url: platform::address(task, path)?,
        headers: Vec::new(),
        body: Body::Form(form),
        deadline: DEADLINE,
        secrets: vec![account.refresh_token.clone()],
        hide_answer: true,
        intent: None,
    };
    // Under a name of its own: the account's own row is locked by this very renewal.
    let key = Key { name: "oauth".into(), ..account_of(&task.partner.id) };
    let http = PartnerHttp { account: key, submission: None, ..task.http() };
    match platform::send(&http, request).await? {
        Ok(data) => Ok(Ok(data)),
        Err(Failed::Refused(refusal)) => Ok(Err(refusal)),
        Err(failed) => bail!("ask douyin for a new token: {failed}"),
    }
}

/// Applies the platform's answer.
fn take(account: &mut Account, due: Due, data: &Value, now: DateTime<Utc>) -> Result<()> {
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

fn sealed(task: &Task<'_>, account: &Account) -> Result<NewCredentials> {
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
        let told = json!({ "access_token": "a2", "expires_in": 60, "refresh_expires_in": 90 });
        take(&mut it, Due::Access, &told, now).unwrap();
        assert_eq!((it.access_token.as_str(), it.access_until_s, it.refresh_until_s), ("a2", NOW + 60, NOW + 90));
        assert!(take(&mut it, Due::Access, &json!({ "access_token": "a3" }), now).is_err());
    }
}
