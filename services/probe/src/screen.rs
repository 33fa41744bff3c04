//! Stage screen: applies the contest's rules to the measured values and to similar entries, and plans the renditions. The rules
//! themselves are in `pipeline`.
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use pipeline::catalogue::Catalogue;
use pipeline::fingerprint::{Likeness, compare};
use pipeline::media_info::MediaInfo;
use pipeline::planner::plan;
use pipeline::screening::{ContestRules, Twin, Verdict, screen, screen_among};
use pipeline::stage::Stage;
use runtime::outcome::{Outcome, Output, Seat};
use runtime::service::Runtime;
use runtime::store::Store;
use runtime::store::work::fingerprints::EarlierWorks;
use runtime::worker::{Handler, Job};
use tracing::debug;

/// The screen stage's handler.
pub struct Screen {
    store: Store,
    catalogue: Arc<Catalogue>,
}

impl Screen {
    /// A handler that judges by this runtime's catalogue and database.
    pub fn new(runtime: &Runtime) -> Self {
        Self { store: runtime.store.clone(), catalogue: runtime.catalogue.clone() }
    }
}

impl Handler for Screen {
    const STAGE: Stage = Stage::Screen;

    async fn handle(&self, job: Job) -> Result<Outcome> {
        let info = job.submission.media_info.as_ref().context("the submission was not probed")?;
        let catalogue = &self.catalogue;
        let contest = catalogue
            .contest(&job.submission.contest)
            .with_context(|| format!("the catalogue has no contest {}", job.submission.contest))?;
        let (verdict, compared) = match &contest.rules.duplicate {
            Some(_) => self.among(&job, info, &contest.rules).await?,
            None => (screen(info, &contest.rules), None),
        };
        // A refused entry has no plan; the store turns the verdict into the refusal.
        let plan =
            verdict.rejection().is_none().then(|| plan(info, &catalogue.partners_of(contest), &catalogue.ladders));
        Ok(Outcome::Done(Output::Screened { verdict, plan, compared }))
    }
}

impl Screen {
    /// The verdict on an entry beside the accepted ones, and the last seat with which it was compared.
    async fn among(&self, job: &Job, info: &MediaInfo, rules: &ContestRules) -> Result<(Verdict, Option<Seat>)> {
        let EarlierWorks { own, newest, same_file, candidates } = self.store.earlier_works(job.submission.id).await?;
        let searched = candidates.len();
        let begun = Instant::now();
        let compare_all =
            move || candidates.into_iter().map(|(id, other)| (id, compare(&own, &other))).collect::<Vec<_>>();
        // A few milliseconds of processor time for each entry.
        let likenesses = tokio::task::spawn_blocking(compare_all).await.context("compare with other entries")?;
        let mut twins: Vec<Twin> = likenesses
            .into_iter()
            .map(|(submission, likeness)| Twin { submission, same_file: Some(submission) == same_file, likeness })
            .collect();
        if let Some(submission) = same_file.filter(|same| twins.iter().all(|twin| twin.submission != *same)) {
            twins.push(Twin { submission, same_file: true, likeness: Likeness::default() });
        }
        debug!(
            elapsed_ms = begun.elapsed().as_millis() as u64,
            "compared {} with {searched} entries", job.submission.id
        );
        Ok((screen_among(info, twins, rules), Some(newest)))
    }
}
