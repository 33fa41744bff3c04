//! Secrets that are made here, shown once, and kept as their digest only: of a session's cookie, of an invitation's link. They have 256
//! random bits, so a plain SHA-256 is enough: what cannot be guessed needs no slow hash.
use std::fmt;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use sha2::{Digest, Sha256};

/// Random bytes of a secret.
const BYTES: usize = 32;

/// 32 random bytes, written in base64url. Does not print itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; BYTES]);

impl Secret {
    /// A new one.
    pub fn new() -> anyhow::Result<Self> {
        let mut bytes = [0; BYTES];
        rand::rngs::OsRng.try_fill_bytes(&mut bytes).context("draw a secret")?;
        Ok(Self(bytes))
    }

    /// Reads what was sent; `None` for what is no secret of this kind.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// Its 43 characters, to be shown once.
    pub fn tell(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is kept of it.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_back_and_does_not_print_itself() {
        let secret = Secret::new().unwrap();
        let told = secret.tell();
        assert_eq!(told.len(), 43);
        assert_eq!(Secret::parse(&told), Some(secret.clone()));
        assert_ne!(secret.digest(), Secret::new().unwrap().digest());
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        for wrong in ["", "x", &told[1..], &format!("{told}A"), "不是"] {
            assert_eq!(Secret::parse(wrong), None, "{wrong}");
        }
    }
}
