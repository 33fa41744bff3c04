//! The second factor of persons who sign in: codes of an authenticator app (TOTP, RFC 6238, with the parameters that
//! every app supports: SHA-1, 6 digits, 30 seconds), and recovery codes for a person who lost the app.
use std::fmt;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::PersonId;
use pipeline::person::Login;
use rand::TryRngCore;
use sha2::{Digest, Sha256};
use totp_rs::{Algorithm, Builder, Totp};

use crate::seal::{Keyring, Sealed};

/// Bytes of a secret: the size of SHA-1's digest, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
/// Seconds of a step.
const STEP_S: u64 = 30;
/// Clocks of phones are rarely wrong by more than a step.
const SKEW: u16 = 1;
/// The name that the app shows for the codes.
const ISSUER: &str = "Reelmill";
/// Recovery codes in a person's set.
pub const RECOVERY_CODES: usize = 10;
/// 32 lower-case characters, without those that look alike: 5 bits each.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Characters of a recovery code: 80 bits.
const CODE_CHARS: usize = 16;

/// The secret that a person's app shares with us. Its debug output is hidden.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret([u8; SECRET_BYTES]);

impl TotpSecret {
    /// A new one.
    pub fn new() -> anyhow::Result<Self> {
        let mut bytes = [0; SECRET_BYTES];
        rand::rngs::OsRng.try_fill_bytes(&mut bytes).context("draw a secret")?;
        Ok(Self(bytes))
    }

    /// Encrypts it for the person's row.
    pub fn seal(&self, keys: &Keyring, person: PersonId) -> anyhow::Result<Sealed> {
        keys.seal_for(place(person).as_bytes(), &self.0)
    }

    /// Decrypts the one in a person's row.
    pub fn open(keys: &Keyring, person: PersonId, sealed: &Sealed) -> anyhow::Result<Self> {
        let bytes = keys.open_for(place(person).as_bytes(), sealed).context("open a second factor")?;
        let bytes = bytes.try_into().map_err(|_| anyhow::anyhow!("a second factor has a wrong length"))?;
        Ok(Self(bytes))
    }

    /// What an app reads from a QR code.
    pub fn url(&self, login: &Login) -> anyhow::Result<String> {
        let totp = builder(&self.0).with_issuer(Some(ISSUER)).with_account_name(login.as_str()).build();
        totp.and_then(|it| it.to_url()).map_err(|err| anyhow::anyhow!("write an otpauth address: {err}"))
    }

    /// What a person types into an app that cannot read the QR code: base32, in groups of four.
    pub fn text(&self) -> anyhow::Result<String> {
        let text = self.totp()?.secret().to_base32();
        let groups: Vec<String> =
            text.as_bytes().chunks(4).map(|it| String::from_utf8_lossy(it).into_owned()).collect();
        Ok(groups.join(" "))
    }

    /// The step that the code belongs to: the current one, the one before, or the one after it. `None`: the code is wrong.
    pub fn step_of(&self, code: &str, now: DateTime<Utc>) -> anyhow::Result<Option<i64>> {
        let step = self.totp()?.check(code, seconds(now)?);
        Ok(step.and_then(|step| i64::try_from(step).ok()))
    }

    /// The code at this time, as the app shows it.
    pub fn code(&self, now: DateTime<Utc>) -> anyhow::Result<String> {
        Ok(self.totp()?.generate(seconds(now)?).to_string())
    }

    fn totp(&self) -> anyhow::Result<Totp> {
        builder(&self.0).build().map_err(|err| anyhow::anyhow!("read a second factor: {err}"))
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

fn builder(secret: &[u8; SECRET_BYTES]) -> Builder {
    let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_skew(SKEW);
    builder.with_step_duration(STEP_S).with_secret(secret.to_vec())
}

fn place(person: PersonId) -> String {
    format!("totp:{person}")
}

fn seconds(now: DateTime<Utc>) -> anyhow::Result<u64> {
    u64::try_from(now.timestamp()).context("the clock is before 1970")
}

/// A code that replaces one of the app, once. Its debug output is hidden.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// A new one.
    pub fn new() -> anyhow::Result<Self> {
        let mut bytes = [0; CODE_CHARS];
        rand::rngs::OsRng.try_fill_bytes(&mut bytes).context("draw a recovery code")?;
        Ok(Self(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()))
    }

    /// Parses a code as typed, ignoring case, spaces and hyphens; `None` if it has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_lowercase());
        // One more than allowed, so that a long text is not read to its end.
        let plain: String = plain.take(CODE_CHARS + 1).collect();
        let right = plain.len() == CODE_CHARS && plain.bytes().all(|it| ALPHABET.contains(&it));
        right.then_some(Self(plain))
    }

    /// In four groups of four, to be shown once.
    pub fn text(&self) -> String {
        let groups: Vec<&str> = (0..CODE_CHARS).step_by(4).map(|at| &self.0[at..at + 4]).collect();
        groups.join("-")
    }

    /// The digest that is stored.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

#[cfg(test)]
mod tests;
