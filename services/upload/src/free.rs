//! Frees the objects of uploads that are over. Rows are taken one by one, and one that fails each time does not delay
//! the others.
use std::sync::Arc;

use pipeline::id::UploadId;
use pipeline::object_key::ObjectKey;
use runtime::objects::Multipart;
use tracing::{info, warn};
use uuid::Uuid;

use crate::app::App;
use crate::fault::is_fault;

/// Uploads to free in one round; the next round takes the next ones.
const AT_ONCE: i64 = 16;
/// Multipart uploads that one database query checks.
const ORPHANS_AT_ONCE: usize = 500;

/// Frees what was just ended, in a task of its own. If this fails, the next round does it.
pub(crate) fn soon(app: &Arc<App>) {
    app.tasks.spawn({
        let app = app.clone();
        async move { free_due(&app).await }
    });
}

/// Frees the objects of ended uploads. What fails is due again later.
pub(crate) async fn free_due(app: &App) {
    let due = match app.store.uploads_to_free(AT_ONCE).await {
        Ok(due) => due,
        Err(err) => return warn!("could not look for uploads to free: {err:#}"),
    };
    for id in due {
        let Err(err) = free(app, id).await else {
            info!(upload.id = %id, "freed what upload {id} had put");
            continue;
        };
        warn!(upload.id = %id, "could not free what upload {id} had put: {err:#}");
        if let Err(err) = app.store.put_off_freeing(id, is_fault(&err)).await {
            warn!(upload.id = %id, "it is due at once again: {err:#}");
        }
    }
}

async fn free(app: &App, id: UploadId) -> anyhow::Result<()> {
    let Some(upload) = app.store.upload(id).await? else { return Ok(()) };
    let key = ObjectKey::Upload(id).to_string();
    if let Some(known) = upload.multipart_id {
        app.objects.abort_multipart(&Multipart { key, id: known }).await?;
    }
    abort_unnamed(app, id).await?;
    app.objects.delete_prefix(&ObjectKey::upload_prefix(id), &[]).await?;
    app.store.upload_freed(id).await
}

/// Aborts every multipart upload of this upload, such as one whose process died before its id was recorded.
pub(crate) async fn abort_unnamed(app: &App, id: UploadId) -> anyhow::Result<()> {
    match app.objects.list_multiparts(&ObjectKey::upload_prefix(id)).await {
        Ok(begun) => {
            for one in begun {
                app.objects.abort_multipart(&one).await?;
            }
        }
        // A server that cannot list multipart uploads removes ours by a lifecycle rule.
        Err(err) => warn!("the object store does not list uploads in parts: {err}"),
    }
    Ok(())
}

/// Aborts multipart uploads of uploads that are over or unknown: a writer that was paused for longer than its lock may
/// have begun one after everything was freed. A row exists before its first multipart upload, so one without a row is
/// not in progress.
pub(crate) async fn abort_orphans(app: &App) {
    let begun = match app.objects.list_multiparts("uploads/").await {
        Ok(begun) => begun,
        Err(err) => return warn!("the object store does not list uploads in parts: {err}"),
    };
    let begun: Vec<_> = begun.into_iter().filter_map(|one| Some((upload_of(&one.key)?, one))).collect();
    for some in begun.chunks(ORPHANS_AT_ONCE) {
        let ids: Vec<_> = some.iter().map(|(id, _)| *id).collect();
        let over = match app.store.uploads_over(&ids).await {
            Ok(over) => over,
            Err(err) => return warn!("could not ask which uploads are over: {err:#}"),
        };
        for (id, orphan) in some.iter().filter(|(id, _)| over.contains(&UploadId(*id))) {
            match app.objects.abort_multipart(orphan).await {
                Ok(()) => info!(upload.id = %id, "aborted a multipart upload that upload {id} left"),
                Err(err) => warn!(upload.id = %id, "could not abort a multipart upload that upload {id} left: {err}"),
            }
        }
    }
}

/// The upload that an object belongs to, by its key.
fn upload_of(key: &str) -> Option<Uuid> {
    key.strip_prefix("uploads/")?.split('/').next()?.parse().ok()
}
