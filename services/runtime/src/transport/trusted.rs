//! `ALLOW_PLAINTEXT`: the servers that may be reached without TLS.
use std::net::IpAddr;
use std::str::FromStr;

use super::host::plain_name;
use crate::network::Network;

/// A server, or a block of addresses, to which a connection without TLS is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trusted {
    /// Addresses. A server that is given by name is never resolved for this comparison: its name may lead to another
    /// address a minute later.
    Network(Network),
    /// A host name, in lower case.
    Host(String),
}

/// Why a text is neither.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{0:?} is no host name and no block of addresses, such as 10.0.0.0/8 or fd00::/8, whose bits beyond the prefix are zero"
)]
pub struct BadTrusted(String);

impl FromStr for Trusted {
    type Err = BadTrusted;

    fn from_str(text: &str) -> Result<Self, BadTrusted> {
        if let Ok(network) = text.parse() {
            return Ok(Self::Network(network));
        }
        let of_a_name = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'.' | b'_');
        // The last label of a name is never a number, so this is a mistyped address.
        let like_an_address = text.rsplit('.').next().is_some_and(|last| last.bytes().all(|it| it.is_ascii_digit()));
        if text.is_empty() || text.len() > 253 || !text.bytes().all(of_a_name) || like_an_address {
            return Err(BadTrusted(text.to_owned()));
        }
        Ok(Self::Host(plain_name(text)))
    }
}

impl Trusted {
    /// Whether it names this host, given by its plain name, and by its address if it is written as one.
    pub(super) fn names(&self, name: &str, address: Option<IpAddr>) -> bool {
        match self {
            Trusted::Network(network) => address.is_some_and(|address| network.holds(address)),
            Trusted::Host(trusted) => trusted == name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_neither_host_nor_network_is_quoted() {
        for wrong in ["", "10.1.2.3/8", "10.0.0.0/33", "10.0.0.256", "a b", "https://db", "*"] {
            let error = wrong.parse::<Trusted>().unwrap_err().to_string();
            assert!(error.contains(&format!("{wrong:?}")), "{error}");
        }
    }
}
