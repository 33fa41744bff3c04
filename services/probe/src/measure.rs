//! Stage probe: fetches the mezzanine, verifies size and digest, has the sandboxed child decode and measure it, and stores the preview
//! that the same decode made.
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use media::protocol::ProbeReport;
use pipeline::catalogue::Catalogue;
use pipeline::media_info::Outline;
use pipeline::object_key::{ObjectKey, PreviewFile};
use pipeline::rejection::Rejection;
use pipeline::screening::first_look;
use pipeline::stage::Stage;
use runtime::child::{ChildError, ChildRunner};
use runtime::fetch::Fetcher;
use runtime::objects::Objects;
use runtime::outcome::{Outcome, Output, StoredPreview};
use runtime::scratch::Left;
use runtime::service::Runtime;
use runtime::store::Store;
use runtime::worker::{Handler, Job};
use tracing::{error, warn};

use crate::answer;
use crate::request::{self, ENDS, SOURCE};

/// Longest wait for the database: a late first look is of no use, and the probe must not wait for it.
const STORE_WITHIN: Duration = Duration::from_secs(5);

/// The probe stage's handler.
pub struct Measure {
    store: Store,
    objects: Objects,
    fetcher: Fetcher,
    catalogue: Arc<Catalogue>,
    child: ChildRunner,
}

impl Measure {
    /// A handler that works with these servers.
    pub fn new(runtime: &Runtime) -> Self {
        Self {
            store: runtime.store.clone(),
            objects: runtime.objects.clone(),
            fetcher: Fetcher::new(runtime.objects.clone(), runtime.scratch.clone()),
            catalogue: runtime.catalogue.clone(),
            child: runtime.child.clone(),
        }
    }

    /// Measures the file of `bytes` bytes; a preview for reviewers is left in `output`.
    async fn probe(
        &self,
        job: &Job,
        output: Option<&Path>,
        bytes: u64,
    ) -> Result<(ProbeReport, Option<answer::Preview>), ChildError> {
        let request = request::probe(job.scratch.input(), output, self.child.allows_missing_landlock());
        let progress = job.progress.clone();
        let on_progress = move |done| progress.set(done);
        let report = self.child.run(&request, request::DEADLINE, &job.cancelled, on_progress).await?;
        answer::probed(&request, &report, bytes)?;
        let preview = output.map(|output| answer::preview(&request, output)).transpose()?;
        Ok((report, preview.flatten()))
    }

    /// Shows the entrant how the headers compare with the rules, from the ends of the file, while the rest is still being fetched.
    /// Whether a first look was stored. Nothing that goes wrong here changes the verdict; it may wait for it as long as a read of
    /// the object store and [`request::OUTLINE_DEADLINE`] allow.
    async fn look_at_ends(&self, job: &Job) -> bool {
        let ends = job.scratch.input().join(ENDS);
        let fetched = self.fetcher.fetch_ends(&job.submission, &ends).await;
        let looked = match &fetched {
            Ok(()) => self.look_at(job, ENDS).await,
            Err(error) => {
                warn!(submission.id = %job.submission.id, "no first look at {}: {error:#}", job.submission.id);
                false
            }
        };
        // The scratch directory and its content are removed soon.
        let _ = tokio::fs::remove_file(ends).await;
        looked
    }

    /// Stores what the headers of this file say for the entrant; false if they say nothing.
    async fn look_at(&self, job: &Job, file: &str) -> bool {
        let Some(contest) = self.catalogue.contest(&job.submission.contest) else { return false };
        let request = request::outline(job.scratch.input(), file, self.child.allows_missing_landlock());
        // Refusals are left to the probe as well, which reads the whole file.
        let outline = self.child.run(&request, request::OUTLINE_DEADLINE, &job.cancelled, |_| ()).await;
        let Ok::<Option<Outline>, _>(Some(outline)) = outline else { return false };
        if let Err(lie) = answer::outline(&outline) {
            warn!(submission.id = %job.submission.id, "no first look at {}: {lie}", job.submission.id);
            return false;
        }
        let look = first_look(&outline, &contest.rules);
        let keeping = self.store.keep_first_look(&job.claim, &look);
        let kept = tokio::time::timeout(STORE_WITHIN, keeping).await.context("the database takes too long");
        if let Err(error) = kept.flatten() {
            warn!(submission.id = %job.submission.id, "the first look at {} was not stored: {error:#}", job.submission.id);
        }
        true
    }

    /// Stores the preview for reviewers.
    async fn store(&self, job: &Job, left: &answer::Preview) -> Result<StoredPreview> {
        let put = async |file: PreviewFile, left: &Left| {
            let key = ObjectKey::Preview(job.submission.id, job.run, job.fence, file);
            self.objects.put_left(&key, left).await.with_context(|| format!("store {key}"))
        };
        Ok(StoredPreview {
            proxy: put(PreviewFile::Proxy, &left.proxy).await?,
            storyboard: put(PreviewFile::Storyboard, &left.storyboard).await?,
            cues: put(PreviewFile::Cues, &left.cues).await?,
        })
    }
}

impl Handler for Measure {
    const STAGE: Stage = Stage::Probe;

    async fn handle(&self, job: Job) -> Result<Outcome> {
        let source = job.scratch.input().join(SOURCE);
        let fetching = self.fetcher.fetch_mezzanine(&job.submission, &source);
        let (fetched, looked) = tokio::join!(fetching, self.look_at_ends(&job));
        // Compared with what was recorded when the upload finished; a difference is our store's fault, not the entrant's.
        let (bytes, sha256) = fetched?;
        if job.submission.declared_sha256.as_ref().is_some_and(|declared| hex::encode(declared) != sha256) {
            return Ok(Outcome::Rejected(Rejection::DigestMismatch));
        }
        let looking = async {
            // An index in the middle, or one too large for the ends.
            if !looked {
                self.look_at(&job, SOURCE).await;
            }
        };
        let (mut probed, ()) = tokio::join!(self.probe(&job, Some(job.scratch.output()), bytes), looking);
        let mut previewed = true;
        let retried = |end: &ChildError| !matches!(end, ChildError::Rejected(_) | ChildError::Cancelled);
        if let Err(end) = &probed
            && retried(end)
        {
            // The cause may be the measuring or the preview. A work is never refused or delayed because of its preview.
            warn!(submission.id = %job.submission.id, "probing {} again without a preview: {end}", job.submission.id);
            probed = self.probe(&job, None, bytes).await;
            previewed = false;
        }
        match probed {
            Ok((ProbeReport { media_info, fingerprint }, left)) => {
                if !previewed {
                    error!(submission.id = %job.submission.id, "{} has no preview", job.submission.id);
                }
                let preview = match left {
                    Some(left) => Some(self.store(&job, &left).await?),
                    None => None,
                };
                Ok(Outcome::Done(Output::Probed { media_info, fingerprint, sha256, bytes, preview }))
            }
            Err(end) => match request::verdict_of(&end, job.attempt) {
                Some(reason) => Ok(Outcome::Rejected(reason)),
                None => Err(end).context("probe the mezzanine"),
            },
        }
    }
}
