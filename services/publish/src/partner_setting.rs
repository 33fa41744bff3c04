//! A partner's setting, from the environment or from a file that the environment names.
use anyhow::{Context, Result};
use pipeline::id::PartnerId;

/// Name of a partner's setting in the environment.
pub(crate) fn variable(partner: &PartnerId, name: &str) -> String {
    format!("PARTNER_{}_{name}", partner.as_str().to_ascii_uppercase().replace('-', "_"))
}

/// Addresses and names appear in evidence; credentials do not.
pub(crate) fn is_secret(name: &str) -> bool {
    ["SECRET", "TOKEN", "KEY", "PASSWORD"].iter().any(|word| name.contains(word)) && !name.ends_with("HOST_KEY")
}

/// A partner's setting from the environment, or from the file that the environment names.
pub(crate) fn partner_setting(
    partner: &PartnerId,
    name: &str,
    read: impl Fn(&str) -> Option<String>,
) -> Result<Option<String>> {
    let variable = variable(partner, name);
    if let Some(value) = read(&variable).filter(|value| !value.is_empty()) {
        return Ok(Some(value));
    }
    let Some(path) = read(&format!("{variable}_FILE")) else { return Ok(None) };
    let text = std::fs::read_to_string(&path).with_context(|| format!("read the file that {variable}_FILE names"))?;
    Ok(Some(text.trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_comes_from_the_environment_or_from_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "from a file\n").unwrap();
        let path = file.path().display().to_string();
        let read = |name: &str| match name {
            "PARTNER_CCTV_SFTP_KEY_FILE" => Some(path.clone()),
            "PARTNER_CCTV_SFTP_HOST" => Some("example.org".into()),
            _ => None,
        };
        let setting = |name: &str| partner_setting(&"cctv".into(), name, read).unwrap();
        assert_eq!(setting("SFTP_HOST").as_deref(), Some("example.org"));
        assert_eq!(setting("SFTP_KEY").as_deref(), Some("from a file"));
        assert_eq!(setting("SFTP_PORT"), None);
    }
}
