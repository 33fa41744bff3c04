//! The state that every request needs. Nothing in it has to be known to a second replica.
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use pipeline::catalogue::{Catalogue, Contest};
use runtime::clock::Clock;
use runtime::doors::Doors;
use runtime::mail::Mailer;
use runtime::objects::Objects;
use runtime::scratch::ScratchDir;
use runtime::seal::Keyring;
use runtime::serving::origins::Origins;
use runtime::store::Store;
use runtime::store::submissions::SubmissionRow;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::limit::Limiter;
use crate::live::Live;
use crate::senders::Senders;
use crate::stock::{self, Stock};

/// Connections and settings.
pub struct App {
    /// The database.
    pub store: Store,
    /// The object store.
    pub objects: Objects,
    /// Contests.
    pub catalogue: Arc<Catalogue>,
    /// The server's clock, which deadlines are checked against.
    pub clock: Clock,
    /// Keys for personal data.
    pub keys: Keyring,
    /// The directory for parts that are being received, at most two per upload.
    pub scratch: ScratchDir,
    /// Counts of refused requests, by door.
    pub doors: Doors,
    /// Recent entries per address, at this replica.
    pub entries: Limiter,
    /// The open pages of entries, which are notified of changes.
    pub live: Live,
    /// Sends mail; `None` if no mail server is configured.
    pub mailer: Option<Mailer>,
    /// Wakes the sender of mail.
    pub mail_waits: Notify,
    /// Recent requests for a mailed link per address, at this replica.
    pub links: Limiter,
    /// Recent drafts per address, at this replica.
    pub drafts: Limiter,
    /// The clients that are sending bytes to this replica.
    pub senders: Senders,
    /// The total size of entrants' films.
    pub stock: Stock,
    /// Numbers and addresses.
    pub settings: Settings,
    /// Cancelled when the service is to stop: running uploads make durable what they have and answer.
    pub stop: CancellationToken,
    /// Work that outlives its request: writing bytes that came before a connection broke, making and verifying objects.
    pub tasks: TaskTracker,
}

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

/// The smallest part; S3 requires 5 MiB, and every part costs one call.
const LEAST_PART_BYTES: u64 = 8 * 1024 * 1024;
/// S3 allows 10,000 parts. The difference is for the last one and for rounding.
const MOST_PARTS: u64 = 9_990;

impl App {
    /// The parts of uploads to a contest: 8 MiB, or as large as its largest entry needs to fit in 10,000 of them.
    pub fn part_size(contest: &Contest) -> u64 {
        let needed = contest.max_upload_bytes.div_ceil(MOST_PARTS);
        LEAST_PART_BYTES.max(needed.next_multiple_of(1024 * 1024))
    }

    /// When an upload of that work expires if nothing more comes.
    pub fn expiry(&self, contest: &Contest, work: &SubmissionRow) -> DateTime<Utc> {
        let now = self.clock.now();
        let idle = now + TimeDelta::from_std(self.settings.expires_after).unwrap_or(TimeDelta::days(1));
        contest.finish_before(work.cure.as_ref()).map_or(idle, |latest| idle.min(latest))
    }

    /// The largest upload that any contest accepts, bytes.
    pub fn max_bytes(&self) -> u64 {
        self.catalogue.contests.values().map(|contest| contest.max_upload_bytes).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_parts_suffice_for_the_largest_entry() {
        let mut contest = Catalogue::builtin().contests.into_values().next().unwrap();
        for (max, part) in [(1, 8 << 20), (80 << 30, 9 << 20), (8 << 30, 8 << 20), (5 << 40, 525 << 20)] {
            contest.max_upload_bytes = max;
            assert_eq!(App::part_size(&contest), part, "{max}");
            assert!(max.div_ceil(App::part_size(&contest)) <= 10_000);
        }
    }
}
