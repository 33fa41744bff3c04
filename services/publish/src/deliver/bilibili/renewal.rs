//! A renewal of our account's tokens. A refresh token works once, so at most one process may use it, and its answer must not get
//! lost.
//!
//! A renewal has two steps under the account's row lock. First its beginning is stored; then the platform is called and
//! its answer stored. Other processes wait at the lock and find the new tokens. If the process dies between the answer
//! and the commit, the stored beginning remains: the refresh token may be used up, and its successors are lost. Then
//! the former access token is used as long as it is valid, the account's health says that a person must authorise
//! again, and only when the access token has expired is the refresh token tried once more: if it is refused, it is not
//! tried again, since a second use invalidates everything.
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::Method;
use runtime::seal::Sealed;
use runtime::store::partners::accounts::Account;
use uuid::Uuid;

use super::platform::{self, Failed, address};
use super::stored_tokens::{Renewal, Tokens, load, remedy};
use crate::exchange::{Body, PartnerHttp, Request, account_of};
use crate::task::Task;

/// A renewal that began longer ago than this and has not ended was interrupted, seconds. Longer than the deadline of
/// its call.
pub(super) const CUT_OFF_S: i64 = 12;
/// The renewal's call holds a database lock, so it may not take long.
const DEADLINE: Duration = Duration::from_secs(8);
/// Wait for another process' renewal.
const OTHERS: Duration = Duration::from_secs(2);
/// Wait for a person.
pub(super) const PERSON: Duration = Duration::from_secs(600);

/// Obtains new tokens for `old`, unless another process has done so or is doing so.
pub(super) async fn renew(task: &Task<'_>, old: &Tokens) -> Result<Result<Tokens, Failed>> {
    let now_s = task.tools.clock.now().timestamp();
    let mine = Renewal { by: Uuid::new_v4(), since: now_s };
    if !begin(task, old, mine).await? {
        // Another process has them already, or is obtaining them.
        let there = load(task).await?.filter(|there| there.access_token != old.access_token);
        let wait = Failed::NotDone { words: "another process renews the tokens".to_owned(), again: OTHERS };
        return Ok(there.ok_or(wait));
    }
    finish(task, mine).await
}

/// Stores that a renewal begins; `false` if the tokens have changed or another process is renewing them.
async fn begin(task: &Task<'_>, old: &Tokens, mine: Renewal) -> Result<bool> {
    let (keys, partner) = (task.tools.keys()?, &task.partner.id);
    let begin = |there: Option<Sealed>| async move {
        let mut there = Tokens::open(keys, partner, &there.context("there are no tokens any more")?)?;
        let busy = there.renewal.is_some_and(|other| mine.since - other.since <= CUT_OFF_S);
        if there.access_token != old.access_token || busy {
            return Ok(None);
        }
        there.renewal = Some(mine);
        there.seal(keys, partner).map(Some)
    };
    let begun = task.tools.store.renew_credentials(&account_of(partner), begin).await?.is_some();
    if begun {
        // The state if the process dies now; a successful renewal replaces it.
        let todo = remedy(partner);
        let words = format!("a renewal of the tokens began and has not ended: if this stays, {todo} before they end");
        task.tools.store.note_health(&account_of(partner), false, Some(&words)).await?;
    }
    Ok(begun)
}

/// Calls the platform and stores its answer, holding the row's lock.
async fn finish(task: &Task<'_>, mine: Renewal) -> Result<Result<Tokens, Failed>> {
    let (keys, partner) = (task.tools.keys()?, &task.partner.id);
    let ended: Mutex<Option<Result<Tokens, Failed>>> = Mutex::new(None);
    let end = |result| *ended.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(result);
    let ask = |there: Option<Sealed>| async {
        let mut tokens = Tokens::open(keys, partner, &there.context("there are no tokens any more")?)?;
        if tokens.renewal != Some(mine) {
            return Ok(None);
        }
        match ask(task, &tokens).await? {
            Ok(new) => {
                end(Ok(new.clone()));
                return new.seal(keys, partner).map(Some);
            }
            // The token may be used up: the stored beginning remains.
            Err(failed @ Failed::Lost(_)) => {
                end(Err(failed));
                return Ok(None);
            }
            Err(failed @ Failed::NotDone { .. }) => end(Err(failed)),
            Err(failed @ Failed::Refused { .. }) => {
                tokens.refused = true;
                end(Err(failed));
            }
        }
        tokens.renewal = None;
        tokens.seal(keys, partner).map(Some)
    };
    task.tools.store.renew_credentials(&account_of(partner), ask).await?;
    let ended = ended.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let ended = ended.unwrap_or_else(|| Err(Failed::NotDone { words: "another process renews".into(), again: OTHERS }));
    note(task, &ended).await?;
    Ok(ended.map_err(|failed| match failed {
        Failed::Refused { words, .. } => Failed::NotDone { words, again: PERSON },
        Failed::Lost(words) => {
            Failed::NotDone { words: format!("the answer to a renewal is lost: {words}"), again: PERSON }
        }
        other @ Failed::NotDone { .. } => other,
    }))
}

async fn note(task: &Task<'_>, ended: &Result<Tokens, Failed>) -> Result<()> {
    let (store, account) = (&task.tools.store, account_of(&task.partner.id));
    let todo = remedy(&task.partner.id);
    match ended {
        Ok(_) => store.note_health(&account, true, None).await,
        Err(Failed::NotDone { words, .. }) => store.note_health(&account, false, Some(words)).await,
        Err(Failed::Refused { words, .. }) => {
            let words = format!("the refresh token was refused: {words}; {todo}");
            store.note_health(&account, false, Some(&words)).await
        }
        Err(Failed::Lost(words)) => {
            let words =
                format!("the answer to a renewal is lost, so the refresh token may be used up: {words}; {todo}");
            store.note_health(&account, false, Some(&words)).await
        }
    }
}

/// The call itself. Its budget is a row of its own: that of the account is locked.
async fn ask(task: &Task<'_>, tokens: &Tokens) -> Result<Result<Tokens, Failed>> {
    let url = address(task, "API_URL", "https://api.bilibili.com", "/x/account-oauth2/v1/refresh_token")?;
    let form = [
        ("client_id", task.secret("CLIENT_ID")?),
        ("client_secret", task.secret("CLIENT_SECRET")?),
        ("grant_type", "refresh_token".to_owned()),
        ("refresh_token", tokens.refresh_token.clone()),
    ];
    let request = Request {
        step: "account.refresh_token",
        method: Method::POST,
        url,
        headers: Vec::new(),
        body: Body::Form(form.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        deadline: DEADLINE,
        secrets: vec![tokens.refresh_token.clone(), tokens.access_token.clone()],
        hide_answer: true,
        intent: None,
    };
    let account = Account { partner: task.partner.id.clone(), name: "renewal".to_owned() };
    let http = PartnerHttp { account, submission: None, ..task.http() };
    Ok(match platform::read(http.call(request).await)? {
        Ok(data) => {
            let access = platform::text_of(&data, "access_token");
            let refresh = platform::text_of(&data, "refresh_token");
            match (access, refresh, data["expires_in"].as_i64()) {
                // `expires_in` is an absolute time, whatever its name says.
                (Some(access), Some(refresh), Some(expires_at)) => Ok(Tokens::new(access, refresh, expires_at)),
                _ => Err(Failed::Lost("the answer lacks a token or its end".to_owned())),
            }
        }
        Err(failed) => Err(failed),
    })
}
