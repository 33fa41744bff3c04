//! An endpoint's address and secrets: one sealed text in the database, since an address may hold a token.
use std::fmt;

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use rand::TryRngCore;
use reqwest::Url;
use runtime::seal::{Keyring, Sealed};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::sign;

/// Bytes of a secret that is made here.
const SECRET_BYTES: usize = 32;
/// How long the secret before the newest stays valid.
const OVERLAP: TimeDelta = TimeDelta::hours(24);
/// Parts of an address this long may be tokens, and are cut out of what is kept of answers.
const TOKEN_BYTES: usize = 8;

/// Where an endpoint is, and what signs for it. Prints neither.
#[derive(Clone, Serialize, Deserialize)]
pub struct Target {
    /// The address.
    pub url: String,
    /// Newest first.
    secrets: Vec<Secret>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Secret {
    /// As it was told: `whsec_…`.
    text: String,
    /// Until when it signs, once there is a newer one.
    until: Option<DateTime<Utc>>,
}

impl Target {
    /// A target with a fresh secret.
    pub fn new(url: &str) -> Result<Self> {
        Ok(Self { url: url.to_owned(), secrets: vec![Secret { text: fresh()?, until: None }] })
    }

    /// The newest secret, to be told once.
    pub fn secret(&self) -> &str {
        self.secrets.first().map_or("", |secret| &secret.text)
    }

    /// Host of the address.
    pub fn host(&self) -> String {
        let url = Url::parse(&self.url).ok();
        url.and_then(|url| url.host_str().map(ToOwned::to_owned)).unwrap_or_default()
    }

    /// Puts a fresh secret in front. Those before it sign beside it for another day, if they do not end sooner.
    pub fn rotate(&mut self, now: DateTime<Utc>) -> Result<()> {
        self.secrets.retain(|secret| secret.until.is_none_or(|until| until > now));
        for secret in &mut self.secrets {
            secret.until.get_or_insert(now + OVERLAP);
        }
        self.secrets.insert(0, Secret { text: fresh()?, until: None });
        Ok(())
    }

    /// The secrets that sign now, newest first.
    pub(super) fn valid(&self, now: DateTime<Utc>) -> Result<Vec<Vec<u8>>> {
        let valid = self.secrets.iter().filter(|secret| secret.until.is_none_or(|until| until > now));
        valid.map(|secret| sign::secret(&secret.text)).collect()
    }

    /// Everything that must not be kept from an answer, the longest first.
    pub(super) fn secrets(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for secret in &self.secrets {
            all.push(secret.text.clone());
            all.push(secret.text.trim_start_matches("whsec_").to_owned());
        }
        all.extend(tokens_of(&self.url));
        all.sort_by_key(|it| std::cmp::Reverse(it.len()));
        all
    }

    /// Sealed for its endpoint and no other.
    pub fn seal(&self, keys: &Keyring, endpoint: Uuid) -> Result<Sealed> {
        let plain = serde_json::to_vec(self).context("write a webhook's secrets")?;
        keys.seal_for(place(endpoint).as_bytes(), &plain)
    }

    /// Opens what was sealed for the endpoint.
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

/// What of an address may be a token: its query, values in it, and long parts of its path.
pub(crate) fn tokens_of(url: &str) -> Vec<String> {
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
    let mut bytes = [0; SECRET_BYTES];
    rand::rngs::OsRng.try_fill_bytes(&mut bytes)?;
    Ok(sign::written(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(hours * 3600, 0).unwrap()
    }

    #[test]
    fn an_old_secret_signs_for_a_day_after_its_rotation_and_no_longer() {
        let mut target = Target::new("https://example.com/").unwrap();
        let first = sign::secret(target.secret()).unwrap();
        target.rotate(at(0)).unwrap();
        let second = sign::secret(target.secret()).unwrap();
        assert_eq!(target.valid(at(23)).unwrap(), [second.clone(), first.clone()]);
        assert_eq!(target.valid(at(24)).unwrap(), vec![second.clone()]);
        // Rotated again within the day, nobody's secret ends early or lives longer.
        target.rotate(at(12)).unwrap();
        let third = sign::secret(target.secret()).unwrap();
        assert_eq!(target.valid(at(23)).unwrap(), [third.clone(), second.clone(), first]);
        assert_eq!(target.valid(at(30)).unwrap(), [third.clone(), second]);
        assert_eq!(target.valid(at(36)).unwrap(), [third]);
    }

    #[test]
    fn what_is_sealed_opens_for_its_own_endpoint_only_and_prints_nothing() {
        let keys = Keyring::parse("k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
        let target = Target::new("https://example.com/?token=canary-canary").unwrap();
        let (own, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = target.seal(&keys, own).unwrap();
        assert_eq!(Target::open(&keys, own, &sealed).unwrap().url, target.url);
        assert!(Target::open(&keys, other, &sealed).is_err());
        let printed = format!("{target:?}");
        assert!(!printed.contains("canary") && !printed.contains("whsec"), "{printed}");
        assert!(target.secrets().contains(&"canary-canary".to_owned()));
        assert_eq!(target.host(), "example.com");
    }
}
