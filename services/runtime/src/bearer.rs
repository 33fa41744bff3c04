//! Bearer tokens of people who are not entrants: `rm_<id>_<secret>`. The secret is told once; what is kept is argon2id of it
//! and four bytes of its digest.
//!
//! argon2 is made to cost memory and time, which is a gift to whoever wants to keep a server busy. So the four bytes go
//! first: they turn away every secret that was made up, at the price of one SHA-256, and tell nothing worth having about 32
//! random bytes.
use std::fmt;

use anyhow::Context;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// What every one of these tokens begins with; entrants' tokens do not.
const PREFIX: &str = "rm_";
/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;
/// Bytes of the digest that are kept for turning away what is made up.
const CHECK_BYTES: usize = 4;
/// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A token as it was sent. Does not print its secret.
#[derive(Clone)]
pub struct Bearer {
    /// Which token it says it is.
    pub id: Uuid,
    secret: String,
}

/// What is kept of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// argon2id in PHC form.
    pub secret_hash: String,
    /// First bytes of its SHA-256.
    pub secret_check: Vec<u8>,
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}_…", self.id.simple())
    }
}

impl Bearer {
    /// A new one, for the token of that id.
    pub fn new(id: Uuid) -> anyhow::Result<Self> {
        let mut secret = [0; SECRET_BYTES];
        rand::rngs::OsRng.try_fill_bytes(&mut secret)?;
        Ok(Self { id, secret: URL_SAFE_NO_PAD.encode(secret) })
    }

    /// Reads what was sent; `None` for what is no token of this kind.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let plausible = URL_SAFE_NO_PAD.decode(secret).is_ok_and(|bytes| bytes.len() == SECRET_BYTES);
        let id = id.parse().ok()?;
        plausible.then(|| Self { id, secret: secret.to_owned() })
    }

    /// Whether a text claims to be a token of this kind.
    pub fn is_one(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// The whole token, to be told once.
    pub fn tell(&self) -> String {
        format!("{PREFIX}{}_{}", self.id.simple(), self.secret)
    }

    /// A digest of the whole token, under which its verification may be remembered.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::new_with_prefix(self.id.as_bytes()).chain_update(&self.secret).finalize().into()
    }

    /// What to keep of it. Takes tens of milliseconds of a processor and 19 MiB: call it where that hurts nobody.
    pub fn keep(&self) -> anyhow::Result<Kept> {
        let mut salt = [0; 16];
        rand::rngs::OsRng.try_fill_bytes(&mut salt)?;
        let salt = SaltString::encode_b64(&salt).map_err(|err| anyhow::anyhow!("make a salt: {err}"))?;
        let hash = argon2()?.hash_password(self.secret.as_bytes(), &salt);
        let secret_hash = hash.map_err(|err| anyhow::anyhow!("hash a token: {err}"))?.to_string();
        Ok(Kept { secret_hash, secret_check: self.check().to_vec() })
    }

    /// Whether it may be the one that was kept, at no cost. `None`, for a token that nobody made, takes as long.
    pub fn may_be(&self, kept: Option<&Kept>) -> bool {
        let check = kept.map_or(&[0; CHECK_BYTES][..], |kept| &kept.secret_check);
        let same: bool = self.check().ct_eq(check).into();
        same && kept.is_some()
    }

    /// Whether it is the one that was kept. As costly as [`Bearer::keep`].
    pub fn is(&self, kept: &Kept) -> anyhow::Result<bool> {
        let hash = PasswordHash::new(&kept.secret_hash).map_err(|err| anyhow::anyhow!("read a token's hash: {err}"))?;
        Ok(argon2()?.verify_password(self.secret.as_bytes(), &hash).is_ok())
    }

    fn check(&self) -> [u8; CHECK_BYTES] {
        let digest: [u8; 32] = Sha256::digest(&self.secret).into();
        let mut check = [0; CHECK_BYTES];
        check.copy_from_slice(&digest[..CHECK_BYTES]);
        check
    }
}

fn argon2() -> anyhow::Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|err| anyhow::anyhow!("{err}"));
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params.context("argon2's parameters")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_is_the_token() {
        let bearer = Bearer::new(Uuid::now_v7()).unwrap();
        let kept = bearer.keep().unwrap();
        assert!(kept.secret_hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", kept.secret_hash);
        let sent = Bearer::parse(&bearer.tell()).unwrap();
        assert!(sent.may_be(Some(&kept)) && sent.is(&kept).unwrap());
        let other = Bearer::new(bearer.id).unwrap();
        assert!(!other.may_be(Some(&kept)) && !other.is(&kept).unwrap());
        assert!(!sent.may_be(None));
        assert_ne!(sent.digest(), other.digest());
    }

    #[test]
    fn what_is_no_token_is_not_read() {
        let told = Bearer::new(Uuid::now_v7()).unwrap().tell();
        for wrong in
            ["", "rm_", "rm_x_y", &told[..told.len() - 1], &told[1..], &format!("{told}A"), &told.replace("rm_", "")]
        {
            assert!(Bearer::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_token_does_not_print_its_secret() {
        let bearer = Bearer::new(Uuid::now_v7()).unwrap();
        assert!(!format!("{bearer:?}").contains(&bearer.secret));
    }
}
