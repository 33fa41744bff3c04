//! Stage assemble: one part is one rendition. It is joined, given its cover, opened again and measured, and only then stored.
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use media::protocol::{AssembleReport, QcReport};
use pipeline::id::EncodeId;
use pipeline::media_info::MediaInfo;
use pipeline::object_key::ObjectKey;
use pipeline::part::Part;
use pipeline::rendition::{Plan, PlannedRendition, VideoSource};
use pipeline::stage::Stage;
use runtime::outcome::{Outcome, Output, StoredFile, StoredRendition};
use runtime::service::Runtime;
use runtime::worker::{Handler, Job};

use crate::request::{self, Place, RENDITION, SOUND, SOURCE, Timed};

/// The assemble stage's handler.
pub struct Assemble {
    runtime: Arc<Runtime>,
}

/// What the transcode stage left: the file of each part and encode.
type Encoded = Vec<(Part, Output)>;

impl Assemble {
    /// A handler that works with these servers.
    pub fn new(runtime: Arc<Runtime>) -> Self {
        Self { runtime }
    }

    /// Brings everything that the rendition is joined from into the input directory.
    async fn fetch(&self, job: &Job, plan: &Plan, rendition: &PlannedRendition) -> Result<()> {
        let input = job.scratch.input();
        let encoded = self.runtime.store.outputs(job.submission.id, job.run, Stage::Transcode).await?;
        match &rendition.video {
            VideoSource::Copied => {
                self.runtime.fetch_mezzanine(&job.submission, &input.join(SOURCE)).await?;
            }
            VideoSource::Encoded(id) => {
                for segment in &plan.segments {
                    let file = find(&encoded, &Part::Segment(segment.index), id)?;
                    self.runtime.fetch(file, &input.join(request::segment_file(segment.index))).await?;
                }
            }
        }
        if let Some(id) = &rendition.audio {
            self.runtime.fetch(find(&encoded, &Part::Audio, id)?, &input.join(SOUND)).await?;
        }
        Ok(())
    }

    async fn run<R: serde::de::DeserializeOwned>(&self, job: &Job, timed: &Timed, from: f64, to: f64) -> Result<R> {
        let progress = job.progress.clone();
        let show = move |done: f64| progress.set(from + (to - from) * done);
        Ok(self.runtime.child.run(&timed.request, timed.deadline, &job.cancelled, show).await?)
    }

    async fn store(&self, job: &Job, report: &AssembleReport, qc: QcReport) -> Result<StoredRendition> {
        let Part::Rendition(name) = &job.part else { bail!("{} is no rendition", job.part) };
        let output = job.scratch.output();
        let key = ObjectKey::Rendition(job.submission.id, job.run, name.clone(), job.fence);
        let video = self
            .runtime
            .objects
            .put_file(&key, &output.join(RENDITION))
            .await
            .with_context(|| format!("store {key}"))?;
        let cover = match &report.cover {
            None => None,
            Some(cover) => {
                let key = ObjectKey::Cover(job.submission.id, job.run, name.clone(), job.fence);
                let put = self.runtime.objects.put_file(&key, &output.join(&cover.file)).await;
                Some(put.with_context(|| format!("store {key}"))?)
            }
        };
        Ok(StoredRendition {
            video,
            cover,
            width: qc.info.video.display_width,
            height: qc.info.video.display_height,
            duration_ms: qc.info.duration_ms,
            qc: qc.checks,
            engine: media::engine(),
        })
    }
}

fn find<'a>(encoded: &'a Encoded, part: &Part, encode: &EncodeId) -> Result<&'a StoredFile> {
    let output = encoded.iter().find(|(done, _)| done == part).map(|(_, output)| output);
    let Some(Output::Encoded { files, .. }) = output else { bail!("transcode recorded nothing for {part}") };
    files.get(encode).with_context(|| format!("transcode recorded no encode {encode} for {part}"))
}

fn wanted<'a>(job: &'a Job, plan: &'a Plan) -> Result<&'a PlannedRendition> {
    let Part::Rendition(name) = &job.part else { bail!("{} is no part of assemble", job.part) };
    plan.renditions.iter().find(|rendition| rendition.name == *name).with_context(|| format!("the plan has no {name}"))
}

fn source(job: &Job) -> Result<&MediaInfo> {
    job.submission.media_info.as_ref().context("the submission was not probed")
}

impl Handler for Assemble {
    const STAGE: Stage = Stage::Assemble;

    async fn handle(&self, job: Job) -> Result<Outcome> {
        let plan = job.submission.plan.as_ref().context("the submission has no plan")?;
        let rendition = wanted(&job, plan)?;
        let source = source(&job)?;
        let (input, output) = (job.scratch.input(), job.scratch.output());
        let allow_missing_landlock = self.runtime.config.allow_missing_landlock;
        self.fetch(&job, plan, rendition).await?;
        let timed = request::assemble(plan, rendition, source, Place { input, output, allow_missing_landlock })?;
        let report: AssembleReport = self.run(&job, &timed, 0.0, 0.3).await.context("assemble")?;
        // Quality control reads what was just written, and may write nothing.
        let place = Place { input: output, output, allow_missing_landlock };
        let mut timed = request::qc(plan, rendition, source, place)?;
        timed.request.output_dir = None;
        let qc: QcReport = self.run(&job, &timed, 0.3, 1.0).await.context("quality control")?;
        if !qc.pass {
            // Encodes are the same at every try, so another one would fail the same way: a person has to look.
            return Ok(Outcome::Parked(evidence(&qc)));
        }
        let rendition = self.store(&job, &report, qc).await?;
        Ok(Outcome::Done(Output::Assembled { rendition }))
    }
}

/// The checks that failed, as an operator reads them.
fn evidence(qc: &QcReport) -> String {
    let failed = qc.checks.iter().filter(|check| !check.pass);
    let sentences =
        failed.map(|check| format!("{}: measured {}, allowed {}", check.check, check.measured, check.limit));
    format!("quality control failed: {}", sentences.collect::<Vec<_>>().join("; "))
}
