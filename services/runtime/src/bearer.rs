//! Bearer tokens of people who are not entrants: `rm_<id>_<secret>`. The secret is shown once. Stored are its argon2id
//! hash and four bytes of its digest.
//!
//! argon2 is designed to cost memory and time, which an attacker could use to keep a server busy. So the four bytes are
//! checked first: they reject made-up secrets at the price of one SHA-256, and reveal nothing useful about 32 random
//! bytes. What passes is hashed by `hasher`, a few at a time in the whole process.
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

pub(crate) mod hasher;

pub use hasher::Busy;
use hasher::Hasher;

/// The prefix of these tokens; entrants' tokens do not have it.
const PREFIX: &str = "rm_";
/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;
/// Bytes of the digest that are stored for rejecting made-up secrets.
const CHECK_BYTES: usize = 4;

/// A token as it was sent. Does not print its secret.
#[derive(Clone)]
pub struct Bearer {
    /// The id of the token that it claims to be.
    pub id: Uuid,
    secret: String,
}

/// What is stored of a secret.
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
    /// A new token with this id.
    pub fn new(id: Uuid) -> anyhow::Result<Self> {
        let mut secret = [0; SECRET_BYTES];
        rand::rngs::OsRng.try_fill_bytes(&mut secret)?;
        Ok(Self { id, secret: URL_SAFE_NO_PAD.encode(secret) })
    }

    /// Parses a sent text; `None` if it is not a token of this kind.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let plausible = URL_SAFE_NO_PAD.decode(secret).is_ok_and(|bytes| bytes.len() == SECRET_BYTES);
        let id = id.parse().ok()?;
        plausible.then(|| Self { id, secret: secret.to_owned() })
    }

    /// The whole token, which is shown once.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}_{}", self.id.simple(), self.secret)
    }

    /// A digest of the whole token, under which a successful verification can be remembered.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::new_with_prefix(self.id.as_bytes()).chain_update(&self.secret).finalize().into()
    }

    /// What to store of it. It takes tens of milliseconds of a processor and 19 MiB, once it has its turn; [`Busy`] if
    /// too many wait.
    pub async fn keep(&self) -> anyhow::Result<Kept> {
        let secret_hash = Hasher::of_process().hash(self.secret.clone()).await?;
        Ok(Kept { secret_hash, secret_check: self.check().to_vec() })
    }

    /// Whether it may be the stored one, at no cost. `None`, for a token that does not exist, takes the same time.
    pub fn may_be(&self, kept: Option<&Kept>) -> bool {
        let check = kept.map_or(&[0; CHECK_BYTES][..], |kept| &kept.secret_check);
        let same: bool = self.check().ct_eq(check).into();
        same && kept.is_some()
    }

    /// Whether it is the stored one. As costly as [`Bearer::keep`], and [`Busy`] in the same case.
    pub async fn is(&self, kept: &Kept) -> anyhow::Result<bool> {
        Hasher::of_process().verify(self.secret.clone(), kept.secret_hash.clone()).await
    }

    fn check(&self) -> [u8; CHECK_BYTES] {
        let digest: [u8; 32] = Sha256::digest(&self.secret).into();
        let mut check = [0; CHECK_BYTES];
        check.copy_from_slice(&digest[..CHECK_BYTES]);
        check
    }
}

/// The most hashes that ever ran at the same time in this process, counted where they run.
pub fn most_hashes_at_once() -> usize {
    Hasher::of_process().most_at_once()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_token_itself_is_the_token() {
        let bearer = Bearer::new(Uuid::now_v7()).unwrap();
        let kept = bearer.keep().await.unwrap();
        assert!(kept.secret_hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", kept.secret_hash);
        let sent = Bearer::parse(&bearer.text()).unwrap();
        assert!(sent.may_be(Some(&kept)) && sent.is(&kept).await.unwrap());
        let other = Bearer::new(bearer.id).unwrap();
        assert!(!other.may_be(Some(&kept)) && !other.is(&kept).await.unwrap());
        assert!(!sent.may_be(None));
        assert_ne!(sent.digest(), other.digest());
    }

    #[test]
    fn what_is_no_token_is_not_read() {
        let told = Bearer::new(Uuid::now_v7()).unwrap().text();
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
