//! A webhook's address and secrets: one encrypted text in the database, because an address may contain a token. Secrets
//! have the format of Standard Webhooks 1.0: `whsec_` and base64.
use std::fmt;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use rand::TryRngCore;
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use crate::seal::{Keyring, Sealed};

/// The prefix of every secret.
const PREFIX: &str = "whsec_";
/// Bytes that a secret may have, by the specification.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Bytes of a secret that is created here.
const FRESH_BYTES: usize = 32;
/// How long the secret before the newest stays valid.
const OVERLAP: TimeDelta = TimeDelta::hours(24);
/// Parts of an address of at least this length may be tokens, and are removed from stored answers.
const TOKEN_BYTES: usize = 8;

/// The address of an endpoint and its signing secrets. The debug output contains neither.
#[derive(Clone, Serialize, Deserialize)]
pub struct Target {
    /// The address.
    pub url: String,
    /// Newest first.
    secrets: Vec<Secret>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Secret {
    /// In its text form: `whsec_…`.
    text: String,
    /// Until when it signs, once there is a newer one.
    until: Option<DateTime<Utc>>,
}

impl Target {
    /// A target with a new secret.
    pub fn new(url: &str) -> Result<Self> {
        Ok(Self { url: url.to_owned(), secrets: vec![Secret { text: fresh()?, until: None }] })
    }

    /// The newest secret, to be shown once.
    pub fn secret(&self) -> &str {
        self.secrets.first().map_or("", |secret| &secret.text)
    }

    /// Host of the address.
    pub fn host(&self) -> String {
        let url = Url::parse(&self.url).ok();
        url.and_then(|url| url.host_str().map(ToOwned::to_owned)).unwrap_or_default()
    }

    /// Adds a new secret in front. Earlier ones sign together with it for another day, if they do not end sooner.
    pub fn rotate(&mut self, now: DateTime<Utc>) -> Result<()> {
        self.secrets.retain(|secret| secret.until.is_none_or(|until| until > now));
        for secret in &mut self.secrets {
            secret.until.get_or_insert(now + OVERLAP);
        }
        self.secrets.insert(0, Secret { text: fresh()?, until: None });
        Ok(())
    }

    /// The secrets that sign now, newest first.
    pub fn valid(&self, now: DateTime<Utc>) -> Result<Vec<Vec<u8>>> {
        let valid = self.secrets.iter().filter(|secret| secret.until.is_none_or(|until| until > now));
        valid.map(|it| secret_bytes(&it.text)).collect()
    }

    /// Everything that must not be stored from an answer, the longest first.
    pub fn secrets(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for secret in &self.secrets {
            all.push(secret.text.clone());
            all.push(secret.text.trim_start_matches("whsec_").to_owned());
        }
        all.extend(tokens_of(&self.url));
        all.sort_by_key(|it| std::cmp::Reverse(it.len()));
        all
    }

    /// Encrypted for its endpoint only.
    pub fn seal(&self, keys: &Keyring, endpoint: Uuid) -> Result<Sealed> {
        let plain = serde_json::to_vec(self).context("write a webhook's secrets")?;
        keys.seal_for(place(endpoint).as_bytes(), &plain)
    }

    /// Decrypts what was encrypted for the endpoint.
    pub fn open(keys: &Keyring, endpoint: Uuid, sealed: &Sealed) -> Result<Self> {
        let plain = keys.open_for(place(endpoint).as_bytes(), sealed).context("open a webhook's secrets")?;
        serde_json::from_slice(&plain).context("read a webhook's secrets")
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("secrets", &self.secrets.len()).finish_non_exhaustive()
    }
}

/// The parts of an address that may be tokens: its query, values in it, and long parts of its path.
pub fn tokens_of(url: &str) -> Vec<String> {
    let Ok(parsed) = Url::parse(url) else { return Vec::new() };
    let mut tokens = vec![url.to_owned(), parsed.to_string()];
    tokens.extend(parsed.query().map(ToOwned::to_owned));
    tokens.extend(parsed.query_pairs().map(|(_, value)| value.into_owned()));
    tokens.extend(parsed.path_segments().into_iter().flatten().map(ToOwned::to_owned));
    tokens.retain(|token| token.len() >= TOKEN_BYTES);
    tokens
}

fn place(endpoint: Uuid) -> String {
    format!("webhook:{endpoint}")
}

fn fresh() -> Result<String> {
    let mut bytes = [0; FRESH_BYTES];
    rand::rngs::OsRng.try_fill_bytes(&mut bytes)?;
    Ok(written(&bytes))
}

/// A secret's bytes.
///
/// # Errors
/// Text that is not a secret; the error does not quote it.
pub fn secret_bytes(text: &str) -> Result<Vec<u8>> {
    let base64 = text.strip_prefix(PREFIX).unwrap_or(text);
    let bytes = STANDARD.decode(base64).ok().context("a webhook's secret is whsec_ and base64")?;
    ensure!(SECRET_BYTES.contains(&bytes.len()), "a webhook's secret has 24 to 64 bytes, not {}", bytes.len());
    Ok(bytes)
}

/// Bytes in the text form of a secret.
pub fn written(bytes: &[u8]) -> String {
    format!("{PREFIX}{}", STANDARD.encode(bytes))
}

/// A message's id as receivers see it in `webhook-id`, and as people read and type it.
pub fn message_name(id: Uuid) -> String {
    format!("msg_{}", id.simple())
}

/// The id that [`message_name`] wrote.
pub fn message_id(name: &str) -> Option<Uuid> {
    let hex = name.strip_prefix("msg_").filter(|hex| hex.len() == 32)?;
    Uuid::try_parse(hex).ok()
}

#[cfg(test)]
mod tests;
