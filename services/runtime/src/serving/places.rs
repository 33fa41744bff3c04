//! Limits for work at the same time, in total and for one address. If every slot is taken, a request waits a moment and
//! is then refused with a time to try again, before a byte of its body is read. So memory, scratch space and the queue
//! for the database stay bounded under any load, and one address that takes its whole share is refused while others
//! still get slots. `gate` puts such a limit in front of routes.
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

pub use super::gate::{Gate, Held, Until, placed};

use super::client::bucket_of;
use super::full::Full;
use crate::metrics::TurnedAway;

/// How long a request waits for a slot: a burst passes within that time.
const PATIENCE: Duration = Duration::from_secs(1);

/// Slots of one kind. Clones share them.
#[derive(Clone)]
pub struct Places {
    free: Arc<Semaphore>,
    /// `None`: one address may use all of them.
    shares: Option<Shares>,
    pub(super) turned_away: TurnedAway,
}

impl Places {
    /// This many slots, of which one address may have `of_one_address`. Requests without a slot are counted.
    pub fn new(places: usize, of_one_address: usize, turned_away: TurnedAway) -> Self {
        let shares = (of_one_address < places).then(|| Shares { each: of_one_address.max(1), taken: Arc::default() });
        Self { free: Arc::new(Semaphore::new(places)), shares, turned_away }
    }

    /// This many slots, of which one address may have this percentage, and at least one.
    pub fn divided(places: usize, percent: u8, turned_away: TurnedAway) -> Self {
        Self::new(places, share_of(places, percent), turned_away)
    }

    /// A slot for a request from `address`, after a short wait at most. The address's own share is waited for first, so
    /// that an address that takes everything waits for itself.
    pub async fn take(&self, address: Option<IpAddr>) -> Result<Place, Full> {
        self.soon(address).await.inspect_err(|full| self.turned_away.one(*full))
    }

    /// A slot immediately or not at all.
    pub fn take_now(&self, address: IpAddr) -> Result<Place, Full> {
        self.now(address).inspect_err(|full| self.turned_away.one(*full))
    }

    /// Whether a request from `address` would have to wait for a slot of others while its own share has room.
    pub(super) fn is_short(&self, address: Option<IpAddr>) -> bool {
        let own = self.shares.as_ref().zip(address).map(|(shares, address)| shares.of(address));
        self.free.available_permits() == 0 && own.is_none_or(|own| own.places.available_permits() > 0)
    }

    async fn soon(&self, address: Option<IpAddr>) -> Result<Place, Full> {
        let until = Instant::now() + PATIENCE;
        let mut share = self.shares.as_ref().zip(address).map(|(shares, address)| shares.of(address));
        if let Some(share) = &mut share {
            let own = timeout_at(until, share.places.clone().acquire_owned()).await;
            share.taken = Some(own.ok().and_then(Result::ok).ok_or(Full::Address)?);
        }
        let free = timeout_at(until, self.free.clone().acquire_owned()).await;
        let free = free.ok().and_then(Result::ok).ok_or(Full::Everywhere)?;
        Ok(Place { _free: free, _share: share })
    }

    fn now(&self, address: IpAddr) -> Result<Place, Full> {
        let mut share = self.shares.as_ref().map(|shares| shares.of(address));
        if let Some(share) = &mut share {
            share.taken = Some(share.places.clone().try_acquire_owned().map_err(|_| Full::Address)?);
        }
        let free = self.free.clone().try_acquire_owned().map_err(|_| Full::Everywhere)?;
        Ok(Place { _free: free, _share: share })
    }
}

/// This percentage of the slots, and at least one.
pub fn share_of(places: usize, percent: u8) -> usize {
    (places * usize::from(percent) / 100).max(1)
}

/// A taken slot; dropping it frees it.
pub struct Place {
    _free: OwnedSemaphorePermit,
    _share: Option<Share>,
}

/// What each address uses, as long as it uses or waits for something: never more entries than connections.
#[derive(Clone)]
struct Shares {
    each: usize,
    taken: Arc<Mutex<HashMap<IpAddr, Arc<Semaphore>>>>,
}

impl Shares {
    fn of(&self, address: IpAddr) -> Share {
        let address = bucket_of(address);
        // A panic while the lock is held leaves a valid map.
        let mut all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let places = all.entry(address).or_insert_with(|| Arc::new(Semaphore::new(self.each))).clone();
        Share { address, places, taken: None, all: self.taken.clone() }
    }
}

/// One address's share of the slots, and the slot taken from it.
struct Share {
    address: IpAddr,
    places: Arc<Semaphore>,
    taken: Option<OwnedSemaphorePermit>,
    all: Arc<Mutex<HashMap<IpAddr, Arc<Semaphore>>>>,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        self.taken = None;
        // Other requests of this address hold a clone too, and clones are made only under the lock: the only ones left
        // are the map's and ours.
        if Arc::strong_count(&self.places) == 2 {
            all.remove(&self.address);
        }
    }
}

#[cfg(test)]
mod tests;
