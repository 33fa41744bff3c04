//! Stage probe: fetches the mezzanine, verifies size and digest, lets the sandboxed child decode and measure it, and stores what the
//! same decode left for reviewers.
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use media::protocol::{CUES, PROXY, ProbeReport, SHEET};
use pipeline::media_info::Outline;
use pipeline::object_key::{ObjectKey, PreviewFile};
use pipeline::rejection::Rejection;
use pipeline::screening::first_look;
use pipeline::stage::Stage;
use runtime::child::{ChildError, Word};
use runtime::outcome::{Outcome, Output, StoredPreview};
use runtime::service::Runtime;
use runtime::worker::{Handler, Job};
use tokio::sync::oneshot;
use tracing::{error, warn};

use crate::request::{self, SOURCE};

/// A database that takes longer is not waited for: a first look that comes late is of no use, and the probe must not hang on it.
const TELLING: Duration = Duration::from_secs(5);

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
        let (outlined, outline) = oneshot::channel();
        let mut outlined = Some(outlined);
        let hear = move |word| match word {
            Word::Progress(done) => progress.set(done),
            // Nobody listens any more where the part was cancelled.
            Word::Outline(outline) => drop(outlined.take().map(|outlined| outlined.send(outline))),
        };
        let decoding = self.runtime.child.run_hearing(&request, request::DEADLINE, &job.cancelled, hear);
        let telling = async {
            if let Ok(outline) = outline.await {
                self.tell_first_look(job, &outline).await;
            }
        };
        tokio::join!(decoding, telling).0
    }

    /// Tells the entrant what the headers say of the rules, while all of the file is being decoded. The verdict does not hang on it.
    async fn tell_first_look(&self, job: &Job, outline: &Outline) {
        let Some(contest) = self.runtime.catalogue.contest(&job.submission.contest) else { return };
        let look = first_look(outline, &contest.rules);
        let keeping = self.runtime.store.keep_first_look(&job.claim, &look);
        let kept = tokio::time::timeout(TELLING, keeping).await.context("the database takes too long");
        if let Err(error) = kept.flatten() {
            warn!(submission.id = %job.submission.id, "could not tell the first look at {}: {error:#}", job.submission.id);
        }
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
