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
mod tests {
    use super::*;

    fn check(address: &str, wanted: Result<(), &'static str>) {
        assert_eq!(may_call(address.parse().unwrap(), &[]), wanted, "{address}");
    }

    #[test]
    fn what_is_on_the_internet_may_be_called() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00::1",
            "2400:3200::1",
            "2001:200::1",
            // The same, written as IPv6.
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
        ] {
            check(address, Ok(()));
        }
    }

    #[test]
    fn every_block_that_is_not_the_internet_is_refused_at_both_ends() {
        for (ends, what) in [
            (["0.0.0.0", "0.255.255.255"], "unspecified"),
            (["10.0.0.0", "10.255.255.255"], "private"),
            (["100.64.0.0", "100.127.255.255"], "carrier-grade NAT"),
            (["127.0.0.0", "127.255.255.255"], "loopback"),
            (["169.254.0.0", "169.254.255.255"], "link-local"),
            (["172.16.0.0", "172.31.255.255"], "private"),
            (["192.0.0.0", "192.0.0.255"], "protocol assignments"),
            (["192.0.2.0", "192.0.2.255"], "documentation"),
            (["192.88.99.0", "192.88.99.255"], "6to4 relay"),
            (["192.168.0.0", "192.168.255.255"], "private"),
            (["198.18.0.0", "198.19.255.255"], "benchmarking"),
            (["198.51.100.0", "198.51.100.255"], "documentation"),
            (["203.0.113.0", "203.0.113.255"], "documentation"),
            (["224.0.0.0", "239.255.255.255"], "multicast"),
            (["240.0.0.0", "255.255.255.254"], "reserved"),
            (["255.255.255.255", "255.255.255.255"], "broadcast"),
            (["::", "::"], "unspecified"),
            (["::1", "::1"], "loopback"),
            (["::2", "::ffff:ffff"], "not global unicast"),
            (["::7f00:1", "::a00:1"], "not global unicast"),
            (["::ffff:0:7f00:1", "::ffff:0:a00:1"], "not global unicast"),
            (["64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:7f00:1"], "local NAT64"),
            (["100::", "100::ffff:ffff:ffff:ffff"], "not global unicast"),
            (["2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"], "protocol assignments"),
            (["2001:0:7f00:1::", "2001::80ff:fffe"], "protocol assignments"),
            (["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"], "documentation"),
            (["3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"], "documentation"),
            (["5f00::", "5f00::1"], "not global unicast"),
            (["fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], "unique local"),
            (["fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], "link-local"),
            (["fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], "site-local"),
            (["ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], "multicast"),
        ] {
            for address in ends {
                check(address, Err(what));
            }
        }
    }

    #[test]
    fn an_ipv4_address_inside_of_an_ipv6_address_is_judged_as_itself() {
        for (v4, what) in [
            ("127.0.0.1", "loopback"),
            ("10.1.2.3", "private"),
            ("169.254.169.254", "cloud metadata"),
            ("100.100.100.200", "cloud metadata"),
            ("168.63.129.16", "cloud metadata"),
            ("224.0.0.1", "multicast"),
            ("0.0.0.0", "unspecified"),
        ] {
            check(v4, Err(what));
            check(&format!("::ffff:{v4}"), Err(what));
            check(&format!("64:ff9b::{v4}"), Err(what));
            let [a, b, c, d] = v4.parse::<Ipv4Addr>().unwrap().octets();
            check(&format!("2002:{a:02x}{b:02x}:{c:02x}{d:02x}:1::2"), Err(what));
        }
    }

    #[test]
    fn configuration_opens_what_it_names_and_no_more() {
        let allowed = ["127.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let check = |address: &str, wanted| {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(may_call(address, &allowed), wanted, "{address}");
        };
        check("127.0.0.1", Ok(()));
        check("::ffff:127.0.0.1", Ok(()));
        check("fd00::1", Ok(()));
        check("::1", Err("loopback"));
        check("10.0.0.1", Err("private"));
        check("fd00:ec2::254", Err("cloud metadata"));
        assert!(is_inside("127.0.0.1".parse().unwrap(), &allowed));
        assert!(!is_inside("8.8.8.8".parse().unwrap(), &allowed));
    }

    #[test]
    fn no_configuration_opens_metadata_multicast_or_nobodys_addresses() {
        let all = ["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
        for address in
            ["169.254.169.254", "168.63.129.16", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "::2"]
        {
            let address: IpAddr = address.parse().unwrap();
            assert!(may_call(address, &all).is_err() && !is_inside(address, &all), "{address}");
        }
    }
}
