//! Random secrets of session cookies and invitation links, shown once and stored only as their digest. They have 256
//! random bits and cannot be guessed, so a plain SHA-256 is enough.
use std::fmt;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use sha2::{Digest, Sha256};

/// Random bytes of a secret.
const BYTES: usize = 32;

/// 32 random bytes, written in base64url. Its debug output is hidden.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; BYTES]);

impl Secret {
    /// A new one.
    pub fn new() -> anyhow::Result<Self> {
        let mut bytes = [0; BYTES];
        rand::rngs::OsRng.try_fill_bytes(&mut bytes).context("draw a secret")?;
        Ok(Self(bytes))
    }

    /// Parses the text of a secret; `None` if it has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// Its 43 characters, to be shown once.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The digest that is stored.
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
        let text = secret.text();
        assert_eq!(text.len(), 43);
        assert_eq!(Secret::parse(&text), Some(secret.clone()));
        assert_ne!(secret.digest(), Secret::new().unwrap().digest());
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        for wrong in ["", "x", &text[1..], &format!("{text}A"), "不是"] {
            assert_eq!(Secret::parse(wrong), None, "{wrong}");
        }
    }
}
