//! The path of a film's bytes, whatever the protocol: received into the current part, complete parts into the object
//! store, the rest into a tail object, and then the offset into the database. No offset is reported before that. The
//! caller has checked who may write, where, and how much.
//!
//! | question | file |
//! |---|---|
//! | may an upload begin, and what is its first state? | `begin` |
//! | who writes? | `lock` |
//! | how long is a client waited for, and why do its bytes end? | `client` |
//! | where are bytes before they are a part? | `spool` |
//! | how do they become durable? | `durable`, `parts` |
//! | are they the intended ones? | `checksum` |
//!
//! One part is sent while the next one is received; so an upload has at most two parts on disk, and a few hundred KiB
//! in memory.
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::Stream;
use pipeline::id::UploadId;
use runtime::metrics::Metrics;
use runtime::problem::{Code, Problem};
use runtime::serving::places::Held;
use runtime::store::entry::uploads::UploadRow;
use tracing::{Instrument, debug};

use self::checksum::{Checksum, Running};
use self::client::{Client, End};
use self::durable::{Durable, Taken};
use self::lock::Lock;
use crate::app::App;
use crate::finish;
use crate::high_water::{self, Wish};

pub(crate) mod begin;
pub(crate) mod checksum;
mod client;
mod durable;
pub(crate) mod lock;
pub(crate) mod parts;
pub(crate) mod spool;

/// An incoming request with bytes.
pub(crate) struct Ingest {
    pub(crate) app: Arc<App>,
    pub(crate) upload: UploadRow,
    pub(crate) lock: Lock,
    /// The total length, if known after this request.
    pub(crate) length: Option<u64>,
    /// No byte beyond this is accepted.
    pub(crate) most: u64,
    pub(crate) checksum: Option<Checksum>,
    /// The request's slot, which it keeps until its bytes are stored.
    pub(crate) place: Option<Held>,
}

/// Receives bytes in a task of its own: what came before a connection broke is made durable even though the caller is
/// gone. Returns the durable offset; the last byte finishes the upload. Until then the upload is kept until `expiry` at
/// least.
pub(crate) async fn take<E: Send + 'static>(
    app: &Arc<App>,
    ingest: Ingest,
    bytes: impl Stream<Item = Result<Bytes, E>> + Send + Unpin + 'static,
    expiry: DateTime<Utc>,
) -> Result<u64, Problem> {
    let id = ingest.upload.id;
    let running = app.tasks.spawn(run(ingest, bytes).in_current_span());
    let taken = running.await.map_err(|err| anyhow::anyhow!("taking an upload in: {err}"))??;
    if taken.complete {
        finish::soon(app, id).await;
    } else {
        app.store.prolong_upload(id, expiry).await?;
    }
    Ok(taken.offset)
}

/// Receives the bytes and releases the lock, whatever happens.
async fn run<E>(ingest: Ingest, bytes: impl Stream<Item = Result<Bytes, E>> + Unpin) -> Result<Taken, Problem> {
    let Ingest { app, upload, lock, length, most, checksum, place: _place } = ingest;
    let (id, before) = (upload.id, upload.offset);
    let running = checksum.as_ref().map(Checksum::start);
    let client = Client::begin(&app);
    let durable = Durable::new(app, upload, lock, length, checksum.is_none());
    let mut writer = Writer { durable, client, running, most };
    let result = writer.take(bytes, checksum).await;
    let Durable { app, lock, .. } = writer.durable;
    if result.is_err() {
        lock.release().await;
    }
    count(app.store.metrics(), id, before, &result);
    result
}

/// Counts and logs the end of a request that began at the offset `before`.
fn count(metrics: &Metrics, id: UploadId, before: u64, result: &Result<Taken, Problem>) {
    let uploads = &metrics.uploads;
    match result {
        Ok(taken) => {
            uploads.bytes.inc_by(taken.offset.saturating_sub(before));
            debug!(upload.id = %id, "upload {id} went from {before} to {}", taken.offset);
        }
        Err(problem) => {
            // What arrived is durable all the same, as far as the problem contains an offset.
            uploads.bytes.inc_by(problem.offset.map_or(0, |offset| offset.saturating_sub(before)));
            if matches!(problem.code, Code::Interrupted | Code::Stopping) {
                uploads.count("interrupted");
            }
            if problem.code == Code::TooSlow {
                uploads.count("slow");
            }
            debug!(upload.id = %id, "a request to upload {id} ended: {}", problem.code.name());
        }
    }
}

/// One request: from its client to what is durable.
struct Writer {
    durable: Durable,
    client: Client,
    running: Option<Running>,
    most: u64,
}

impl Writer {
    async fn take<E>(
        &mut self,
        mut bytes: impl Stream<Item = Result<Bytes, E>> + Unpin,
        checksum: Option<Checksum>,
    ) -> Result<Taken, Problem> {
        self.durable.resume().await?;
        let end = self.take_all(&mut bytes).await?;
        if let (Some(checksum), Some(running)) = (&checksum, self.running.take()) {
            if let End::Early(code) = end {
                return Err(code.into());
            }
            if !checksum.is(running) {
                return Err(Code::ChecksumMismatch.into());
            }
        }
        let taken = self.durable.settle().await?;
        match end {
            End::Whole => Ok(taken),
            // It reached the last byte after all.
            End::Early(_) if taken.complete => Ok(taken),
            End::Early(code) => Err(Problem { offset: Some(taken.offset), ..code.into() }),
        }
    }

    async fn take_all<E>(&mut self, from: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin)) -> Result<End, Problem> {
        let Self { durable, client, running, most } = self;
        loop {
            let bytes = match client.next(&durable.app, &mut durable.lock.state, from).await? {
                Ok(bytes) => bytes,
                Err(end) => return Ok(end),
            };
            if durable.offset() + bytes.len() as u64 > *most {
                let code = if durable.length().is_some() { Code::LengthExceeded } else { Code::TooLarge };
                return Err(code.into());
            }
            if let Some(running) = running {
                running.update(&bytes);
            }
            let parts = durable.parts();
            durable.add(bytes).await?;
            if durable.parts() > parts
                && let Err(problem) = high_water::check(&durable.app, Wish::Continue).await
            {
                return Ok(End::Early(problem.code));
            }
        }
    }
}
