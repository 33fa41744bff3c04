//! What every act and view needs. Nothing in it would have to be known by a second replica.
use std::sync::Arc;
use std::time::Duration;

use pipeline::catalogue::Catalogue;
use runtime::clock::Clock;
use runtime::doors::Doors;
use runtime::objects::Objects;
use runtime::seal::Keyring;
use runtime::store::Store;
use tokio_util::sync::CancellationToken;

use crate::http::verify::Verifier;

/// Neighbours and settings.
pub struct Desk {
    /// The database.
    pub store: Store,
    /// The object store.
    pub objects: Objects,
    /// Contests and partners.
    pub catalogue: Arc<Catalogue>,
    /// The server's time.
    pub clock: Clock,
    /// Keys for personal data.
    pub keys: Keyring,
    /// Counts and logs refused requests.
    pub doors: Doors,
    /// Recently verified tokens; losing them costs time only.
    pub verifier: Verifier,
    /// Numbers and addresses.
    pub settings: Settings,
    /// Cancelled when the service is to stop.
    pub stop: CancellationToken,
}

/// Numbers and addresses.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address that staff use (`DESK_URL`), put before the paths in links; empty: links are paths.
    pub url: String,
    /// Proxies of ours before this service, each of which adds to X-Forwarded-For.
    pub forwarded_hops: u8,
    /// The share of connections and requests that one address may have, percent.
    pub address_share_percent: u8,
    /// Connections at once.
    pub connections: usize,
    /// How long a client may take to send the head of a request.
    pub heads_within: Duration,
    /// Requests at once.
    pub requests_at_once: usize,
    /// Every request is answered within this.
    pub deadline: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: String::new(),
            forwarded_hops: 0,
            address_share_percent: 100,
            connections: 512,
            heads_within: Duration::from_secs(15),
            requests_at_once: 64,
            deadline: Duration::from_secs(30),
        }
    }
}
