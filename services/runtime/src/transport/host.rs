//! Hosts as addresses name them.
use std::net::IpAddr;

/// Whether a host is this machine, by its loopback address or its usual name.
pub fn is_this_machine(host: &str) -> bool {
    let (name, address) = read(host);
    name == "localhost" || address.is_some_and(|it| it.is_loopback())
}

/// A host as a plain name, and its IP address if it is written as one.
pub(super) fn read(host: &str) -> (String, Option<IpAddr>) {
    let name = plain_name(host.trim_start_matches('[').trim_end_matches(']'));
    let address = name.parse::<IpAddr>().ok().map(|it| it.to_canonical());
    (name, address)
}

/// Names are compared without regard to case, and with or without the root's dot.
pub(super) fn plain_name(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}
