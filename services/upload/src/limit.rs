//! How many entries one address may make: a burst, and then a number per minute. Bounded in memory, each replica by
//! itself: it keeps a script from filling the database; it is not an exact count.
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use runtime::serving::client::bucket_of;

/// Addresses that are remembered, 40 bytes each.
const MOST: usize = 65_536;

/// One bucket per address: the time when it will be empty again (generic cell rate algorithm).
#[derive(Default)]
pub struct Limiter {
    empty_at: Mutex<HashMap<IpAddr, Instant>>,
}

impl Limiter {
    /// Whether this address may make one more entry at `now`, with `per_minute` allowed at once and then every minute.
    pub(crate) fn allows(&self, address: IpAddr, per_minute: u32, now: Instant) -> bool {
        // A panic while the lock is held leaves a consistent map; without the map, no request is refused.
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
        assert!(!limiter.allows("2001:db8:0:1::1".parse().unwrap(), 1, now));
        assert!(limiter.allows("2001:db8:1::1".parse().unwrap(), 1, now));
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
}
