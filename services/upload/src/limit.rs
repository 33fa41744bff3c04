//! How many entries one address may make: a burst, and then so many a minute. Bounded in memory, each replica for itself: it keeps
//! a script from filling the database, it does not count fairly.
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;

/// Addresses that are remembered, 40 bytes each.
const MOST: usize = 65_536;

/// Who is at the other end of the connection; put into each request by the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// One bucket an address: when it would be empty again (generic cell rate algorithm).
#[derive(Default)]
pub struct Limiter {
    empty_at: Mutex<HashMap<IpAddr, Instant>>,
}

impl Limiter {
    /// Whether this address may have one more at `now`, of `per_minute` that it may have at once and then every minute.
    pub(crate) fn allows(&self, address: IpAddr, per_minute: u32, now: Instant) -> bool {
        // A panic while the lock is held leaves a whole map behind; without it, nobody is turned away.
        let Ok(mut empty_at) = self.empty_at.lock() else { return true };
        let minute = Duration::from_secs(60);
        let one = minute / per_minute.max(1);
        if empty_at.len() >= MOST {
            empty_at.retain(|_, at| *at > now);
        }
        if empty_at.len() >= MOST {
            empty_at.clear();
        }
        let at = empty_at.entry(bucket_of(address)).or_insert(now);
        let next = (*at).max(now) + one;
        let fits = next.duration_since(now) <= minute;
        if fits {
            *at = next;
        }
        fits
    }
}

/// Whoever has an IPv6 address has 2⁶⁴ of them.
fn bucket_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

/// The address that a request came from: the connection's, or, behind proxies of ours, what the outermost of them saw. What is
/// further left in X-Forwarded-For anybody may have written.
pub(crate) fn client_of(peer: IpAddr, headers: &HeaderMap, hops: u8) -> IpAddr {
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
    fn a_burst_and_then_so_many_a_minute() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        let made = |at: Instant| (0..100).filter(|_| limiter.allows(one, 6, at)).count();
        assert_eq!(made(now), 6);
        assert_eq!(made(now + Duration::from_secs(10)), 1);
        assert_eq!(made(now + Duration::from_secs(40)), 3);
        assert_eq!(made(now + Duration::from_secs(4000)), 6);
        assert!(limiter.allows("192.0.2.2".parse().unwrap(), 6, now));
    }

    #[test]
    fn a_network_of_addresses_is_one() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        assert!(limiter.allows("2001:db8::1".parse().unwrap(), 1, now));
        assert!(!limiter.allows("2001:db8::ffff:2".parse().unwrap(), 1, now));
        assert!(limiter.allows("2001:db8:0:1::1".parse().unwrap(), 1, now));
        assert!(limiter.allows("::ffff:192.0.2.9".parse().unwrap(), 1, now));
        assert!(!limiter.allows("192.0.2.9".parse().unwrap(), 1, now));
    }

    #[test]
    fn memory_is_bounded() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        for n in 0..MOST as u32 + 10 {
            limiter.allows(std::net::Ipv4Addr::from_bits(n).into(), 1, now);
        }
        assert!(limiter.empty_at.lock().unwrap().len() <= MOST);
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
