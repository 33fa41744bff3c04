//! A running transfer of a file to a partner. A recall ends it.
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use runtime::objects::ObjectReader;
use runtime::range::Stretch;
use runtime::store::Store;
use tracing::warn;

use super::link::Target;

/// How often a running transfer checks whether its file is still offered, and records its progress.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// However it ends, the bytes that were sent are recorded.
pub(super) struct Transfer {
    store: Store,
    target: Target,
    item: i64,
    reader: ObjectReader,
    /// `noted`: recorded up to here; `sent`: accepted by the connection; `at`: handed to the connection.
    noted: u64,
    sent: u64,
    at: u64,
    to: u64,
    looked: Instant,
}

impl Transfer {
    /// Of these bytes of the file of `target`, which `item` of the feed offers.
    pub(super) fn new(store: Store, target: Target, item: i64, reader: ObjectReader, stretch: &Stretch) -> Self {
        let (from, to) = (stretch.from, stretch.to);
        Self { store, target, item, reader, noted: from, sent: from, at: from, to, looked: Instant::now() }
    }

    pub(super) fn into_body(self) -> Body {
        Body::from_stream(stream::try_unfold(self, async |mut transfer| {
            let next = transfer.next().await?;
            Ok::<_, std::io::Error>(next.map(|bytes| (bytes, transfer)))
        }))
    }

    async fn next(&mut self) -> std::io::Result<Option<Bytes>> {
        // A request for more means that the previous piece was accepted.
        self.sent = self.at;
        if self.looked.elapsed() >= LOOK_EVERY {
            self.look().await?;
        }
        let bytes = self.reader.next().await.map_err(std::io::Error::other)?;
        self.at += bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
        Ok(bytes)
    }

    /// Records the progress, and ends the connection if the work is no longer offered.
    async fn look(&mut self) -> std::io::Result<()> {
        self.looked = Instant::now();
        let Target { partner, submission, run, file } = &self.target;
        // A database that does not answer is no reason to break a running transfer; the next check asks again.
        if let Ok(None) = self.store.feed_item(partner, *submission, *run).await {
            return Err(std::io::Error::other("the work is not offered any more"));
        }
        if self.store.feed_pulled(self.item, file, self.noted, self.sent).await.is_ok() {
            self.noted = self.sent;
        }
        Ok(())
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        // After the last piece no more is requested.
        let sent = if self.at == self.to { self.to } else { self.sent };
        if sent <= self.noted && self.to > self.noted {
            return;
        }
        let (store, file) = (self.store.clone(), self.target.file.clone());
        let (item, noted) = (self.item, self.noted);
        tokio::spawn(async move {
            if let Err(error) = store.feed_pulled(item, &file, noted, sent).await {
                warn!("{file} was fetched in part and that could not be noted: {error:#}");
            }
        });
    }
}
