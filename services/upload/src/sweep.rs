//! Work without a request: expired uploads are ended, objects of ended ones are freed (`free`), and what a crash left
//! unfinished is finished. Any replica does it.
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use tracing::{info, warn};

use crate::app::App;
use crate::finish;
use crate::free::{abort_orphans, free_due};

/// Longest time until a crashed upload is resumed, or an expired one is freed.
const EVERY: Duration = Duration::from_secs(5);
/// Uploads to finish in one round; the next round takes the next ones.
const AT_ONCE: i64 = 16;
/// Uploads finished at the same time, so that a large one does not delay the others.
const FINISHING: usize = 4;
/// How often the whole installation is searched for multipart uploads that no upload needs.
const ORPHANS_EVERY: Duration = Duration::from_secs(3600);

/// Sweeps until the service stops. Joining and reading back take as long as films are large, so freeing does not wait
/// for them.
pub async fn sweep(app: Arc<App>) {
    let over = async {
        loop {
            sweep_over(&app).await;
            tokio::time::sleep(EVERY).await;
        }
    };
    let unfinished = async {
        loop {
            finish_due(&app).await;
            tokio::time::sleep(EVERY).await;
        }
    };
    tokio::select! {
        _ = over => {}
        _ = unfinished => {}
        () = app.stop.cancelled() => {}
    }
}

/// One round.
pub async fn sweep_once(app: &Arc<App>) {
    sweep_over(app).await;
    finish_due(app).await;
}

/// Ends what has expired.
async fn sweep_over(app: &Arc<App>) {
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
        Ok(count) => info!("{count} answers to repeated requests expired and were deleted"),
        Err(err) => warn!("could not delete old answers: {err:#}"),
    }
    free_due(app).await;
    match app.store.take_turn("upload_orphans", ORPHANS_EVERY).await {
        Ok(true) => abort_orphans(app).await,
        Ok(false) => {}
        Err(err) => warn!("could not ask whose turn it is to look for orphans: {err:#}"),
    }
}

/// Finishes what a crash left, and tries that are due again.
async fn finish_due(app: &Arc<App>) {
    match app.store.uploads_to_assemble(AT_ONCE).await {
        Ok(ids) => stream::iter(ids).for_each_concurrent(FINISHING, |id| finish::run(app.clone(), id)).await,
        Err(err) => warn!("could not look for unfinished uploads: {err:#}"),
    }
}
