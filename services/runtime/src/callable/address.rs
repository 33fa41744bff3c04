//! Which addresses given by other people may be called. An address is judged by the destination of a packet to it, in
//! whichever form it is written: an IPv6 address that represents an IPv4 one is judged as that one.
//!
//! Sources: IANA's special-purpose address registries (RFC 6890 and its updates), RFC 6052 (NAT64), RFC 3056 (6to4).
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::network::Network;

/// The kind of an address, for a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A public address on the Internet.
    Public,
    /// In one of our own networks, or on this machine: called only if the configuration allows it.
    Private(&'static str),
    /// Never called for another person, whatever the configuration allows.
    Never(&'static str),
}

/// Where cloud providers give a machine its own credentials. A wide block in the configuration must not open these.
const METADATA: [IpAddr; 6] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), // AWS, Azure, Google, Tencent, Huawei and most others
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),   // AWS, containers
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)), // Alibaba
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),   // Azure, inside what looks public
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),     // Oracle
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)), // AWS
];

/// IPv4 blocks that are not the Internet.
const V4: [(u32, u32, Kind); 16] = [
    (ip4(0, 0, 0, 0), 8, Kind::Never("unspecified")),
    (ip4(10, 0, 0, 0), 8, Kind::Private("private")),
    (ip4(100, 64, 0, 0), 10, Kind::Private("carrier-grade NAT")),
    (ip4(127, 0, 0, 0), 8, Kind::Private("loopback")),
    (ip4(169, 254, 0, 0), 16, Kind::Private("link-local")),
    (ip4(172, 16, 0, 0), 12, Kind::Private("private")),
    (ip4(192, 0, 0, 0), 24, Kind::Private("protocol assignments")),
    (ip4(192, 0, 2, 0), 24, Kind::Private("documentation")),
    (ip4(192, 88, 99, 0), 24, Kind::Never("6to4 relay")),
    (ip4(192, 168, 0, 0), 16, Kind::Private("private")),
    (ip4(198, 18, 0, 0), 15, Kind::Private("benchmarking")),
    (ip4(198, 51, 100, 0), 24, Kind::Private("documentation")),
    (ip4(203, 0, 113, 0), 24, Kind::Private("documentation")),
    (ip4(224, 0, 0, 0), 4, Kind::Never("multicast")),
    (ip4(255, 255, 255, 255), 32, Kind::Never("broadcast")),
    (ip4(240, 0, 0, 0), 4, Kind::Never("reserved")),
];

/// IPv6 blocks inside 2000::/3 that are not the Internet, and the ones outside that have a name of their own.
const V6: [(u128, u32, Kind); 12] = [
    (ip6([0, 0, 0, 0, 0, 0, 0, 0]), 128, Kind::Never("unspecified")),
    (ip6([0, 0, 0, 0, 0, 0, 0, 1]), 128, Kind::Private("loopback")),
    (ip6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0]), 48, Kind::Never("local NAT64")),
    (ip6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0]), 32, Kind::Private("documentation")),
    // Teredo is among them: it hides an IPv4 address behind a relay that any person may run.
    (ip6([0x2001, 0, 0, 0, 0, 0, 0, 0]), 23, Kind::Never("protocol assignments")),
    (ip6([0x3fff, 0, 0, 0, 0, 0, 0, 0]), 20, Kind::Private("documentation")),
    (ip6([0xfc00, 0, 0, 0, 0, 0, 0, 0]), 7, Kind::Private("unique local")),
    (ip6([0xfe80, 0, 0, 0, 0, 0, 0, 0]), 10, Kind::Private("link-local")),
    (ip6([0xfec0, 0, 0, 0, 0, 0, 0, 0]), 10, Kind::Private("site-local")),
    (ip6([0xff00, 0, 0, 0, 0, 0, 0, 0]), 8, Kind::Never("multicast")),
    (ip6([0x2000, 0, 0, 0, 0, 0, 0, 0]), 3, Kind::Public),
    // All other blocks are not assigned: IPv4-compatible, IPv4-translated, discard, segment routing.
    (0, 0, Kind::Never("not global unicast")),
];

const fn ip4(a: u8, b: u8, c: u8, d: u8) -> u32 {
    Ipv4Addr::new(a, b, c, d).to_bits()
}

const fn ip6(s: [u16; 8]) -> u128 {
    Ipv6Addr::new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]).to_bits()
}

/// Whether an address may be called, or else why not.
pub(super) fn may_call(address: IpAddr, allowed: &[Network]) -> Result<(), &'static str> {
    let address = real(address);
    match kind(address) {
        Kind::Public => Ok(()),
        Kind::Private(what) if !is_allowed(address, allowed) => Err(what),
        Kind::Private(_) => Ok(()),
        Kind::Never(what) => Err(what),
    }
}

/// Whether the configuration lists the address in a trusted network.
pub(super) fn is_inside(address: IpAddr, allowed: &[Network]) -> bool {
    let address = real(address);
    !matches!(kind(address), Kind::Never(_)) && is_allowed(address, allowed)
}

fn is_allowed(address: IpAddr, allowed: &[Network]) -> bool {
    allowed.iter().any(|network| network.holds(address))
}

/// The address at which a packet arrives: IPv4-mapped, NAT64 and 6to4 addresses contain it.
fn real(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let bits = v6.to_bits();
    let inner = match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => bits as u32,
        [0x2002, ..] => (bits >> 80) as u32,
        _ => return address,
    };
    IpAddr::V4(Ipv4Addr::from_bits(inner))
}

fn kind(address: IpAddr) -> Kind {
    if METADATA.contains(&address) {
        return Kind::Never("cloud metadata");
    }
    match address {
        IpAddr::V4(v4) => {
            let bits = v4.to_bits();
            let found = V4.iter().find(|(block, prefix, _)| (bits ^ block) >> (32 - prefix) == 0);
            found.map_or(Kind::Public, |(_, _, kind)| *kind)
        }
        IpAddr::V6(v6) => {
            let bits = v6.to_bits();
            let holds = |block: u128, prefix: u32| (bits ^ block).checked_shr(128 - prefix).unwrap_or(0) == 0;
            let found = V6.iter().find(|(block, prefix, _)| holds(*block, *prefix));
            found.map_or(Kind::Never("not global unicast"), |(_, _, kind)| *kind)
        }
    }
}

#[cfg(test)]
mod tests;
