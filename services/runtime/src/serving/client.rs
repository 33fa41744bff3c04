//! The client of a request.
use std::net::{IpAddr, Ipv6Addr};

use axum::http::HeaderMap;

/// The address at the other end of the connection; the server adds it to each request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// What counts as one address. For IPv6 it is a /48: a site gets one (RFC 6177), tunnel providers give one away free of
/// charge, and it contains 65,536 of the /64 networks that a single host has. Customers of one provider who share a /48
/// share its limit, like those who share an IPv4 address.
pub fn bucket_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 80 << 80).into(),
    }
}

/// The address that a request came from: the connection's, or, behind `hops` proxies of ours, what the outermost of
/// them saw. Any client can write the entries further left in X-Forwarded-For.
pub fn client_of(peer: IpAddr, headers: &HeaderMap, hops: u8) -> IpAddr {
    if hops == 0 {
        return peer;
    }
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let seen: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let place = seen.len().checked_sub(usize::from(hops));
    place.and_then(|place| seen[place].parse().ok()).unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_addresses_is_one() {
        let bucket = |address: &str| bucket_of(address.parse().unwrap()).to_string();
        assert_eq!(bucket("2001:db8::1"), bucket("2001:db8::ffff:2"));
        assert_eq!(bucket("2001:db8::1"), bucket("2001:db8:0:ffff::1"));
        assert_ne!(bucket("2001:db8::1"), bucket("2001:db8:1::1"));
        assert_eq!(bucket("::ffff:192.0.2.9"), "192.0.2.9");
    }

    #[test]
    fn only_what_our_own_proxies_saw_counts() {
        let peer: IpAddr = "10.0.0.1".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "6.6.6.6, 192.0.2.7".parse().unwrap());
        headers.append("x-forwarded-for", "10.0.0.9".parse().unwrap());
        let client = |hops| client_of(peer, &headers, hops).to_string();
        assert_eq!(client(0), "10.0.0.1");
        assert_eq!(client(1), "10.0.0.9");
        assert_eq!(client(2), "192.0.2.7");
        assert_eq!(client(4), "10.0.0.1");
    }
}
