//! The state of a delivery with which another worker continues after a crash, stored encrypted.
use anyhow::{Context, Result, bail};
use runtime::store::work::parts::Commit;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Task;

impl Task<'_> {
    /// The stored state for continuing after a crash.
    pub(crate) async fn session<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        let (id, partner) = (self.job.submission.id, &self.partner.id);
        let Some(sealed) = self.tools.store.delivery_session(id, partner).await? else { return Ok(None) };
        // A state of an earlier run or of an older version is useless; its loss only costs the time to start again.
        let opened = self.tools.keys()?.open_for(&self.session_place(), &sealed).ok();
        Ok(opened.and_then(|opened| serde_json::from_slice(&opened).ok()))
    }

    /// Stores what is needed to continue after a crash.
    pub(crate) async fn save_session<T: Serialize + Sync>(&self, session: &T) -> Result<()> {
        let plain = serde_json::to_vec(session).context("write a session")?;
        let sealed = self.tools.keys()?.seal_for(&self.session_place(), &plain)?;
        self.kept(self.tools.store.keep_session(&self.job.claim, Some(&sealed)).await?)
    }

    /// Forgets it.
    pub(crate) async fn forget_session(&self) -> Result<()> {
        self.kept(self.tools.store.keep_session(&self.job.claim, None).await?)
    }

    fn kept(&self, commit: Commit) -> Result<()> {
        match commit {
            Commit::Committed => Ok(()),
            Commit::Fenced => bail!("another worker has this delivery by now"),
        }
    }

    /// A session opens only for the run and partner that it was stored for.
    fn session_place(&self) -> Vec<u8> {
        format!("session:{}/{}/{}", self.job.submission.id, self.machine().run, self.partner.id).into_bytes()
    }
}
