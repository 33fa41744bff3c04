//! Stage assemble: one part is one rendition. Its encodes are fetched, assembled and measured, and only then is the result stored. A
//! rendition that was made before is reused.
use std::path::Path;

use anyhow::{Context, Result, bail};
use media::protocol::QcReport;
use pipeline::id::EncodeId;
use pipeline::media_info::MediaInfo;
use pipeline::part::Part;
use pipeline::rendition::{Plan, PlannedRendition, QcOutcome, VideoSource};
use pipeline::stage::Stage;
use runtime::fetch::is_lost;
use runtime::outcome::{Outcome, Output, StoredFile, StoredRendition};
use runtime::service::Runtime;
use runtime::worker::{Handler, Job};
use serde::de::DeserializeOwned;
use tracing::warn;

use crate::answer;
use crate::assembly::{Assembly, Step, Workplace};
use crate::request::{self, RENDITION, SOUND, SOURCE, Timed};
use crate::reuse;
use crate::tools::Tools;
use keep::Keep;

mod keep;

/// The assemble stage's handler.
pub struct Assemble {
    tools: Tools,
}

/// How much of the part is done when the file is joined; the rest is quality control, which decodes all of it.
const JOINED: f64 = 0.3;

/// The results of the transcode stage: the files of each part and encode.
type Encoded = Vec<(Part, Output)>;

/// A worker with one claimed part.
struct Worker<'a> {
    tools: &'a Tools,
    job: &'a Job,
}

impl Workplace for Worker<'_> {
    async fn run<R: DeserializeOwned + Send>(&self, timed: &Timed, step: Step) -> Result<R> {
        let (from, to) = match step {
            Step::Join | Step::Segment(_) | Step::Sound => (0.0, JOINED),
            Step::Covers => (JOINED, JOINED),
            Step::Check => (JOINED, 1.0),
        };
        let progress = self.job.progress.clone();
        let show = move |done: f64| progress.set(from + (to - from) * done);
        Ok(self.tools.child.run(&timed.request, timed.deadline, &self.job.cancelled, show).await?)
    }

    async fn bring_source(&self, to: &Path) -> Result<()> {
        self.tools.fetcher.fetch_mezzanine(&self.job.submission, to).await.map(|_| ())
    }
}

impl Assemble {
    /// A handler that works with these servers.
    pub fn new(runtime: &Runtime) -> Self {
        Self { tools: Tools::of(runtime) }
    }

    /// Puts everything that the rendition is joined from into the input directory. An encode that the store lost is made again, to the
    /// same bits.
    async fn fetch(&self, assembly: &Assembly<'_, Worker<'_>>, encoded: &Encoded) -> Result<()> {
        let (plan, rendition) = (assembly.plan, assembly.rendition);
        let place = self.tools.place(assembly.workplace.job);
        match &rendition.video {
            VideoSource::Copied => assembly.workplace.bring_source(&assembly.dir.input().join(SOURCE)).await?,
            VideoSource::Encoded(id) => {
                for segment in &plan.segments {
                    let to = request::segment_file(segment.index);
                    let lost = || request::lost_segment(plan, segment.index, id, place);
                    self.fetch_or_make(assembly, find(encoded, &Part::Segment(segment.index), id)?, &to, lost).await?;
                }
            }
        }
        if let Some(id) = &rendition.audio {
            let lost = || request::lost_sound(plan, id, assembly.source, place);
            self.fetch_or_make(assembly, find(encoded, &Part::Audio, id)?, SOUND, lost).await?;
        }
        Ok(())
    }

    /// Puts an encode at `to` in the input directory, or makes it by the request of `lost`.
    async fn fetch_or_make(
        &self,
        assembly: &Assembly<'_, Worker<'_>>,
        file: &StoredFile,
        to: &str,
        lost: impl FnOnce() -> Result<Timed>,
    ) -> Result<()> {
        let Err(failure) = self.tools.fetcher.fetch(file, &assembly.dir.input().join(to)).await else { return Ok(()) };
        if !is_lost(&failure) {
            return Err(failure);
        }
        let id = assembly.workplace.job.submission.id;
        warn!(submission.id = %id, "the store lost an encode, which is made again: {failure:#}");
        assembly.encode(&lost()?, to).await.with_context(|| format!("make {} again", file.key))
    }

    /// A file that was made before, with new covers where those that came with it are not the planned ones.
    async fn with_covers(
        &self,
        job: &Job,
        rendition: &PlannedRendition,
        found: &StoredRendition,
    ) -> Result<StoredRendition> {
        if found.cover.is_some() && found.covers.len() == rendition.covers.len() {
            return Ok(found.clone());
        }
        self.tools.fetcher.fetch(&found.video, &job.scratch.input().join(RENDITION)).await?;
        let timed = request::covers(rendition, source(job)?, found.duration_ms, self.tools.place(job));
        let (progress, child) = (job.progress.clone(), &self.tools.child);
        let show = move |done: f64| progress.set(done);
        let report = child.run(&timed.request, timed.deadline, &job.cancelled, show).await.context("cut covers")?;
        let cut = answer::covers(&timed.request, &report).context("cut covers")?;
        let (cover, covers) = self.keep(job, rendition).covers(&report, &cut).await?;
        Ok(StoredRendition { cover: Some(cover), covers, ..found.clone() })
    }

    fn keep<'a>(&'a self, job: &'a Job, rendition: &'a PlannedRendition) -> Keep<'a> {
        Keep { objects: &self.tools.objects, job, rendition }
    }
}

impl Handler for Assemble {
    const STAGE: Stage = Stage::Assemble;

    async fn handle(&self, job: Job) -> Result<Outcome> {
        let plan = job.submission.plan.as_ref().context("the submission has no plan")?;
        let rendition = wanted(&job, plan)?;
        if let Some(found) = reuse::choices(&self.tools, &job, plan).await?.found(&rendition.name) {
            reuse::check_exists(&self.tools, found).await?;
            let rendition = self.with_covers(&job, rendition, found).await?;
            return Ok(Outcome::Done(Output::Assembled { rendition }));
        }
        let encoded = self.tools.store.outputs(job.submission.id, job.run, Stage::Transcode).await?;
        let assembly = Assembly {
            workplace: &Worker { tools: &self.tools, job: &job },
            dir: &job.scratch,
            allow_missing_landlock: self.tools.child.allows_missing_landlock(),
            plan,
            rendition,
            source: source(&job)?,
        };
        self.fetch(&assembly, &encoded).await?;
        let made = assembly.make().await?;
        if !made.qc.pass {
            // Encodes are the same at every try, so another one would end the same way: a person has to look.
            return Ok(Outcome::Parked(evidence(&made.qc)));
        }
        // A file that several engines made together has no address, so it is never reused.
        let address = hex::encode(reuse::address(&job, plan, rendition)?);
        let artefact = of_one_engine(&encoded).then_some(address);
        let rendition = self.keep(&job, rendition).all(made, artefact).await?;
        Ok(Outcome::Done(Output::Assembled { rendition }))
    }
}

fn find<'a>(encoded: &'a Encoded, part: &Part, encode: &EncodeId) -> Result<&'a StoredFile> {
    let output = encoded.iter().find(|(done, _)| done == part).map(|(_, output)| output);
    let Some(Output::Encoded { files, .. }) = output else { bail!("transcode recorded nothing for {part}") };
    files.get(encode).with_context(|| format!("transcode recorded no encode {encode} for {part}"))
}

/// Whether this process' engine made all results of the transcode stage: during an upgrade workers of several versions run.
fn of_one_engine(encoded: &Encoded) -> bool {
    let ours = media::engine();
    encoded.iter().all(|(_, output)| match output {
        Output::Encoded { report, .. } => report["code"] == ours.as_str(),
        _ => false,
    })
}

fn wanted<'a>(job: &'a Job, plan: &'a Plan) -> Result<&'a PlannedRendition> {
    let Part::Rendition(name) = &job.part else { bail!("{} is no part of assemble", job.part) };
    plan.renditions.iter().find(|rendition| rendition.name == *name).with_context(|| format!("the plan has no {name}"))
}

fn source(job: &Job) -> Result<&MediaInfo> {
    job.submission.media_info.as_ref().context("the submission was not probed")
}

/// The checks that did not pass, as an operator reads them.
fn evidence(qc: &QcReport) -> String {
    let failed = qc.checks.iter().filter(|check| check.outcome != QcOutcome::Pass);
    let sentences =
        failed.map(|check| format!("{}: measured {}, allowed {}", check.check, check.measured, check.limit));
    format!("quality control failed: {}", sentences.collect::<Vec<_>>().join("; "))
}
