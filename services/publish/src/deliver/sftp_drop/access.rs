//! The address of a partner's SFTP server, our login there, and the one trusted host key.
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use russh::keys::{PrivateKey, PublicKey, decode_secret_key};

use crate::task::Task;

/// Everything needed to log in. Read again for each session, so that a secret changed in a file needs no restart.
pub(crate) struct Access {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) key: Arc<PrivateKey>,
    /// The host key that the server must prove to have.
    pub(crate) host_key: PublicKey,
    /// The directory for deliveries, without a slash at its end; empty for the one that the login starts in.
    pub(crate) dir: String,
}

impl Access {
    /// From the partner's secrets.
    pub(crate) fn read(task: &Task<'_>) -> Result<Self> {
        Self::from(|name| task.optional_secret(name))
    }

    /// `secret` reads one by its name after `PARTNER_<ID>_`.
    pub(crate) fn from(secret: impl Fn(&str) -> Result<Option<String>>) -> Result<Self> {
        let wanted = |name: &str| secret(name)?.with_context(|| format!("the partner's {name} is not set"));
        let port = secret("SFTP_PORT")?.unwrap_or_else(|| "22".into());
        let host_key = wanted("SFTP_HOST_KEY")?;
        // The text of a key is a secret, so the error contains none of it.
        let key = decode_secret_key(&wanted("SFTP_KEY")?, None).ok();
        let dir = secret("SFTP_DIR")?.unwrap_or_default();
        ensure!(!dir.chars().any(char::is_control), "the partner's SFTP_DIR has control characters");
        Ok(Self {
            host: wanted("SFTP_HOST")?,
            port: port.trim().parse().ok().context("the partner's SFTP_PORT is no port")?,
            user: wanted("SFTP_USER")?,
            key: Arc::new(key.context(
                "the partner's SFTP_KEY is no private key of OpenSSH without a passphrase, Ed25519 or ECDSA",
            )?),
            host_key: PublicKey::from_openssh(host_key.trim())
                .ok()
                .context("the partner's SFTP_HOST_KEY is no public key, such as `ssh-ed25519 AAAA…`")?,
            dir: dir.trim_end_matches('/').to_owned(),
        })
    }

    /// A path below the directory for deliveries.
    pub(crate) fn path(&self, below: &str) -> String {
        if self.dir.is_empty() { below.to_owned() } else { format!("{}/{below}", self.dir) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILlElCoNu5ElUKU5gEI6hVgwZyix5NDaLoTaqAw2xrW4";

    #[test]
    fn what_is_missing_or_wrong_is_named_and_no_secret_is_shown() {
        let problem_with = |secrets: &[(&str, &str)]| {
            let secret = |name: &str| secrets.iter().find(|(known, _)| *known == name).map(|(_, it)| (*it).to_owned());
            Access::from(|name| Ok(secret(name))).err().map(|error| format!("{error:#}")).unwrap_or_default()
        };
        assert_eq!(problem_with(&[]), "the partner's SFTP_HOST_KEY is not set");
        assert_eq!(problem_with(&[("SFTP_HOST_KEY", HOST_KEY)]), "the partner's SFTP_KEY is not set");
        let wrong = problem_with(&[
            ("SFTP_HOST_KEY", HOST_KEY),
            ("SFTP_HOST", "h"),
            ("SFTP_USER", "u"),
            ("SFTP_KEY", "-----BEGIN OPENSSH PRIVATE KEY-----\ncanary\n-----END OPENSSH PRIVATE KEY-----"),
        ]);
        assert!(wrong.starts_with("the partner's SFTP_KEY is no private key") && !wrong.contains("canary"), "{wrong}");
    }
}
