//! What one request adds to an upload: bytes become parts in the object store, the rest becomes the tail, and then the
//! row gets its new offset.
use std::sync::Arc;

use bytes::Bytes;
use pipeline::object_key::ObjectKey;
use runtime::objects::{Multipart, ObjectError};
use runtime::problem::{Code, Problem};
use runtime::store::entry::uploads::{PartRow, Progress, UploadRow};
use tokio_util::task::AbortOnDropHandle;
use tracing::warn;

use super::lock::Lock;
use super::parts::{begin_parts, put_part};
use super::spool::{Spool, Spooled};
use crate::app::App;

/// The durable result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub(super) offset: u64,
    /// Whether the upload is complete.
    pub(super) complete: bool,
}

/// An upload that is being written.
pub(super) struct Durable {
    pub(super) app: Arc<App>,
    pub(super) lock: Lock,
    upload: UploadRow,
    spool: Spool,
    /// The next state of the row. Its offset is that of the bytes in parts; the spool's are added.
    progress: Progress,
    /// Whether parts count before the end of the request, which they do unless a checksum has to be verified first.
    counts_at_once: bool,
    /// Existing parts, including the one that is being sent.
    parts: u32,
    sending: Option<AbortOnDropHandle<Result<PartRow, Problem>>>,
}

impl Durable {
    /// Of this upload, whose total length is `length` after this request, if it is known then.
    pub(super) fn new(app: Arc<App>, upload: UploadRow, lock: Lock, length: Option<u64>, counts_at_once: bool) -> Self {
        let spool = Spool::new(app.scratch.path());
        let progress = Progress { offset: upload.offset, length, ..Progress::default() };
        Self { app, lock, upload, spool, progress, counts_at_once, parts: 0, sending: None }
    }

    /// The total length, if it is known.
    pub(super) fn length(&self) -> Option<u64> {
        self.progress.length
    }

    /// The number of parts, including the one that is being sent.
    pub(super) fn parts(&self) -> u32 {
        self.parts
    }

    /// The position of the next byte.
    pub(super) fn offset(&self) -> u64 {
        self.progress.offset + self.in_flight() + self.spool.bytes()
    }

    fn in_flight(&self) -> u64 {
        if self.sending.is_some() { self.upload.part_size } else { 0 }
    }

    /// Continues after the last part: the bytes after it become the first ones of the next part.
    pub(super) async fn resume(&mut self) -> Result<(), Problem> {
        self.parts = u32::try_from(self.app.store.upload_parts(self.upload.id).await?.len()).unwrap_or(u32::MAX);
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

    /// Adds bytes.
    pub(super) async fn add(&mut self, mut bytes: Bytes) -> Result<(), Problem> {
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

    /// Waits for the part that is being sent.
    async fn await_part(&mut self) -> Result<(), Problem> {
        let Some(sending) = self.sending.take() else { return Ok(()) };
        let part = sending.await.map_err(|err| anyhow::anyhow!("sending a part: {err}"))??;
        self.progress.offset += part.bytes;
        self.progress.parts.push(part);
        if !self.counts_at_once {
            return Ok(());
        }
        self.record(false).await?;
        self.progress.parts.clear();
        Ok(())
    }

    /// Makes everything that arrived durable, records it, and releases the lock. A checksum was verified before.
    pub(super) async fn settle(&mut self) -> Result<Taken, Problem> {
        self.counts_at_once = true;
        self.await_part().await?;
        let offset = self.offset();
        let complete = self.length() == Some(offset);
        let unchanged = offset == self.upload.offset && self.length() == self.upload.length;
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
