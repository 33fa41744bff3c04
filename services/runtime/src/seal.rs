//! Encryption of stored personal data and partners' credentials: XChaCha20-Poly1305 with keys that have ids, bound to
//! the place where the data belongs.
//!
//! The first key encrypts and every key decrypts. So a key is changed by putting a new one first, and removed when no
//! row uses it any more.
use std::fmt;

use base64::Engine;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use pipeline::id::SubmissionId;
use rand::TryRngCore;
use sha2::Sha256;

/// Size of a key in bytes.
const KEY_BYTES: usize = 32;
/// Size of a nonce in bytes. Random nonces of this size do not repeat.
const NONCE_BYTES: usize = 24;

/// The keys that encrypt and decrypt. Its debug output contains only key ids.
#[derive(Clone)]
pub struct Keyring {
    keys: Vec<(String, XChaCha20Poly1305)>,
    /// Derived from the first key.
    pseudonyms: [u8; 32],
    /// The same of the others, in their order.
    earlier: Vec<[u8; 32]>,
}

/// Encrypted bytes as stored in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Which key encrypted them.
    pub key_id: String,
    /// 24 random bytes.
    pub nonce: Vec<u8>,
    /// The encrypted bytes and their tag.
    pub ciphertext: Vec<u8>,
}

/// Why a text is not a keyring. It never contains the key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadKeys {
    /// Empty.
    #[error("no key; give at least one as id:base64")]
    None,
    /// No colon, or nothing before it.
    #[error("key {0} has no id; keys are id:base64")]
    NoId(usize),
    /// Not 32 bytes of base64.
    #[error("key {0:?} is not 32 bytes in base64; make one with `openssl rand -base64 32`")]
    NotAKey(String),
    /// An id that occurs twice.
    #[error("key id {0:?} is there twice")]
    Twice(String),
}

/// Why encrypted bytes cannot be decrypted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CannotOpen {
    /// The key is not in the keyring.
    #[error("sealed with key {0:?}, which is not configured")]
    UnknownKey(String),
    /// Changed, or from another submission or place.
    #[error("what was sealed is damaged or belongs elsewhere")]
    Damaged,
}

impl Keyring {
    /// Parses `id:base64,id2:base64`.
    pub fn parse(text: &str) -> Result<Self, BadKeys> {
        let mut keys: Vec<(String, XChaCha20Poly1305)> = Vec::new();
        let (mut pseudonyms, mut earlier) = ([0; 32], Vec::new());
        for (index, entry) in text.split(',').map(str::trim).filter(|it| !it.is_empty()).enumerate() {
            let Some((id, key)) = entry.split_once(':').filter(|(id, _)| !id.is_empty()) else {
                return Err(BadKeys::NoId(index + 1));
            };
            if keys.iter().any(|(known, _)| known == id) {
                return Err(BadKeys::Twice(id.to_owned()));
            }
            let bytes = base64::engine::general_purpose::STANDARD.decode(key).unwrap_or_default();
            if bytes.len() != KEY_BYTES {
                return Err(BadKeys::NotAKey(id.to_owned()));
            }
            let hashing = derived(&bytes, b"reelmill: pseudonyms of addresses");
            if keys.is_empty() {
                pseudonyms = hashing;
            } else {
                earlier.push(hashing);
            }
            keys.push((id.to_owned(), XChaCha20Poly1305::new(bytes.as_slice().into())));
        }
        if keys.is_empty() { Err(BadKeys::None) } else { Ok(Self { keys, pseudonyms, earlier }) }
    }

    /// The key of [`crate::doors::Pseudonyms`], derived from the first key, so it changes when another key is put
    /// first.
    pub fn pseudonym_key(&self) -> [u8; 32] {
        self.pseudonyms
    }

    /// A hash of `text` for `purpose`, computable only with the first key. It changes when another key becomes the first.
    pub fn keyed_hash(&self, purpose: &str, text: &str) -> [u8; KEY_BYTES] {
        derived(&derived(&self.pseudonyms, purpose.as_bytes()), text.as_bytes())
    }

    /// The same with every key of the keyring, the first one's first: what was hashed before another key became the first is
    /// still recognised.
    pub fn keyed_hashes(&self, purpose: &str, text: &str) -> Vec<[u8; KEY_BYTES]> {
        let hash = |key: &[u8; 32]| derived(&derived(key, purpose.as_bytes()), text.as_bytes());
        std::iter::once(&self.pseudonyms).chain(&self.earlier).map(hash).collect()
    }

    /// Whether a key is in the keyring.
    pub fn has(&self, id: &str) -> bool {
        self.keys.iter().any(|(known, _)| known == id)
    }

    /// Encrypts the personal data of one submission with the first key.
    pub fn seal(&self, submission: SubmissionId, plain: &[u8]) -> anyhow::Result<Sealed> {
        self.seal_for(submission.0.as_bytes(), plain)
    }

    /// Decrypts data of that submission, with the key that encrypted it.
    pub fn open(&self, submission: SubmissionId, sealed: &Sealed) -> Result<Vec<u8>, CannotOpen> {
        self.open_for(submission.0.as_bytes(), sealed)
    }

    /// Encrypts data for one place, such as `partner:bilibili/default`: it cannot be decrypted for another place.
    pub fn seal_for(&self, place: &[u8], plain: &[u8]) -> anyhow::Result<Sealed> {
        let (key_id, key) = self.keys.first().ok_or(BadKeys::None)?;
        let mut nonce = [0; NONCE_BYTES];
        rand::rngs::OsRng.try_fill_bytes(&mut nonce)?;
        let payload = Payload { msg: plain, aad: place };
        let ciphertext = key
            .encrypt(XNonce::from_slice(&nonce), payload)
            .map_err(|_| anyhow::anyhow!("{} bytes are too long to seal", plain.len()))?;
        Ok(Sealed { key_id: key_id.clone(), nonce: nonce.to_vec(), ciphertext })
    }

    /// Decrypts data that was encrypted for that place.
    pub fn open_for(&self, place: &[u8], sealed: &Sealed) -> Result<Vec<u8>, CannotOpen> {
        let Some((_, key)) = self.keys.iter().find(|(id, _)| *id == sealed.key_id) else {
            return Err(CannotOpen::UnknownKey(sealed.key_id.clone()));
        };
        if sealed.nonce.len() != NONCE_BYTES {
            return Err(CannotOpen::Damaged);
        }
        let payload = Payload { msg: sealed.ciphertext.as_slice(), aad: place };
        key.decrypt(XNonce::from_slice(&sealed.nonce), payload).map_err(|_| CannotOpen::Damaged)
    }
}

/// A key for another purpose, from which nothing about `key` can be learned.
fn derived(key: &[u8], purpose: &[u8]) -> [u8; 32] {
    #[allow(clippy::unwrap_used, reason = "an HMAC takes a key of any length")]
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap();
    mac.update(purpose);
    mac.finalize().into_bytes().into()
}

/// Encrypts with a key of the caller, bound to `about`: nonce and ciphertext.
pub fn seal_with(key: &[u8; KEY_BYTES], about: &[u8], plain: &[u8]) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    let mut nonce = [0; NONCE_BYTES];
    rand::rngs::OsRng.try_fill_bytes(&mut nonce)?;
    let ciphertext = XChaCha20Poly1305::new(key.into())
        .encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad: about })
        .map_err(|_| anyhow::anyhow!("{} bytes are too long to seal", plain.len()))?;
    Ok((nonce.to_vec(), ciphertext))
}

/// Decrypts what [`seal_with`] encrypted with this key and this `about`.
pub fn open_with(key: &[u8; KEY_BYTES], about: &[u8], nonce: &[u8], ciphertext: &[u8]) -> Result<Vec<u8>, CannotOpen> {
    if nonce.len() != NONCE_BYTES {
        return Err(CannotOpen::Damaged);
    }
    let payload = Payload { msg: ciphertext, aad: about };
    XChaCha20Poly1305::new(key.into()).decrypt(XNonce::from_slice(nonce), payload).map_err(|_| CannotOpen::Damaged)
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(id, _)| id)).finish()
    }
}

#[cfg(test)]
mod tests;
