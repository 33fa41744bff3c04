//! How much one address or one unit may do: a burst, and then a number per minute. Bounded in memory, each replica by
//! itself: it keeps a script from filling the database; it is not an exact count.
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Addresses or units that are remembered, about 40 bytes each.
const MOST: usize = 65_536;

/// One bucket per key: the time when it will be empty again (generic cell rate algorithm).
pub struct Limiter<K = IpAddr> {
    empty_at: Mutex<HashMap<K, Instant>>,
}

impl<K> Default for Limiter<K> {
    fn default() -> Self {
        Self { empty_at: Mutex::default() }
    }
}

impl<K: Eq + Hash> Limiter<K> {
    /// Whether `key` may have one more at `now`, with `per_minute` allowed at once and then every minute. Addresses are
    /// given by their bucket, see [`runtime::serving::client::bucket_of`].
    pub fn allows(&self, key: K, per_minute: u32, now: Instant) -> bool {
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
        let at = empty_at.entry(key).or_insert(now);
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
    use runtime::serving::client::bucket_of;

    use super::*;

    fn bucket(address: &str) -> IpAddr {
        bucket_of(address.parse().unwrap())
    }

    #[test]
    fn a_burst_and_then_a_number_a_minute() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        let one = bucket("192.0.2.1");
        let made = |at: Instant| (0..100).filter(|_| limiter.allows(one, 6, at)).count();
        assert_eq!(made(now), 6);
        assert_eq!(made(now + Duration::from_secs(10)), 1);
        assert_eq!(made(now + Duration::from_secs(40)), 3);
        assert_eq!(made(now + Duration::from_secs(4000)), 6);
        assert!(limiter.allows(bucket("192.0.2.2"), 6, now));
    }

    #[test]
    fn a_network_of_addresses_is_one() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        assert!(limiter.allows(bucket("2001:db8::1"), 1, now));
        assert!(!limiter.allows(bucket("2001:db8::ffff:2"), 1, now));
        assert!(!limiter.allows(bucket("2001:db8:0:1::1"), 1, now));
        assert!(limiter.allows(bucket("2001:db8:1::1"), 1, now));
        assert!(limiter.allows(bucket("::ffff:192.0.2.9"), 1, now));
        assert!(!limiter.allows(bucket("192.0.2.9"), 1, now));
    }

    #[test]
    fn memory_is_bounded() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        for n in 0..MOST as u32 + 10 {
            limiter.allows(IpAddr::from(std::net::Ipv4Addr::from_bits(n)), 1, now);
        }
        assert!(limiter.empty_at.lock().unwrap().len() <= MOST);
    }
}
