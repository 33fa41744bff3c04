//! How many bytes of entrants' films the object store holds in the whole installation, and how many uploads are
//! unfinished: one database query for many requests.
//!
//! Complete films count as well as unfinished ones, since nothing deletes the film of a refused work: otherwise entries
//! could fill the store one after the other. Renditions are not counted: their number depends on how many works people
//! accept.
use std::time::Duration;

use runtime::store::Store;
use runtime::store::entry::uploads;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How often the figures are queried. Between two queries 256 senders at 10 MB/s bring 12 GiB.
pub(crate) const EVERY: Duration = Duration::from_secs(5);

/// The installation's figures.
#[derive(Default)]
pub struct Stock {
    seen: Mutex<Option<(Instant, uploads::Stock)>>,
}

impl Stock {
    /// The figures, queried again if they are older than `every`.
    pub(crate) async fn now(&self, store: &Store, every: Duration) -> anyhow::Result<uploads::Stock> {
        let mut seen = self.seen.lock().await;
        if let Some((at, stock)) = *seen
            && at.elapsed() < every
        {
            return Ok(stock);
        }
        let stock = store.stock().await?;
        *seen = Some((Instant::now(), stock));
        Ok(stock)
    }

    /// One more upload began here, which this replica counts until the next query.
    pub(crate) async fn begun(&self) {
        if let Some((_, stock)) = &mut *self.seen.lock().await {
            stock.unfinished += 1;
        }
    }
}
