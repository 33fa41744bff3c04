//! The end of a successful upload: the object is made, read back and compared, and only then the submission moves on.
//!
//! Every step may run twice. The sweeper of any replica resumes what a crash interrupted. A try without a result is
//! postponed; one that cannot have a result ends with a failure that the client reads.
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use pipeline::id::UploadId;
use pipeline::object_key::ObjectKey;
use runtime::objects::{Multipart, ObjectError, StoredPart};
use runtime::store::is_unavailable;
use runtime::store::uploads::{Failure, Finished, PartRow, Progress, PutOff, UploadRow, UploadState};
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, error, info, warn};

use crate::app::App;
use crate::sweep;
use crate::writer::begin_parts;
use crate::writer::lock::{Lock, Standing};
use crate::writer::spool::Spool;
use runtime::problem::{Code, Problem};

/// Bytes digested at once, off the async threads. Twice as much is in memory.
const BATCH_BYTES: usize = 512 * 1024;
/// Tries that fail although the database and the object store answer. The upload is abandoned after the last one, more
/// than an hour after the first. While one of the two is unavailable nothing is counted.
const MOST_FAULTS: i32 = 12;
/// How long a concatenation waits for a piece that is being read back, before it is postponed.
const PIECE_PATIENCE: Duration = Duration::from_secs(10);
/// How often it polls.
const PIECE_EVERY: Duration = Duration::from_millis(200);

/// Why joining pieces ended.
#[derive(Debug, thiserror::Error)]
enum NoJoin {
    /// The piece or its object is gone permanently.
    #[error("piece {0} is gone")]
    PieceGone(UploadId),
    /// The piece is still being finished, and counts its own failures.
    #[error("piece {0} is not finished yet")]
    PieceUnfinished(UploadId),
}

/// Finishes an upload in a task of its own, and waits a little, so that the state that a client requests next is the
/// new one.
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
        _ = lost => anyhow::bail!("another process finishes it"),
        () = app.stop.cancelled() => {
            lock.release().await;
            anyhow::bail!("the service stops");
        }
    };
    if let Err(err) = &done {
        put_off(app, &upload, &lock, err).await?;
    }
    // After the lock was released: the pieces of a concatenation are due once the whole exists.
    sweep::free_due(app).await;
    done
}

/// A try ended without a result: there will be another one later, unless it would be useless.
async fn put_off(app: &App, upload: &UploadRow, lock: &Lock, err: &anyhow::Error) -> anyhow::Result<()> {
    let (id, store) = (upload.id, &app.store);
    let failed = if matches!(err.downcast_ref(), Some(NoJoin::PieceGone(_))) {
        let failed = store.fail_upload(id, lock.fence, Failure::JoinFailed).await?;
        if failed {
            store.metrics().uploads.count("unjoinable");
        }
        failed
    } else {
        let most = if is_fault(err) { Some(MOST_FAULTS) } else { None };
        let given_up = store.put_off_upload(id, lock.fence, most).await? == PutOff::Failed;
        if given_up {
            store.metrics().uploads.count("failed");
        }
        given_up
    };
    if failed {
        error!(upload.id = %id, submission.id = %upload.submission, "upload {id} cannot be finished; giving it up: {err:#}");
    }
    Ok(())
}

/// Whether a failed try is the upload's fault, and not that of an unavailable server.
pub(crate) fn is_fault(err: &anyhow::Error) -> bool {
    let away = err.chain().any(|cause| {
        matches!(cause.downcast_ref(), Some(ObjectError::Unavailable(_) | ObjectError::File(_)))
            || cause.is::<std::io::Error>()
            || matches!(cause.downcast_ref(), Some(NoJoin::PieceUnfinished(_)))
            || matches!(cause.downcast_ref(), Some(Problem { code: Code::Unavailable, .. }))
    });
    !away && !is_unavailable(err)
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
        app.store.fail_upload(id, lock.fence, Failure::Damaged).await?;
        app.store.metrics().uploads.count("failed");
        return Ok(());
    };
    // Before the row says that it is over: a crash before that repeats this, a crash after it never would.
    app.objects.delete_prefix(&ObjectKey::upload_prefix(id), &[ObjectKey::Upload(id).to_string()]).await?;
    if upload.offset >= upload.part_size {
        sweep::abort_unnamed(app, id).await?;
    }
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

/// Completes the multipart upload, unless that was done before a crash.
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
        // The answer was lost: the first try did it.
        Err(ObjectError::NotFound) if app.objects.head(&key).await? == upload.offset => Ok(()),
        Err(err) => Err(err).context("complete the upload in parts"),
    }
}

/// Reads the object back and compares size and every part's digest with what was received; returns the SHA-256 of the
/// whole, or `None` if they differ.
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
            // In parallel with reading: digesting takes longer.
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

/// The digest of each part, of bytes that arrive in any pieces.
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

    /// An empty upload has one part without bytes.
    fn close_empty(&mut self, sizes: &[u64]) {
        if sizes == [0] {
            self.done.push(self.part.finalize_reset().to_vec());
        }
    }
}

/// Writes the pieces of a concatenation one after the other, in parts of its own. Starts again if it was interrupted.
async fn join(app: &App, upload: &UploadRow, lock: &Lock) -> anyhow::Result<()> {
    let parts = app.store.upload_parts(upload.id).await?;
    if parts.iter().map(|part| part.bytes).sum::<u64>() == upload.offset && !parts.is_empty() {
        return Ok(());
    }
    for id in &upload.pieces {
        wait_for_piece(app, *id).await?;
    }
    let key = ObjectKey::Upload(upload.id).to_string();
    if let Some(id) = upload.multipart_id.clone() {
        app.objects.abort_multipart(&Multipart { key, id }).await?;
    }
    sweep::abort_unnamed(app, upload.id).await?;
    let to = begin_parts(app, upload.id, lock.fence).await?;
    let joined = join_into(app, upload, &to).await;
    // The next try begins at the first piece again, perhaps much later. If this abort fails, the next try repeats it.
    if joined.is_err()
        && let Err(err) = app.objects.abort_multipart(&to).await
    {
        warn!(upload.id = %upload.id, "what was joined of upload {} stays for now: {err}", upload.id);
    }
    anyhow::ensure!(app.store.advance_upload(upload.id, lock.fence, &joined?, false).await?, "the lock was lost");
    Ok(())
}

/// Waits a little for a piece that is being read back. A piece left unfinished by a crash is resumed by the sweeper.
async fn wait_for_piece(app: &App, id: UploadId) -> anyhow::Result<()> {
    let until = Instant::now() + PIECE_PATIENCE;
    loop {
        match app.store.upload(id).await?.map(|piece| piece.state) {
            Some(UploadState::Finished) => return Ok(()),
            Some(UploadState::Assembling) if Instant::now() < until => {}
            Some(UploadState::Assembling) => return Err(NoJoin::PieceUnfinished(id).into()),
            _ => return Err(NoJoin::PieceGone(id).into()),
        }
        sleep(PIECE_EVERY).await;
    }
}

async fn join_into(app: &App, upload: &UploadRow, to: &Multipart) -> anyhow::Result<Progress> {
    let mut progress = Progress { offset: upload.offset, ..Progress::default() };
    let mut spool = Spool::new(app.scratch.path());
    for piece in &upload.pieces {
        let mut object = match app.objects.read(&ObjectKey::Upload(*piece)).await {
            Ok(object) => object,
            Err(ObjectError::NotFound) => return Err(NoJoin::PieceGone(*piece).into()),
            Err(err) => return Err(err).context("read a piece"),
        };
        while let Some(mut bytes) = object.next().await? {
            while !bytes.is_empty() {
                let room = usize::try_from(upload.part_size - spool.bytes()).unwrap_or(usize::MAX);
                spool.write(&bytes.split_to(bytes.len().min(room))).await?;
                if spool.bytes() == upload.part_size {
                    put(app, to, &mut spool, &mut progress).await?;
                }
            }
        }
    }
    if spool.bytes() > 0 || progress.parts.is_empty() {
        put(app, to, &mut spool, &mut progress).await?;
    }
    Ok(progress)
}

async fn put(app: &App, to: &Multipart, spool: &mut Spool, progress: &mut Progress) -> anyhow::Result<()> {
    let whole = std::mem::replace(spool, Spool::new(app.scratch.path())).finish().await?;
    let number = u32::try_from(progress.parts.len())? + 1;
    let stored = app.objects.put_part(to, number, whole.body()).await?;
    progress.parts.push(PartRow { number, etag: stored.etag, bytes: stored.bytes, sha256: whole.sha256 });
    Ok(())
}
