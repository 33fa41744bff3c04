//! The state that every request needs. Nothing in it has to be known to a second replica.
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use pipeline::catalogue::{Catalogue, Contest};
use runtime::clock::Clock;
use runtime::doors::Doors;
use runtime::mail::Mailer;
use runtime::objects::Objects;
use runtime::scratch::ScratchDir;
use runtime::seal::Keyring;
use runtime::store::Store;
use runtime::store::submissions::SubmissionRow;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::limit::Limiter;
use crate::live::Live;
use crate::senders::Senders;
use crate::settings::Settings;
use crate::stock::Stock;

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
