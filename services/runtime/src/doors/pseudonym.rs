//! Names of client addresses in logs: a keyed hash. The same address has the same name for as long as the key is used,
//! and without the key the address cannot be found by trying all addresses.
//!
//! The key is derived from the first of PERSONAL_DATA_KEYS, so replicas agree, and a new first key changes all names. A
//! process without those keys uses a random one for its lifetime.
use std::fmt;
use std::net::IpAddr;

use hmac::{Hmac, Mac};
use rand::TryRngCore;
use sha2::Sha256;

use crate::serving::client::bucket_of;

/// Bytes of the hash that are shown: with a million clients, two of them share a name in one of 37 million
/// installations.
const SHOWN_BYTES: usize = 8;

/// The name of an address: 16 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pseudonym(String);

impl Pseudonym {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names addresses with a key. Its debug output does not contain the key.
#[derive(Clone)]
pub struct Pseudonyms {
    key: [u8; 32],
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms")
    }
}

impl Pseudonyms {
    /// With this key, see [`crate::seal::Keyring::pseudonym_key`].
    pub fn by(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// With a random key, which is lost when the process ends.
    pub fn random() -> Self {
        let mut key = [0; 32];
        // Without randomness, no token and no nonce could be made either; a constant key would still hide the address
        // from a casual reader.
        let _ = rand::rngs::OsRng.try_fill_bytes(&mut key);
        Self { key }
    }

    /// The name of an address. An IPv6 network of 64 bits has one name, because it belongs to one client.
    pub fn of(&self, address: IpAddr) -> Pseudonym {
        #[allow(clippy::unwrap_used, reason = "an HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).unwrap();
        mac.update(bucket_of(address).to_string().as_bytes());
        Pseudonym(hex::encode(&mac.finalize().into_bytes()[..SHOWN_BYTES]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::Keyring;

    const OLD: &str = "old:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const NEW: &str = "new:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    fn named(keys: &str, address: &str) -> Pseudonym {
        Pseudonyms::by(Keyring::parse(keys).unwrap().pseudonym_key()).of(address.parse().unwrap())
    }

    #[test]
    fn an_address_has_one_name_in_all_processes_until_a_new_key_stands_in_front() {
        let name = named(OLD, "192.0.2.1");
        assert_eq!(name, named(OLD, "192.0.2.1"));
        assert_eq!(name, named(OLD, "::ffff:192.0.2.1"));
        assert_eq!(name, named(&format!("{OLD},{NEW}"), "192.0.2.1"));
        assert_ne!(name, named(OLD, "192.0.2.2"));
        assert_ne!(name, named(&format!("{NEW},{OLD}"), "192.0.2.1"));
        assert!(name.as_str().len() == 16 && name.as_str().bytes().all(|it| it.is_ascii_hexdigit()), "{name}");
    }

    #[test]
    fn a_process_without_keys_has_names_of_its_own() {
        let (one, other) = (Pseudonyms::random(), Pseudonyms::random());
        let address = "2001:db8::1".parse().unwrap();
        assert_eq!(one.of(address), one.of("2001:db8::2".parse().unwrap()));
        assert_ne!(one.of(address), other.of(address));
    }
}
