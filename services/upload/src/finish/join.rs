//! The pieces of a concatenation become one upload.
use std::time::Duration;

use anyhow::Context;
use pipeline::id::UploadId;
use pipeline::object_key::ObjectKey;
use runtime::objects::{Multipart, ObjectError};
use runtime::store::entry::uploads::{PartRow, Progress, UploadRow, UploadState};
use tokio::time::{Instant, sleep};
use tracing::warn;

use crate::app::App;
use crate::free::abort_unnamed;
use crate::writer::lock::Lock;
use crate::writer::parts::begin_parts;
use crate::writer::spool::Spool;

/// How long a concatenation waits for a piece that is being read back, before it is postponed.
const PIECE_PATIENCE: Duration = Duration::from_secs(10);
/// How often it polls.
const PIECE_EVERY: Duration = Duration::from_millis(200);

/// Why joining pieces ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoJoin {
    /// The piece or its object is gone permanently.
    #[error("piece {0} is gone")]
    PieceGone(UploadId),
    /// The piece is still being finished, and counts its own failures.
    #[error("piece {0} is not finished yet")]
    PieceUnfinished(UploadId),
}

/// Writes the pieces of a concatenation one after the other, in parts of its own. Starts again if it was interrupted.
pub(super) async fn join(app: &App, upload: &UploadRow, lock: &Lock) -> anyhow::Result<()> {
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
    abort_unnamed(app, upload.id).await?;
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
