//! The path of a film's bytes, whatever the protocol: received into the current part, complete parts into the object
//! store, the rest into a tail object, and then the offset into the database. No offset is reported before that. The
//! caller has checked who may write, where, and how much.
//!
//! | question | file |
//! |---|---|
//! | may an upload begin, and what is its first state? | `begin` |
//! | who writes? | `lock` |
//! | where are bytes before they are a part? | `spool` |
//! | are they the intended ones? | `checksum` |
//!
//! One part is sent while the next one is received; so an upload has at most two parts on disk, and a few hundred KiB
//! in memory.
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt};
use pipeline::id::{Fence, UploadId};
use pipeline::object_key::ObjectKey;
use runtime::objects::{Multipart, ObjectError};
use runtime::serving::pace::Pace;
use runtime::serving::places::Held;
use runtime::store::uploads::{PartRow, Progress, UploadRow};
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, debug, warn};

use self::checksum::{Checksum, Running};
use self::lock::{Lock, Standing};
use self::spool::{Spool, Spooled};
use crate::app::App;
use crate::finish;
use crate::senders::Sender;
use crate::stock::{self, Wish};
use runtime::problem::{Code, Problem};

pub(crate) mod begin;
pub(crate) mod checksum;
pub(crate) mod lock;
pub(crate) mod spool;

/// A writer that received nothing from its client for this long yields to one with data.
const SILENT: Duration = Duration::from_secs(2);
/// When the service stops, data in flight is still accepted for this long.
const DRAIN: Duration = Duration::from_millis(250);

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

/// The durable result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    pub(crate) offset: u64,
    /// Whether the upload is complete.
    pub(crate) complete: bool,
}

/// Why no more frames come.
enum End {
    Whole,
    Early(Code),
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
    let spool = Spool::new(app.scratch.path());
    let pace = Pace::new(app.settings.least_rate, app.settings.rate_grace);
    let sender = app.senders.begin();
    let progress = Progress { offset: before, length, ..Progress::default() };
    let mut writer = Writer {
        app,
        upload,
        lock,
        length,
        most,
        spool,
        running,
        progress,
        parts: 0,
        sending: None,
        drain_until: None,
        pace,
        sender,
    };
    let result = writer.take(bytes, checksum).await;
    let uploads = &writer.app.store.metrics().uploads;
    if result.is_err() {
        writer.lock.release().await;
    }
    match &result {
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
    result
}

struct Writer {
    app: Arc<App>,
    upload: UploadRow,
    lock: Lock,
    length: Option<u64>,
    most: u64,
    spool: Spool,
    running: Option<Running>,
    /// The next state of the row. Its offset is that of the bytes in parts; the spool's are added.
    progress: Progress,
    /// Existing parts, including the one that is being sent.
    parts: u32,
    sending: Option<AbortOnDropHandle<Result<PartRow, Problem>>>,
    /// Set when the service stops.
    drain_until: Option<Instant>,
    /// How much longer the client may be waited for.
    pace: Pace,
    /// The client in the list of senders.
    sender: Sender,
}

impl Writer {
    async fn take<E>(
        &mut self,
        mut bytes: impl Stream<Item = Result<Bytes, E>> + Unpin,
        checksum: Option<Checksum>,
    ) -> Result<Taken, Problem> {
        self.parts = u32::try_from(self.app.store.upload_parts(self.upload.id).await?.len()).unwrap_or(u32::MAX);
        self.take_tail_back().await?;
        let end = self.take_all(&mut bytes).await?;
        if let (Some(checksum), Some(running)) = (&checksum, self.running.take()) {
            if let End::Early(code) = end {
                return Err(code.into());
            }
            if !checksum.is(running) {
                return Err(Code::ChecksumMismatch.into());
            }
        }
        let taken = self.settle().await?;
        match end {
            End::Whole => Ok(taken),
            // It reached the last byte after all.
            End::Early(_) if taken.complete => Ok(taken),
            End::Early(code) => Err(Problem { offset: Some(taken.offset), ..code.into() }),
        }
    }

    /// The bytes after the last part become the first ones of the next part.
    async fn take_tail_back(&mut self) -> Result<(), Problem> {
        let Some(key) = &self.upload.tail_key else { return Ok(()) };
        let mut tail = self.app.objects.read(key).await?;
        while let Some(bytes) = tail.next().await? {
            self.spool.write(&bytes).await?;
        }
        if self.spool.bytes() != self.upload.tail_bytes {
            return Err(anyhow::anyhow!("the tail {key} is not of {} bytes", self.upload.tail_bytes).into());
        }
        self.progress.offset -= self.upload.tail_bytes;
        Ok(())
    }

    async fn take_all<E>(&mut self, from: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin)) -> Result<End, Problem> {
        loop {
            let bytes = match self.next(from).await? {
                Ok(bytes) => bytes,
                Err(end) => return Ok(end),
            };
            if self.offset() + bytes.len() as u64 > self.most {
                let code = if self.length.is_some() { Code::LengthExceeded } else { Code::TooLarge };
                return Err(code.into());
            }
            if let Some(running) = &mut self.running {
                running.update(&bytes);
            }
            let parts = self.parts;
            self.add(bytes).await?;
            if self.parts > parts
                && let Err(problem) = stock::check(&self.app, Wish::GoOn).await
            {
                return Ok(End::Early(problem.code));
            }
        }
    }

    /// The position of the next byte.
    fn offset(&self) -> u64 {
        self.progress.offset + self.in_flight() + self.spool.bytes()
    }

    fn in_flight(&self) -> u64 {
        if self.sending.is_some() { self.upload.part_size } else { 0 }
    }

    /// The next bytes, or why there are none. Only waiting for the client counts against its pace, not what we do with
    /// its bytes.
    async fn next<E>(
        &mut self,
        from: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin),
    ) -> Result<Result<Bytes, End>, Problem> {
        self.sender.wait();
        let next = self.wait_for_next(from).await;
        let bytes = next.as_ref().ok().and_then(|it| it.as_ref().ok()).map_or(0, |bytes| bytes.len() as u64);
        self.pace.came(self.sender.came(bytes), bytes);
        next
    }

    async fn wait_for_next<E>(
        &mut self,
        from: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin),
    ) -> Result<Result<Bytes, End>, Problem> {
        let silent_since = Instant::now();
        let (silence, patience) = (self.app.settings.read_deadline, self.pace.left());
        let late = if patience < silence { Code::TooSlow } else { Code::Interrupted };
        let mut deadline = silent_since + silence.min(patience);
        loop {
            if let Some(until) = self.drain_until {
                if Instant::now() >= until {
                    return Ok(Err(End::Early(Code::Stopping)));
                }
                deadline = deadline.min(until);
            }
            tokio::select! {
                next = timeout_at(deadline, from.next()) => return Ok(match next {
                    Ok(Some(Ok(bytes))) => Ok(bytes),
                    Ok(None) => Err(End::Whole),
                    Err(_) if self.drain_until.is_some() => Err(End::Early(Code::Stopping)),
                    Err(_) => Err(End::Early(late)),
                    Ok(Some(Err(_))) => Err(End::Early(Code::Interrupted)),
                }),
                () = self.sender.dropped() => return Ok(Err(End::Early(Code::TooSlow))),
                changed = self.lock.standing.changed() => {
                    let standing = *self.lock.standing.borrow_and_update();
                    if changed.is_err() || standing == Standing::Lost {
                        return Err(Code::Locked.into());
                    }
                    if standing == Standing::Wanted && silent_since.elapsed() >= SILENT {
                        return Ok(Err(End::Early(Code::Interrupted)));
                    }
                }
                () = self.app.stop.cancelled(), if self.drain_until.is_none() => {
                    self.drain_until = Some(Instant::now() + DRAIN);
                }
            }
        }
    }

    async fn add(&mut self, mut bytes: Bytes) -> Result<(), Problem> {
        while !bytes.is_empty() {
            let room = self.upload.part_size - self.spool.bytes();
            let now = bytes.split_to(bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
            self.spool.write(&now).await?;
            if self.spool.bytes() == self.upload.part_size {
                self.send_part().await?;
            }
        }
        Ok(())
    }

    /// Sends the spool as a part while the next one is received.
    async fn send_part(&mut self) -> Result<(), Problem> {
        let whole = std::mem::replace(&mut self.spool, Spool::new(self.app.scratch.path())).finish().await?;
        self.await_part().await?;
        let to = self.multipart().await?;
        self.parts += 1;
        self.sending = Some(AbortOnDropHandle::new(tokio::spawn(put_part(self.app.clone(), to, self.parts, whole))));
        Ok(())
    }

    /// The multipart upload, begun if necessary. Its id is recorded before its first byte, so that no byte is ever in
    /// one without a row, whatever happens to this request.
    async fn multipart(&mut self) -> Result<Multipart, Problem> {
        let key = ObjectKey::Upload(self.upload.id);
        if let Some(id) = &self.upload.multipart_id {
            return Ok(Multipart { key: key.to_string(), id: id.clone() });
        }
        let begun = begin_parts(&self.app, self.upload.id, self.lock.fence).await?;
        self.upload.multipart_id = Some(begun.id.clone());
        Ok(begun)
    }

    /// Waits for the part that is being sent. It counts at once, unless a checksum has to be verified first.
    async fn await_part(&mut self) -> Result<(), Problem> {
        let Some(sending) = self.sending.take() else { return Ok(()) };
        let part = sending.await.map_err(|err| anyhow::anyhow!("sending a part: {err}"))??;
        self.progress.offset += part.bytes;
        self.progress.parts.push(part);
        if self.running.is_some() {
            return Ok(());
        }
        self.record(false).await?;
        self.progress.parts.clear();
        Ok(())
    }

    /// Makes everything that arrived durable, records it, and releases the lock.
    async fn settle(&mut self) -> Result<Taken, Problem> {
        self.await_part().await?;
        let offset = self.offset();
        let complete = self.length == Some(offset);
        let unchanged = offset == self.upload.offset && self.length == self.upload.length;
        if unchanged && !complete {
            self.app.store.unlock_upload(self.upload.id, self.lock.fence).await?;
            return Ok(Taken { offset, complete });
        }
        let rest = std::mem::replace(&mut self.spool, Spool::new(self.app.scratch.path())).finish().await?;
        if complete {
            self.put_last(rest).await?;
        } else if rest.bytes > 0 {
            self.put_tail(rest).await?;
        }
        self.progress.offset = offset;
        self.progress.complete = complete;
        self.record(true).await?;
        self.forget_old_tail().await;
        Ok(Taken { offset, complete })
    }

    /// Writes the last part; or, if it is the only one, the object itself.
    async fn put_last(&mut self, rest: Spooled) -> Result<(), Problem> {
        if self.parts == 0 {
            let etag = self.app.objects.put_body(&ObjectKey::Upload(self.upload.id), rest.body()).await?;
            self.progress.parts.push(PartRow { number: 1, etag, bytes: rest.bytes, sha256: rest.sha256 });
        } else if rest.bytes > 0 {
            let to = self.multipart().await?;
            let part = put_part(self.app.clone(), to, self.parts + 1, rest).await?;
            self.progress.parts.push(part);
        }
        Ok(())
    }

    /// The key is new at each write, by the fence: a writer that lost its lock cannot overwrite what its successor has
    /// acknowledged.
    async fn put_tail(&mut self, rest: Spooled) -> Result<(), Problem> {
        let fence = u64::try_from(self.lock.fence.0).unwrap_or_default();
        let key = ObjectKey::UploadTail(self.upload.id, fence);
        self.app.objects.put_body(&key, rest.body()).await?;
        self.progress.tail = Some((key.to_string(), rest.bytes));
        Ok(())
    }

    async fn record(&mut self, release: bool) -> Result<(), Problem> {
        let done = self.app.store.advance_upload(self.upload.id, self.lock.fence, &self.progress, release).await?;
        if done { Ok(()) } else { Err(Code::Locked.into()) }
    }

    /// Deletes the old tail, whose bytes are in a part or in the new tail.
    async fn forget_old_tail(&self) {
        let Some(old) = &self.upload.tail_key else { return };
        match self.app.objects.delete(old).await {
            Ok(()) | Err(ObjectError::NotFound) => {}
            // It is deleted with the rest when the upload is over.
            Err(err) => {
                warn!(upload.id = %self.upload.id, "an old tail of upload {} stays for now: {err}", self.upload.id)
            }
        }
    }
}

/// Begins a multipart upload and records it. If the writer has lost its lock, the multipart upload is empty and is
/// aborted here. What a crash, or an unavailable database, leaves between the two steps is empty too; it is aborted
/// when the upload is over, see `sweep`.
pub(crate) async fn begin_parts(app: &App, id: UploadId, fence: Fence) -> Result<Multipart, Problem> {
    let begun = app.objects.create_multipart(&ObjectKey::Upload(id)).await?;
    if app.store.begin_upload_parts(id, fence, &begun.id).await? {
        return Ok(begun);
    }
    if let Err(err) = app.objects.abort_multipart(&begun).await {
        warn!(upload.id = %id, "an empty upload in parts of upload {id} stays for now: {err}");
    }
    Err(Code::Locked.into())
}

async fn put_part(app: Arc<App>, to: Multipart, number: u32, whole: Spooled) -> Result<PartRow, Problem> {
    let stored = app.objects.put_part(&to, number, whole.body()).await?;
    Ok(PartRow { number, etag: stored.etag, bytes: stored.bytes, sha256: whole.sha256 })
}
