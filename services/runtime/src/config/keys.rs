//! Keys for personal data.
use anyhow::Context;
use clap::Args;

use crate::doors::Pseudonyms;
use crate::seal::Keyring;

/// The keys that encrypt personal data.
#[derive(Args, Clone)]
pub struct KeysConfig {
    /// Keys for personal data, `id:base64` with 32 bytes each, separated by commas. The first one encrypts; all of them
    /// decrypt.
    #[arg(long, env = "PERSONAL_DATA_KEYS", hide_env_values = true)]
    pub personal_data_keys: Option<String>,
}

impl KeysConfig {
    /// The keys that encrypt personal data and credentials.
    pub fn keyring(&self) -> anyhow::Result<Keyring> {
        Keyring::parse(self.personal_data_keys.as_deref().unwrap_or_default()).context("read PERSONAL_DATA_KEYS")
    }

    /// Names for addresses in logs: made with PERSONAL_DATA_KEYS if they are set, else with a key of this process. An
    /// unreadable setting is reported where the keys are needed.
    pub fn pseudonyms(&self) -> Pseudonyms {
        self.keyring().map_or_else(|_| Pseudonyms::random(), |keys| Pseudonyms::by(keys.pseudonym_key()))
    }
}
