//! Stage screen: the contest's rules over what the probe measured, and the plan of what to make. Decides nothing itself.
use std::sync::Arc;

use anyhow::{Context, Result};
use pipeline::planner::plan;
use pipeline::screening::screen;
use pipeline::stage::Stage;
use runtime::outcome::{Outcome, Output};
use runtime::service::Runtime;
use runtime::worker::{Handler, Job};

/// The screen stage's handler.
pub struct Screen {
    runtime: Arc<Runtime>,
}

impl Screen {
    /// A handler that judges by this runtime's catalogue.
    pub fn new(runtime: Arc<Runtime>) -> Self {
        Self { runtime }
    }
}

impl Handler for Screen {
    const STAGE: Stage = Stage::Screen;

    async fn handle(&self, job: Job) -> Result<Outcome> {
        let info = job.submission.media_info.as_ref().context("the submission was not probed")?;
        let catalogue = &self.runtime.catalogue;
        let contest = catalogue
            .contest(&job.submission.contest)
            .with_context(|| format!("the catalogue has no contest {}", job.submission.contest))?;
        let verdict = screen(info, &contest.rules);
        // A refused entry has nothing to make; the store turns the verdict into the refusal.
        let plan =
            verdict.rejection().is_none().then(|| plan(info, &catalogue.partners_of(contest), &catalogue.ladders));
        Ok(Outcome::Done(Output::Screened { verdict, plan }))
    }
}
