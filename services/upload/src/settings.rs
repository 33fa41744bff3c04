//! Numbers and addresses of the public service.
use std::net::SocketAddr;
use std::time::Duration;

use runtime::serving::origins::Origins;

use crate::stock;

/// Numbers and addresses.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The prefix of `/files` in addresses given to clients; empty: addresses are paths.
    pub public_url: String,
    /// How long an upload is kept without a request.
    pub expires_after: Duration,
    /// Longest silence of a client within a request.
    pub read_deadline: Duration,
    /// How long a lock is valid without renewal.
    pub lease: Duration,
    /// How long a request waits for another request's lock.
    pub lock_patience: Duration,
    /// How long the answer to the last byte waits for the object to be verified. If verification takes longer, the
    /// answer is sent and the submission's state follows.
    pub finish_patience: Duration,
    /// Entries that one address may make at once, and then per minute; 0 for no limit.
    pub entries_per_minute: u32,
    /// Our proxies before this service, each of which adds to X-Forwarded-For.
    pub forwarded_hops: u8,
    /// Sites whose scripts may use the API in a browser.
    pub cors_origins: Origins,
    /// Address of metrics and health, which the page `/about` shows.
    pub admin: Option<SocketAddr>,
    /// The address that staff use, for the page `/about`.
    pub desk_url: Option<String>,
    /// Connections at once.
    pub connections: usize,
    /// Time limit for a client to send its request headers.
    pub heads_within: Duration,
    /// The share of connections, requests and uploads at once that one address may have, in percent; 100: all of them.
    pub address_share_percent: u8,
    /// Requests for JSON and files that are handled at once, several for each database connection.
    pub requests_at_once: usize,
    /// Requests that send bytes at once: each has up to two parts on disk and some hundred KiB in memory.
    pub uploads_at_once: usize,
    /// Time limit for answers that are JSON or a small file.
    pub api_deadline: Duration,
    /// The largest total of one entry's unfinished uploads, as a multiple of its contest's largest film.
    pub budget_factor: u8,
    /// Bytes of entrants' films in the installation, complete or not, above which no upload begins; 0 for no limit.
    pub high_water_bytes: u64,
    /// Unfinished uploads in the installation above which no upload begins; 0 for no limit.
    pub most_unfinished: u64,
    /// How often these are counted.
    pub high_water_every: Duration,
    /// Minimum average rate of a client, bytes a second.
    pub least_rate: u64,
    /// How long a client may send nothing or too little in total, beyond the credit it earned by sending faster.
    pub rate_grace: Duration,
    /// How long a client must have been waited for before it can count as the slowest when every slot is taken.
    pub slow_after: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: String::new(),
            expires_after: Duration::from_secs(24 * 3600),
            read_deadline: Duration::from_secs(30),
            lease: Duration::from_secs(20),
            lock_patience: Duration::from_secs(8),
            finish_patience: Duration::from_secs(5),
            entries_per_minute: 0,
            forwarded_hops: 0,
            cors_origins: Origins::Any,
            admin: None,
            desk_url: None,
            connections: 2048,
            heads_within: Duration::from_secs(15),
            address_share_percent: 100,
            requests_at_once: 128,
            uploads_at_once: 256,
            api_deadline: Duration::from_secs(30),
            budget_factor: 3,
            high_water_bytes: 0,
            most_unfinished: 0,
            high_water_every: stock::EVERY,
            least_rate: 10 * 1024,
            rate_grace: Duration::from_secs(60),
            slow_after: Duration::from_secs(10),
        }
    }
}
