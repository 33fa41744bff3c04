//! One writer per upload, across all replicas: a lease in the database that the writer renews while it works.
use std::sync::Arc;
use std::time::Duration;

use pipeline::id::{Fence, UploadId};
use runtime::store::entry::uploads::{UploadRow, UploadState};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tracing::warn;

use crate::app::App;
use runtime::problem::{Code, Problem};

/// Renewing also shows whether another request waits; this interval is short enough for a person.
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// How often a waiting request polls.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The state of a held lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LockState {
    /// Ours.
    Held,
    /// Ours, and another request waits for it.
    Wanted,
    /// Another request's, or unknown.
    Lost,
}

/// A held lock. Renewed until this is dropped; released by the last write, or by `release`.
pub(crate) struct Lock {
    pub(crate) fence: Fence,
    /// Changes when another request waits for the lock, and when it is lost.
    pub(crate) state: watch::Receiver<LockState>,
    renewing: JoinHandle<()>,
    app: Arc<App>,
    id: UploadId,
}

impl Lock {
    /// Takes the lock of an open upload. If another request holds it, waits a little: a live writer may finish, a
    /// silent one yields.
    pub(crate) async fn wait(app: &Arc<App>, id: UploadId) -> Result<(UploadRow, Lock), Problem> {
        let until = Instant::now() + app.settings.lock_patience;
        loop {
            if let Some(taken) = Self::take(app, id, UploadState::Open).await? {
                return Ok(taken);
            }
            let upload = app.store.upload(id).await?.ok_or(Code::UploadUnknown)?;
            match upload.state {
                UploadState::Open => {}
                // The other writer received the last bytes.
                UploadState::Assembling | UploadState::Finished => {
                    return Err(Problem { offset: Some(upload.offset), ..Code::OffsetWrong.into() });
                }
                UploadState::Expired | UploadState::Terminated | UploadState::Failed => {
                    return Err(Code::UploadGone.into());
                }
            }
            if Instant::now() >= until {
                return Err(Code::Locked.into());
            }
            app.store.want_upload(id).await?;
            sleep(LOOK_EVERY).await;
        }
    }

    /// Takes the lock if it is free.
    pub(crate) async fn take(
        app: &Arc<App>,
        id: UploadId,
        state: UploadState,
    ) -> anyhow::Result<Option<(UploadRow, Lock)>> {
        let lease = app.settings.lease;
        let Some((upload, fence)) = app.store.lock_upload(id, state, lease).await? else { return Ok(None) };
        let (say, watched) = watch::channel(LockState::Held);
        let renewing = tokio::spawn(renew(app.clone(), id, fence, say));
        Ok(Some((upload, Lock { fence, state: watched, renewing, app: app.clone(), id })))
    }

    /// Releases the lock without having written.
    pub(crate) async fn release(self) {
        if let Err(err) = self.app.store.unlock_upload(self.id, self.fence).await {
            // It expires by itself.
            warn!(upload.id = %self.id, "the lock of upload {} has to run out: {err:#}", self.id);
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

async fn renew(app: Arc<App>, id: UploadId, fence: Fence, say: watch::Sender<LockState>) {
    let mut sure_until = Instant::now() + app.settings.lease;
    loop {
        sleep(RENEW_EVERY).await;
        let asked = Instant::now();
        let lock_state = match app.store.renew_upload(id, fence, app.settings.lease).await {
            Ok(state) if !state.held => LockState::Lost,
            Ok(state) => {
                sure_until = asked + app.settings.lease;
                if state.wanted { LockState::Wanted } else { LockState::Held }
            }
            // The database may be available again before the lease expires.
            Err(_) if Instant::now() < sure_until => continue,
            Err(_) => LockState::Lost,
        };
        let _ = say.send(lock_state);
        if lock_state == LockState::Lost {
            return;
        }
    }
}
