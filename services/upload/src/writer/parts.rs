//! The parts of a multipart upload.
use std::sync::Arc;

use pipeline::id::{Fence, UploadId};
use pipeline::object_key::ObjectKey;
use runtime::objects::Multipart;
use runtime::problem::{Code, Problem};
use runtime::store::entry::uploads::PartRow;
use tracing::warn;

use super::spool::Spooled;
use crate::app::App;

/// Begins a multipart upload and records it. If the writer has lost its lock, the multipart upload is empty and is
/// aborted here. What a crash, or an unavailable database, leaves between the two steps is empty too; it is aborted
/// when the upload is over, see `free`.
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

/// Sends a part.
pub(super) async fn put_part(app: Arc<App>, to: Multipart, number: u32, whole: Spooled) -> Result<PartRow, Problem> {
    let stored = app.objects.put_part(&to, number, whole.body()).await?;
    Ok(PartRow { number, etag: stored.etag, bytes: stored.bytes, sha256: whole.sha256 })
}
