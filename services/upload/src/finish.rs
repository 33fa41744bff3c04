//! The end of a successful upload: the object is made, read back and compared, and only then the submission moves on.
//!
//! Every step may run twice. The sweeper of any replica resumes what a crash interrupted. A try without a result is
//! postponed; one that cannot have a result ends with a failure that the client reads.
//!
//! | step | file |
//! |---|---|
//! | the pieces of a concatenation are written one after the other | `join` |
//! | the object is read back and compared with what was received | `read_back` |
use std::sync::Arc;

use anyhow::Context;
use pipeline::id::UploadId;
use pipeline::object_key::ObjectKey;
use runtime::objects::{Multipart, ObjectError, StoredPart};
use runtime::store::entry::uploads::{Failure, Finished, PartRow, PutOff, UploadRow, UploadState};
use tracing::{Instrument, error, info, warn};

use crate::app::App;
use crate::fault::is_fault;
use crate::free::{abort_unnamed, free_due};
use crate::writer::lock::{Lock, LockState};
use join::{NoJoin, join};
use read_back::read_back;

mod join;
mod read_back;

/// Tries that fail although the database and the object store answer. The upload is abandoned after the last one, more
/// than an hour after the first. While one of the two is unavailable nothing is counted.
const MOST_FAULTS: i32 = 12;

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
    let mut state = lock.state.clone();
    let lost = async move { state.wait_for(|it| *it == LockState::Lost).await.map(drop) };
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
    free_due(app).await;
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
        // The piece counts its own failures.
        let waits = matches!(err.downcast_ref(), Some(NoJoin::PieceUnfinished(_)));
        let most = if !waits && is_fault(err) { Some(MOST_FAULTS) } else { None };
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
        abort_unnamed(app, id).await?;
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
