//! Which addresses given by a person or a partner may be called: https, or http into our own networks that the
//! configuration allows, and otherwise never a server of ours. This file decides everything that can be decided without
//! a call; the publish role's client checks every address that a name resolves to by the same rule.
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use url::Url;

use crate::network::Network;

mod address;

/// Longer than any real address, and short enough not to fill a log.
pub const MAX_ADDRESS_BYTES: usize = 2048;

/// Which addresses a client may call.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Our own networks that the configuration allows.
    pub allowed: Arc<[Network]>,
    /// Whether only these may be called.
    pub inside_only: bool,
}

/// Why an address is not called. It names the kind of address and not the address itself: the person who entered a name
/// must not learn what it resolves to inside our network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forbidden(pub &'static str);

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the address is not called: {}", self.0)
    }
}

impl std::error::Error for Forbidden {}

impl Rule {
    /// Whether this one address may be called.
    pub fn check(&self, address: IpAddr) -> Result<(), Forbidden> {
        if self.inside_only && !address::is_inside(address, &self.allowed) {
            return Err(Forbidden("plain http"));
        }
        address::may_call(address, &self.allowed).map_err(Forbidden)
    }
}

/// Whether a person may enter this address: its form, and for a numeric address also the network. `allowed` are our own
/// networks that the configuration allows (`Config::allow_private_networks`).
///
/// # Errors
/// States what is wrong with it, without the address.
pub fn check(text: &str, allowed: &[Network]) -> Result<Url, String> {
    let url = form(text)?;
    let inside_only = url.scheme() == "http";
    if inside_only && allowed.is_empty() {
        return Err("only https addresses are called".to_owned());
    }
    if let Some(address) = number(&url) {
        let rule = Rule { allowed: allowed.into(), inside_only };
        rule.check(address).map_err(|forbidden| forbidden.to_string())?;
    }
    Ok(url)
}

/// Checks only the form of an address.
///
/// # Errors
/// States what is wrong with it.
pub fn form(text: &str) -> Result<Url, String> {
    if text.len() > MAX_ADDRESS_BYTES {
        return Err(format!("an address has at most {MAX_ADDRESS_BYTES} bytes"));
    }
    let url = Url::parse(text).map_err(|error| format!("no address: {error}"))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err("only https addresses are called".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address must not hold a user name or password".to_owned());
    }
    if !url.has_host() || url.port() == Some(0) {
        return Err("the address names no server".to_owned());
    }
    Ok(url)
}

/// The IP address, if the URL contains one; the parser has read every spelling of it (`0x7f.1`, `2130706433`, `[::1]`).
pub fn number(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_person_is_https_without_a_password_and_not_ours() {
        for url in [
            "http://public.example/",
            "https://user:secret@public.example/",
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://169.254.169.254/",
            "https://public.example:0/",
            "ftp://public.example/",
            "public.example",
        ] {
            let error = check(url, &[]).expect_err(url);
            assert!(!error.contains("example") && !error.contains("127"), "{error}");
        }
        assert!(check("https://public.example/hooks?token=x", &[]).is_ok());
    }

    #[test]
    fn configuration_opens_plain_http_to_networks_of_ours_alone() {
        let allowed = ["127.0.0.0/8".parse().unwrap()];
        assert!(check("http://127.0.0.1:8080/", &allowed).is_ok());
        assert_eq!(check("http://1.1.1.1/", &allowed).unwrap_err(), "the address is not called: plain http");
    }
}
