//! Stage probe: fetches the mezzanine, verifies size and digest, lets the sandboxed child decode and measure it, and stores what the
//! same decode left for reviewers.
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use media::protocol::{CUES, PROXY, ProbeReport, SHEET};
use pipeline::object_key::{ObjectKey, PreviewFile};
use pipeline::rejection::Rejection;
use pipeline::stage::Stage;
use runtime::child::ChildError;
use runtime::outcome::{Outcome, Output, StoredPreview};
use runtime::service::Runtime;
use runtime::worker::{Handler, Job};
use tracing::{error, warn};

use crate::request::{self, SOURCE};

/// The probe stage's handler.
pub struct Measure {
    runtime: Arc<Runtime>,
}

impl Measure {
    /// A handler that works with these servers.
    pub fn new(runtime: Arc<Runtime>) -> Self {
        Self { runtime }
    }

    async fn probe(&self, job: &Job, output: Option<&Path>) -> Result<ProbeReport, ChildError> {
        let request = request::probe(job.scratch.input(), output, self.runtime.config.allow_missing_landlock);
        let progress = job.progress.clone();
        let show = move |done: f64| progress.set(done);
        self.runtime.child.run(&request, request::DEADLINE, &job.cancelled, show).await
    }

    /// Stores what the child left for reviewers; `None` where it left nothing.
    async fn store(&self, job: &Job) -> Result<Option<StoredPreview>> {
        let output = job.scratch.output();
        let made = tokio::fs::try_exists(output.join(CUES)).await.context("look for the preview")?;
        if !made {
            return Ok(None);
        }
        let put = async |file: PreviewFile, name: &str| {
            let key = ObjectKey::Preview(job.submission.id, job.run, job.fence, file);
            self.runtime.objects.put_file(&key, &output.join(name)).await.with_context(|| format!("store {key}"))
        };
        Ok(Some(StoredPreview {
            proxy: put(PreviewFile::Proxy, PROXY).await?,
            storyboard: put(PreviewFile::Storyboard, SHEET).await?,
            cues: put(PreviewFile::Cues, CUES).await?,
        }))
    }
}

impl Handler for Measure {
    const STAGE: Stage = Stage::Probe;

    async fn handle(&self, job: Job) -> Result<Outcome> {
        // Compared with what was recorded when the upload finished; a difference is our store's fault, not the entrant's.
        let (bytes, sha256) = self.runtime.fetch_mezzanine(&job.submission, &job.scratch.input().join(SOURCE)).await?;
        if job.submission.declared_sha256.as_ref().is_some_and(|declared| hex::encode(declared) != sha256) {
            return Ok(Outcome::Rejected(Rejection::DigestMismatch));
        }
        let mut probed = self.probe(&job, Some(job.scratch.output())).await;
        let mut previewed = true;
        if let Err(end @ (ChildError::Crashed(_) | ChildError::TimedOut(_) | ChildError::Failed(_))) = &probed {
            // Whether the measuring or the preview ended it cannot be told; a work is never refused for the latter, nor held up.
            warn!(submission.id = %job.submission.id, "probing {} again without a preview: {end}", job.submission.id);
            probed = self.probe(&job, None).await;
            previewed = false;
        }
        match probed {
            Ok(ProbeReport { media_info, fingerprint }) => {
                if !previewed {
                    error!(submission.id = %job.submission.id, "{} has no preview", job.submission.id);
                }
                let preview = if previewed { self.store(&job).await? } else { None };
                Ok(Outcome::Done(Output::Probed { media_info, fingerprint, sha256, bytes, preview }))
            }
            Err(end) => match request::verdict_of(&end, job.attempt) {
                Some(reason) => Ok(Outcome::Rejected(reason)),
                None => Err(end).context("probe the mezzanine"),
            },
        }
    }
}
