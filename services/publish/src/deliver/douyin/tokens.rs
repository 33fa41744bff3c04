//! Our account's tokens at Douyin, renewed under the account's lock, since a new token may end the old one. When the
//! refresh token was renewed five times, the account's owner must authorise again.
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::Method;
use runtime::seal::Sealed;
use runtime::store::partners::accounts::{Account as Key, NewCredentials};
use serde_json::Value;

use super::account::{Account, Due, opened, sealed, set_up, take};
use super::platform::{self, Failed, Refusal};
use crate::exchange::{Body, PartnerHttp, Request, account_of};
use crate::task::Task;

/// A renewal holds the account's row, so it may not take long.
const DEADLINE: Duration = Duration::from_secs(5);
/// The platform's codes for a refresh token that has expired, or was renewed too often.
const OWNER_MUST_AGREE: [i64; 2] = [10010, 10020];

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
