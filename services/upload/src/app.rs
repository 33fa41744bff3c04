//! What every request needs. There is nothing in it that a second replica would have to know.
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

/// Neighbours and settings.
pub struct App {
    /// The database.
    pub store: Store,
    /// The object store.
    pub objects: Objects,
    /// Contests.
    pub catalogue: Arc<Catalogue>,
    /// The server's time, by which deadlines are judged.
    pub clock: Clock,
    /// Keys for personal data.
    pub keys: Keyring,
    /// Where the part that is just coming in lies, at most two of them an upload.
    pub scratch: ScratchDir,
    /// Who was refused, and where.
    pub doors: Doors,
    /// Who entered how often lately, at this replica.
    pub entries: Limiter,
    /// Which pages of entries are open, and hear of changes.
    pub live: Live,
    /// Sends mail; `None` where no mail server is named.
    pub mailer: Option<Mailer>,
    /// Wakes the sender of mail.
    pub mail_waits: Notify,
    /// Who asked how often for a mailed link lately, at this replica.
    pub links: Limiter,
    /// Who is sending bytes to this replica.
    pub senders: Senders,
    /// What entrants' films come to.
    pub stock: Stock,
    /// Numbers and places.
    pub settings: Settings,
    /// Cancelled when the service is to stop: running uploads make durable what they have and answer.
    pub stop: CancellationToken,
    /// Work that outlives its request: writing what came before a connection broke, making and verifying objects.
    pub tasks: TaskTracker,
}

/// Numbers and places.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What goes before `/files` in addresses that clients are told; empty: addresses are paths.
    pub public_url: String,
    /// How long an upload lives without a request.
    pub expires_after: Duration,
    /// Longest silence of a client within a request.
    pub read_deadline: Duration,
    /// How long a lock holds without renewal.
    pub lease: Duration,
    /// How long a request waits for another one's lock.
    pub lock_patience: Duration,
    /// How long the answer to the last byte waits for the object to be verified. It is not a condition: if it takes longer,
    /// the answer comes and the submission's state follows.
    pub finish_patience: Duration,
    /// Entries that one address may make at once, and then every minute; 0 for any number.
    pub entries_per_minute: u32,
    /// Proxies of ours before this service, each of which adds to X-Forwarded-For.
    pub forwarded_hops: u8,
    /// Sites whose scripts may use the API in a browser.
    pub cors_origins: Origins,
    /// Address of metrics and health, which the page `/about` shows.
    pub admin: Option<SocketAddr>,
    /// The address that staff use, for the page `/about`.
    pub desk_url: Option<String>,
    /// Connections at once.
    pub connections: usize,
    /// How long a client may take to say what it wants.
    pub heads_within: Duration,
    /// How many of a hundred connections, requests and uploads at once one address may have; 100: all of them.
    pub address_share_percent: u8,
    /// Requests for JSON and files that are worked on at once, several for each connection to the database.
    pub requests_at_once: usize,
    /// Requests that bring bytes at once: each has up to two parts on disk and some hundred KiB in memory.
    pub uploads_at_once: usize,
    /// What is JSON or a small file is answered within this.
    pub api_deadline: Duration,
    /// What the unfinished uploads of one entry may come to, as a multiple of its contest's largest film.
    pub budget_factor: u8,
    /// Bytes of entrants' films in the installation, whole or not, from which on no upload begins; 0 for no bound.
    pub high_water_bytes: u64,
    /// Unfinished uploads in the installation from which on no upload begins; 0 for no bound.
    pub most_unfinished: u64,
    /// How often these are asked for.
    pub high_water_every: Duration,
    /// Bytes a second that a client sends at least, on average.
    pub least_rate: u64,
    /// How long a client may send nothing or too little, altogether, beyond what it earned by sending faster.
    pub rate_grace: Duration,
    /// How long a client has to be waited for before it can count as the slowest when every place is taken.
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

/// The smallest part; S3 wants 5 MiB, and every part costs one call.
const LEAST_PART_BYTES: u64 = 8 * 1024 * 1024;
/// S3 allows 10,000 parts. The few below that are for the last one and for rounding.
const MOST_PARTS: u64 = 9_990;

impl App {
    /// The parts of uploads to a contest: 8 MiB, or as large as its largest entry needs to fit in 10,000 of them.
    pub fn part_size(contest: &Contest) -> u64 {
        let needed = contest.max_upload_bytes.div_ceil(MOST_PARTS);
        LEAST_PART_BYTES.max(needed.next_multiple_of(1024 * 1024))
    }

    /// When an upload of that work is given up if nothing more comes.
    pub fn expiry(&self, contest: &Contest, work: &SubmissionRow) -> DateTime<Utc> {
        let now = self.clock.now();
        let idle = now + TimeDelta::from_std(self.settings.expires_after).unwrap_or(TimeDelta::days(1));
        contest.finish_before(work.cure.as_ref()).map_or(idle, |latest| idle.min(latest))
    }

    /// The largest upload that any contest takes, bytes.
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
