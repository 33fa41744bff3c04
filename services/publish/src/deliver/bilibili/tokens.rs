//! Our account's tokens. A refresh token works once, so at most one process may use it, and its answer must not get
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
use chrono::{DateTime, Utc};
use pipeline::id::PartnerId;
use reqwest::Method;
use runtime::seal::{Keyring, Sealed};
use runtime::store::accounts::{Account, NewCredentials};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::platform::{self, Failed, address};
use crate::exchange::{Body, PartnerHttp, Request, account_of};
use crate::task::Task;

/// A token that expires sooner than this is renewed before it is used, seconds. Tokens are valid for 30 days; a day
/// gives a person time to act if the renewal fails.
const RENEW_BEFORE_S: i64 = 86_400;
/// A renewal that began longer ago than this and has not ended was interrupted, seconds. Longer than the deadline of
/// its call.
const CUT_OFF_S: i64 = 12;
/// The renewal's call holds a database lock, so it may not take long.
const DEADLINE: Duration = Duration::from_secs(8);
/// Wait for another process' renewal.
const OTHERS: Duration = Duration::from_secs(2);
/// Wait for a person.
pub(super) const PERSON: Duration = Duration::from_secs(600);

/// The stored tokens, sealed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Tokens {
    /// Sent with every call.
    pub access_token: String,
    /// Obtains new ones, once.
    pub refresh_token: String,
    /// When the access token expires, seconds since 1970.
    pub expires_at: i64,
    /// A renewal that began and has not ended.
    #[serde(default)]
    renewal: Option<Renewal>,
    /// Whether the platform refused the refresh token: only a new authorisation by a person helps.
    #[serde(default)]
    refused: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Renewal {
    by: Uuid,
    since: i64,
}

impl Tokens {
    /// Tokens that an operator obtained.
    pub fn new(access_token: String, refresh_token: String, expires_at: i64) -> Self {
        Self { access_token, refresh_token, expires_at, renewal: None, refused: false }
    }

    fn is_valid(&self, now_s: i64, margin_s: i64, stale: Option<&str>) -> bool {
        now_s + margin_s < self.expires_at && stale != Some(self.access_token.as_str())
    }

    /// The account of these tokens, and the tokens as stored in the database.
    pub fn sealed(&self, keys: &Keyring, partner: &PartnerId) -> Result<(Account, NewCredentials)> {
        Ok((account_of(partner), self.seal(keys, partner)?))
    }

    fn seal(&self, keys: &Keyring, partner: &PartnerId) -> Result<NewCredentials> {
        let plain = serde_json::to_vec(self).context("write tokens")?;
        let expires_at = DateTime::<Utc>::from_timestamp(self.expires_at, 0);
        Ok(NewCredentials { sealed: keys.seal_for(&place(partner), &plain)?, expires_at })
    }

    fn open(keys: &Keyring, partner: &PartnerId, sealed: &Sealed) -> Result<Self> {
        let plain = keys.open_for(&place(partner), sealed).context("open a partner's tokens")?;
        serde_json::from_slice(&plain).ok().context("a partner's tokens are not in the form that was stored")
    }
}

/// The associated data that tokens are sealed with.
fn place(partner: &PartnerId) -> Vec<u8> {
    format!("partner:{partner}/default").into_bytes()
}

/// The command with which a person supplies new tokens.
fn remedy(partner: &PartnerId) -> String {
    format!("run `reelmill partner authorise {partner} --stdin`")
}

/// A valid access token other than `stale`; renewed if necessary.
pub(super) async fn access(task: &Task<'_>, stale: Option<&str>) -> Result<Result<String, Failed>> {
    let Some(tokens) = load(task).await? else {
        let words = format!("there are no tokens: {}", remedy(&task.partner.id));
        task.tools.store.note_health(&account_of(&task.partner.id), false, Some(&words)).await?;
        return Ok(Err(Failed::NotDone { words, again: PERSON }));
    };
    let now_s = task.tools.clock.now().timestamp();
    let usable = tokens.is_valid(now_s, 0, stale);
    if tokens.is_valid(now_s, RENEW_BEFORE_S, stale) || (usable && tokens.refused) {
        return Ok(Ok(known(task, tokens)));
    }
    if tokens.refused {
        let words = format!("the platform refused the refresh token: {}", remedy(&task.partner.id));
        return Ok(Err(Failed::NotDone { words, again: PERSON }));
    }
    if usable && tokens.renewal.is_some_and(|renewal| now_s - renewal.since > CUT_OFF_S) {
        return Ok(Ok(known(task, tokens)));
    }
    match renew(task, &tokens).await? {
        Ok(renewed) => Ok(Ok(known(task, renewed))),
        // Renewed ahead of time: the old one is still valid.
        Err(failed) if usable => {
            tracing::warn!(partner = %task.partner.id, "could not renew a token that is still valid: {failed:?}");
            Ok(Ok(known(task, tokens)))
        }
        Err(failed) => Ok(Err(failed)),
    }
}

fn known(task: &Task<'_>, tokens: Tokens) -> String {
    task.secrets.add(&tokens.access_token);
    task.secrets.add(&tokens.refresh_token);
    tokens.access_token
}

/// The stored tokens; at first those of the environment.
async fn load(task: &Task<'_>) -> Result<Option<Tokens>> {
    let (store, partner) = (&task.tools.store, &task.partner.id);
    let keys = task.tools.keys()?;
    if let Some((sealed, _)) = store.credentials(&account_of(partner)).await? {
        return Tokens::open(keys, partner, &sealed).map(Some);
    }
    let (Some(access), Some(refresh)) = (task.optional_secret("ACCESS_TOKEN")?, task.optional_secret("REFRESH_TOKEN")?)
    else {
        return Ok(None);
    };
    let expires_at = task.optional_secret("EXPIRES_AT")?.and_then(|text| text.parse().ok()).unwrap_or(0);
    let first = Tokens::new(access, refresh, expires_at).seal(keys, partner)?;
    // Another process may have been faster, and may have renewed them already.
    let put = move |there: Option<Sealed>| async move { Ok(there.is_none().then_some(first)) };
    store.renew_credentials(&account_of(partner), put).await?;
    let stored = store.credentials(&account_of(partner)).await?.context("the tokens that were just stored are gone")?;
    Tokens::open(keys, partner, &stored.0).map(Some)
}

/// Obtains new tokens for `old`, unless another process has done so or is doing so.
async fn renew(task: &Task<'_>, old: &Tokens) -> Result<Result<Tokens, Failed>> {
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

/// The platform accepted a call with our token. This says nothing about an interrupted renewal.
pub(super) async fn accepted(task: &Task<'_>) -> Result<()> {
    let sound = load(task).await?.is_some_and(|tokens| tokens.renewal.is_none() && !tokens.refused);
    if sound {
        task.tools.store.note_health(&account_of(&task.partner.id), true, None).await?;
    }
    Ok(())
}

/// The platform refuses a token that it has just issued, or the only one there is.
pub(super) async fn not_accepted(task: &Task<'_>, words: &str) -> Result<()> {
    let words = format!("the access token is not accepted: {words}; {}", remedy(&task.partner.id));
    task.tools.store.note_health(&account_of(&task.partner.id), false, Some(&words)).await
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
