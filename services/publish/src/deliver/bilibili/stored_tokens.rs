//! The account's tokens as they are stored: encrypted, with a renewal that began and has not ended.
use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use pipeline::id::PartnerId;
use runtime::seal::{Keyring, Sealed};
use runtime::store::partners::accounts::{Account, NewCredentials};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::exchange::account_of;
use crate::task::Task;

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
    pub(super) renewal: Option<Renewal>,
    /// Whether the platform refused the refresh token: only a new authorisation by a person helps.
    #[serde(default)]
    pub(super) refused: bool,
}

/// A renewal of the tokens.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Renewal {
    pub(super) by: Uuid,
    /// Seconds since 1970.
    pub(super) since: i64,
}

impl Tokens {
    /// Tokens that an operator obtained.
    pub fn new(access_token: String, refresh_token: String, expires_at: i64) -> Self {
        Self { access_token, refresh_token, expires_at, renewal: None, refused: false }
    }

    /// Whether the access token can be used for `margin_s` seconds more, and is not `stale`.
    pub(super) fn is_valid(&self, now_s: i64, margin_s: i64, stale: Option<&str>) -> bool {
        now_s + margin_s < self.expires_at && stale != Some(self.access_token.as_str())
    }

    /// The account of these tokens, and the tokens as stored in the database.
    pub fn sealed(&self, keys: &Keyring, partner: &PartnerId) -> Result<(Account, NewCredentials)> {
        Ok((account_of(partner), self.seal(keys, partner)?))
    }

    pub(super) fn seal(&self, keys: &Keyring, partner: &PartnerId) -> Result<NewCredentials> {
        let plain = serde_json::to_vec(self).context("write tokens")?;
        let expires_at = DateTime::<Utc>::from_timestamp(self.expires_at, 0);
        Ok(NewCredentials { sealed: keys.seal_for(&place(partner), &plain)?, expires_at })
    }

    pub(super) fn open(keys: &Keyring, partner: &PartnerId, sealed: &Sealed) -> Result<Self> {
        let plain = keys.open_for(&place(partner), sealed).context("open a partner's tokens")?;
        serde_json::from_slice(&plain).ok().context("a partner's tokens are not in the form that was stored")
    }
}

/// The associated data that tokens are sealed with.
fn place(partner: &PartnerId) -> Vec<u8> {
    format!("partner:{partner}/default").into_bytes()
}

/// The command with which a person supplies new tokens.
pub(super) fn remedy(partner: &PartnerId) -> String {
    format!("run `reelmill partner authorise {partner} --stdin`")
}

/// The stored tokens; at first those of the environment.
pub(super) async fn load(task: &Task<'_>) -> Result<Option<Tokens>> {
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
