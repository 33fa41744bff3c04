//! What nobody asks for: uploads past their time are given up, what given-up ones put is freed, and what a crash left
//! unfinished is finished. Any replica does it; rows are taken one by one.
use std::sync::Arc;
use std::time::Duration;

use pipeline::id::UploadId;
use pipeline::object_key::ObjectKey;
use runtime::objects::Multipart;
use tracing::{info, warn};

use crate::app::App;
use crate::finish;

/// A crashed upload waits at most this long to be taken up, an expired one to be freed.
const EVERY: Duration = Duration::from_secs(5);
/// Uploads of one kind in one round; the next round takes the next ones.
const AT_ONCE: i64 = 16;

/// Sweeps until the service stops.
pub async fn sweep(app: Arc<App>) {
    loop {
        sweep_once(&app).await;
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = app.stop.cancelled() => return,
        }
    }
}

/// One round.
pub async fn sweep_once(app: &Arc<App>) {
    match app.store.expire_uploads(app.clock.now()).await {
        Ok(0) => {}
        Ok(count) => {
            app.store.metrics().uploads.uploads.with_label_values(&["expired"]).inc_by(count);
            info!("{count} uploads expired");
        }
        Err(err) => warn!("could not look for expired uploads: {err:#}"),
    }
    match app.store.sweep_answers().await {
        Ok(0) => {}
        Ok(count) => info!("{count} answers to repeated requests are past their time and were deleted"),
        Err(err) => warn!("could not delete old answers: {err:#}"),
    }
    free_due(app).await;
    match app.store.uploads_to_assemble(AT_ONCE).await {
        // One after the other: this is the rare case, and each may be large.
        Ok(ids) => {
            for id in ids {
                finish::run(app.clone(), id).await;
            }
        }
        Err(err) => warn!("could not look for unfinished uploads: {err:#}"),
    }
}

/// Frees what given-up uploads put. What fails is due again in the next round.
pub(crate) async fn free_due(app: &App) {
    let due = match app.store.uploads_to_free(AT_ONCE).await {
        Ok(due) => due,
        Err(err) => return warn!("could not look for uploads to free: {err:#}"),
    };
    for id in due {
        match free(app, id).await {
            Ok(()) => info!(upload.id = %id, "freed what upload {id} had put"),
            Err(err) => warn!(upload.id = %id, "could not free what upload {id} had put: {err:#}"),
        }
    }
}

async fn free(app: &App, id: UploadId) -> anyhow::Result<()> {
    let Some(upload) = app.store.upload(id).await? else { return Ok(()) };
    let key = ObjectKey::Upload(id).to_string();
    if let Some(known) = upload.multipart_id {
        app.objects.abort_multipart(&Multipart { key, id: known }).await?;
    }
    let prefix = ObjectKey::upload_prefix(id);
    // Those whose id died with a process. A server that cannot list them has none of ours to hide for long: it has a rule for them.
    match app.objects.list_multiparts(&prefix).await {
        Ok(orphans) => {
            for orphan in orphans {
                app.objects.abort_multipart(&orphan).await?;
            }
        }
        Err(err) => warn!("the object store does not list uploads in parts: {err}"),
    }
    app.objects.delete_prefix(&prefix, &[]).await?;
    app.store.upload_freed(id).await
}
