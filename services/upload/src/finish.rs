//! The end of a good upload: the object is made, read back and compared, and only then the submission moves on.
//!
//! Every step may run twice. What a crash interrupts, the sweeper of any replica takes up.
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use pipeline::id::UploadId;
use pipeline::object_key::ObjectKey;
use runtime::objects::{Multipart, ObjectError, StoredPart};
use runtime::store::uploads::{Finished, PartRow, Progress, UploadRow, UploadState};
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;
use tracing::{Instrument, error, info, warn};

use crate::app::App;
use crate::sweep;
use crate::tus::lock::{Lock, Standing};
use crate::tus::spool::Spool;

/// What is digested in one go, off the async threads. Twice as much is in memory.
const BATCH_BYTES: usize = 512 * 1024;

/// Finishes an upload in a task of its own, and waits a little, so that the state that a client asks for next is the new one.
pub(crate) async fn soon(app: &Arc<App>, id: UploadId) {
    let running = app.tasks.spawn(run(app.clone(), id).in_current_span());
    let _ = tokio::time::timeout(app.settings.finish_patience, running).await;
}

/// Finishes an upload whose bytes are all durable. If that fails, it is tried again later.
pub(crate) async fn run(app: Arc<App>, id: UploadId) {
    if let Err(err) = try_run(&app, id).await {
        warn!(upload.id = %id, "upload {id} is not finished yet: {err:#}");
    }
}

async fn try_run(app: &Arc<App>, id: UploadId) -> anyhow::Result<()> {
    let Some((upload, lock)) = Lock::take(app, id, UploadState::Assembling).await? else { return Ok(()) };
    let mut standing = lock.standing.clone();
    let lost = async move { standing.wait_for(|it| *it == Standing::Lost).await.map(drop) };
    let done = tokio::select! {
        done = finish(app, &upload, &lock) => done,
        _ = lost => anyhow::bail!("somebody else finishes it"),
        () = app.stop.cancelled() => Err(anyhow::anyhow!("the service stops")),
    };
    if done.is_err() {
        lock.release().await;
    }
    // Out of reach of the lock, which is over by now: the pieces of a concatenation are due once the whole is there.
    if !app.stop.is_cancelled() {
        sweep::free_due(app).await;
    }
    done
}

async fn finish(app: &Arc<App>, upload: &UploadRow, lock: &Lock) -> anyhow::Result<()> {
    let id = upload.id;
    if !upload.pieces.is_empty() {
        join(app, upload, lock).await?;
    }
    let parts = app.store.upload_parts(id).await?;
    // Read again: joining may have begun the multipart upload just now.
    let upload = app.store.upload(id).await?.context("the upload is gone")?;
    complete(app, &upload, &parts).await?;
    let Some(sha256) = read_back(app, &upload, &parts).await? else {
        error!(upload.id = %id, submission.id = %upload.submission, "upload {id} is not what was received; giving it up");
        app.store.fail_upload(id, lock.fence).await?;
        app.store.metrics().uploads.count("failed");
        return Ok(());
    };
    // Before the row says that it is over: who crashes here does it again, who crashes after it never comes back.
    app.objects.delete_prefix(&ObjectKey::upload_prefix(id), &[ObjectKey::Upload(id).to_string()]).await?;
    match app.store.finish_upload(&upload, lock.fence, &sha256).await? {
        Finished::Accepted => {
            app.store.metrics().uploads.count("finished");
            info!(upload.id = %id, submission.id = %upload.submission, upload.bytes = upload.offset, "upload {id} is whole");
        }
        Finished::NotWanted => info!(upload.id = %id, "upload {id} came too late for its submission"),
        Finished::LockLost => {}
    }
    Ok(())
}

/// Makes the parts one object, unless that was done before a crash.
async fn complete(app: &App, upload: &UploadRow, parts: &[PartRow]) -> anyhow::Result<()> {
    let key = ObjectKey::Upload(upload.id);
    let Some(multipart) = &upload.multipart_id else { return Ok(()) };
    let of = Multipart { key: key.to_string(), id: multipart.clone() };
    let stored: Vec<_> = parts
        .iter()
        .map(|part| StoredPart { number: part.number, etag: part.etag.clone(), bytes: part.bytes })
        .collect();
    match app.objects.head(&key).await {
        Ok(bytes) if bytes == upload.offset => return Ok(app.objects.abort_multipart(&of).await?),
        Ok(_) | Err(ObjectError::NotFound) => {}
        Err(err) => return Err(err.into()),
    }
    match app.objects.complete_multipart(&of, &stored).await {
        Ok(()) => Ok(()),
        // An answer that got lost: the first try did it.
        Err(ObjectError::NotFound) if app.objects.head(&key).await? == upload.offset => Ok(()),
        Err(err) => Err(err).context("complete the upload in parts"),
    }
}

/// Reads the object back and compares size and every part's digest with what was received; the SHA-256 of the whole, or `None`
/// if they differ.
async fn read_back(app: &App, upload: &UploadRow, parts: &[PartRow]) -> anyhow::Result<Option<Vec<u8>>> {
    let mut object = app.objects.read(&ObjectKey::Upload(upload.id)).await.context("read the object back")?;
    let expected: u64 = parts.iter().map(|part| part.bytes).sum();
    if object.bytes() != upload.offset || expected != upload.offset {
        return Ok(None);
    }
    let sizes: Arc<[u64]> = parts.iter().map(|part| part.bytes).collect();
    let (mut whole, mut pieces) = (spawn_blocking(Sha256::new), spawn_blocking(Pieces::default));
    let (mut batch, mut batched) = (Vec::new(), 0);
    loop {
        let bytes = object.next().await?;
        let over = bytes.is_none();
        batched += bytes.as_ref().map_or(0, Bytes::len);
        batch.extend(bytes);
        if batched >= BATCH_BYTES || over {
            let (mut digest, mut digests) = (whole.await?, pieces.await?);
            let (full, sizes): (Arc<[Bytes]>, _) = (std::mem::take(&mut batch).into(), sizes.clone());
            batched = 0;
            // Side by side, while more is read: digesting takes longer than reading.
            whole = spawn_blocking({
                let full = full.clone();
                move || {
                    full.iter().for_each(|bytes| digest.update(bytes));
                    digest
                }
            });
            pieces = spawn_blocking(move || {
                full.iter().for_each(|bytes| digests.update(bytes, &sizes));
                digests
            });
        }
        if over {
            break;
        }
    }
    let (whole, mut pieces) = (whole.await?, pieces.await?);
    pieces.close_empty(&sizes);
    let same =
        pieces.done.len() == parts.len() && pieces.done.iter().zip(parts).all(|(digest, part)| *digest == part.sha256);
    Ok(same.then(|| whole.finalize().to_vec()))
}

/// The digest of each part, of what comes in any pieces.
#[derive(Default)]
struct Pieces {
    part: Sha256,
    part_bytes: u64,
    done: Vec<Vec<u8>>,
}

impl Pieces {
    fn update(&mut self, mut bytes: &[u8], sizes: &[u64]) {
        while !bytes.is_empty() {
            let Some(size) = sizes.get(self.done.len()) else { return };
            let room = usize::try_from(size - self.part_bytes).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.part.update(now);
            self.part_bytes += now.len() as u64;
            if self.part_bytes == *size {
                self.done.push(self.part.finalize_reset().to_vec());
                self.part_bytes = 0;
            }
            bytes = later;
        }
    }

    /// An upload without a byte has one part, of no bytes.
    fn close_empty(&mut self, sizes: &[u64]) {
        if sizes == [0] {
            self.done.push(self.part.finalize_reset().to_vec());
        }
    }
}

/// Puts the pieces of a concatenation one after the other, in parts of its own. Begins anew if it was interrupted.
async fn join(app: &Arc<App>, upload: &UploadRow, lock: &Lock) -> anyhow::Result<()> {
    let parts = app.store.upload_parts(upload.id).await?;
    if parts.iter().map(|part| part.bytes).sum::<u64>() == upload.offset && !parts.is_empty() {
        return Ok(());
    }
    for id in &upload.pieces {
        let piece = app.store.upload(*id).await?.context("a piece is gone")?;
        if piece.state == UploadState::Assembling {
            Box::pin(try_run(app, *id)).await?;
        }
    }
    let key = ObjectKey::Upload(upload.id);
    for begun in app.objects.list_multiparts(&key.to_string()).await.unwrap_or_default() {
        app.objects.abort_multipart(&begun).await?;
    }
    let to = app.objects.create_multipart(&key).await?;
    let mut progress = Progress { offset: upload.offset, multipart_id: Some(to.id.clone()), ..Progress::default() };
    let mut spool = Spool::new(app.scratch.path());
    for piece in &upload.pieces {
        let mut object = app.objects.read(&ObjectKey::Upload(*piece)).await.context("read a piece")?;
        while let Some(mut bytes) = object.next().await? {
            while !bytes.is_empty() {
                let room = usize::try_from(upload.part_size - spool.bytes()).unwrap_or(usize::MAX);
                spool.write(&bytes.split_to(bytes.len().min(room))).await?;
                if spool.bytes() == upload.part_size {
                    put(app, &to, &mut spool, &mut progress).await?;
                }
            }
        }
    }
    if spool.bytes() > 0 || progress.parts.is_empty() {
        put(app, &to, &mut spool, &mut progress).await?;
    }
    anyhow::ensure!(app.store.advance_upload(upload.id, lock.fence, &progress, false).await?, "the lock was lost");
    Ok(())
}

async fn put(app: &App, to: &Multipart, spool: &mut Spool, progress: &mut Progress) -> anyhow::Result<()> {
    let whole = std::mem::replace(spool, Spool::new(app.scratch.path())).finish().await?;
    let number = u32::try_from(progress.parts.len())? + 1;
    let stored = app.objects.put_part(to, number, whole.body()).await?;
    progress.parts.push(PartRow { number, etag: stored.etag, bytes: stored.bytes, sha256: whole.sha256 });
    Ok(())
}
