//! Stage probe: fetches the mezzanine, verifies size and digest, and lets the sandboxed child decode and measure it.
use std::sync::Arc;

use anyhow::{Context, Result};
use media::protocol::ProbeReport;
use pipeline::rejection::Rejection;
use pipeline::stage::Stage;
use runtime::outcome::{Outcome, Output};
use runtime::service::Runtime;
use runtime::worker::{Handler, Job};

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
}

impl Handler for Measure {
    const STAGE: Stage = Stage::Probe;

    async fn handle(&self, job: Job) -> Result<Outcome> {
        // Compared with what was recorded when the upload finished; a difference is our store's fault, not the entrant's.
        let (bytes, sha256) = self.runtime.fetch_mezzanine(&job.submission, &job.scratch.input().join(SOURCE)).await?;
        if job.submission.declared_sha256.as_ref().is_some_and(|declared| hex::encode(declared) != sha256) {
            return Ok(Outcome::Rejected(Rejection::DigestMismatch));
        }
        let request = request::probe(job.scratch.input(), self.runtime.config.allow_missing_landlock);
        let progress = job.progress.clone();
        let show = move |done: f64| progress.set(done);
        let probed = self.runtime.child.run::<_, ProbeReport>(&request, request::DEADLINE, &job.cancelled, show).await;
        match probed {
            Ok(media_info) => Ok(Outcome::Done(Output::Probed { media_info, sha256, bytes })),
            Err(end) => match request::verdict_of(&end, job.attempt) {
                Some(reason) => Ok(Outcome::Rejected(reason)),
                None => Err(end).context("probe the mezzanine"),
            },
        }
    }
}
