//! Stage assemble: one part is one rendition. It is joined, given its covers, opened again and measured, and only then stored; or
//! it was made before, and there is nothing to do.
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use media::protocol::{self, AssembleReport, AudioReport, CoversReport, QcReport, SegmentReport};
use pipeline::id::EncodeId;
use pipeline::media_info::MediaInfo;
use pipeline::object_key::{Compared, ObjectKey};
use pipeline::part::Part;
use pipeline::rendition::{Plan, PlannedRendition, QcOutcome, VideoEncode, VideoSource};
use pipeline::stage::Stage;
use runtime::fetch::is_lost;
use runtime::outcome::{Outcome, Output, StoredComparison, StoredCover, StoredFile, StoredRendition};
use runtime::scratch::Left;
use runtime::service::Runtime;
use runtime::worker::{Handler, Job};
use tracing::{info, warn};

use crate::again::Again;
use crate::answer::{self, Cut, Encoded as Made, Pair};
use crate::request::{self, Place, RENDITION, SOUND, SOURCE, Timed};
use crate::reuse;

/// The assemble stage's handler.
pub struct Assemble {
    runtime: Arc<Runtime>,
}

/// How much of the part is done when the file is joined; the rest is quality control, which decodes all of it.
const JOINED: f64 = 0.3;

/// What was made of a rendition, checked, and out of the reach of any child.
struct Finished {
    video: Left,
    cut: Cut,
    report: CoversReport,
    pairs: Vec<Pair>,
}

/// What the transcode stage left: the file of each part and encode.
type Encoded = Vec<(Part, Output)>;

impl Assemble {
    /// A handler that works with these servers.
    pub fn new(runtime: Arc<Runtime>) -> Self {
        Self { runtime }
    }

    /// Brings everything that the rendition is joined from into the input directory. What the store lost is made anew: encodes are
    /// the same at every try, so nothing else of the work has to be.
    async fn fetch(&self, job: &Job, plan: &Plan, rendition: &PlannedRendition, encoded: &Encoded) -> Result<()> {
        let input = job.scratch.input();
        match &rendition.video {
            VideoSource::Copied => {
                self.runtime.fetch_mezzanine(&job.submission, &input.join(SOURCE)).await?;
            }
            VideoSource::Encoded(id) => {
                for segment in &plan.segments {
                    let to = request::segment_file(segment.index);
                    let lost = || request::lost_segment(plan, segment.index, id, self.place(job));
                    self.fetch_or_make(job, find(encoded, &Part::Segment(segment.index), id)?, &to, lost).await?;
                }
            }
        }
        if let Some(id) = &rendition.audio {
            let lost = || request::lost_sound(plan, id, source(job)?, self.place(job));
            self.fetch_or_make(job, find(encoded, &Part::Audio, id)?, SOUND, lost).await?;
        }
        Ok(())
    }

    /// Brings an encode to `to` in the input directory, or makes it by the request of `lost`.
    async fn fetch_or_make(
        &self,
        job: &Job,
        file: &StoredFile,
        to: &str,
        lost: impl FnOnce() -> Result<Timed>,
    ) -> Result<()> {
        let Err(failure) = self.runtime.fetch(file, &job.scratch.input().join(to)).await else { return Ok(()) };
        if !is_lost(&failure) {
            return Err(failure);
        }
        warn!(submission.id = %job.submission.id, "makes anew what the store lost: {failure:#}");
        self.encode_one(job, lost()?, to).await.with_context(|| format!("make {} anew", file.key))
    }

    /// Joins, and encodes again what breaks the cap behind the segments before it, until nothing does or nothing helps.
    async fn join(&self, job: &Job, plan: &Plan, rendition: &PlannedRendition) -> Result<(AssembleReport, Again)> {
        let source = source(job)?;
        let mut again = Again::default();
        loop {
            let timed = request::assemble(plan, rendition, source, &again, self.place(job))?;
            let report: AssembleReport = self.run(job, &timed, 0.0, JOINED).await.context("assemble")?;
            answer::assembled(&timed.request, &report).context("assemble")?;
            let wanted = match &rendition.video {
                VideoSource::Copied => Vec::new(),
                VideoSource::Encoded(id) => again.next(request::video(plan, id)?, &report.overdrawn),
            };
            if wanted.is_empty() {
                return Ok((report, again));
            }
            let segments: Vec<u32> = wanted.iter().map(|(index, _)| *index).collect();
            info!(submission.id = %job.submission.id, ?segments, "encodes again what breaks the cap of {}", rendition.name);
            for (index, encode) in wanted {
                self.encode_again(job, plan, index, encode).await?;
            }
        }
    }

    /// Puts a new encode of one segment into the place of the old one.
    async fn encode_again(&self, job: &Job, plan: &Plan, index: u32, encode: VideoEncode) -> Result<()> {
        let timed = request::segment_again(plan, index, encode, self.place(job))?;
        let to = request::segment_file(index);
        self.encode_one(job, timed, &to).await.with_context(|| format!("encode segment {index} again"))
    }

    /// Puts the one encode that is asked for to `to` in the input directory, whatever lies there.
    async fn encode_one(&self, job: &Job, timed: Timed, to: &str) -> Result<()> {
        self.bring_source(job).await?;
        let made = if matches!(timed.request.job, protocol::Job::EncodeSegment { .. }) {
            let report: SegmentReport = self.run(job, &timed, 0.0, JOINED).await?;
            answer::segment(&timed.request, &report)?
        } else {
            let report: AudioReport = self.run(job, &timed, 0.0, JOINED).await?;
            answer::sound(&timed.request, &report)?
        };
        let [Made { name, .. }] = &made[..] else { bail!("one encode was asked for, {} came", made.len()) };
        job.scratch.take(name, timed.request.limits.file_bytes, to)?;
        Ok(())
    }

    /// Puts the mezzanine into the input directory, unless it is there.
    async fn bring_source(&self, job: &Job) -> Result<()> {
        let to = job.scratch.input().join(SOURCE);
        if !to.exists() {
            self.runtime.fetch_mezzanine(&job.submission, &to).await?;
        }
        Ok(())
    }

    fn place<'a>(&self, job: &'a Job) -> Place<'a> {
        Place {
            input: job.scratch.input(),
            output: job.scratch.output(),
            allow_missing_landlock: self.runtime.config.allow_missing_landlock,
        }
    }

    async fn run<R: serde::de::DeserializeOwned>(&self, job: &Job, timed: &Timed, from: f64, to: f64) -> Result<R> {
        let progress = job.progress.clone();
        let show = move |done: f64| progress.set(from + (to - from) * done);
        Ok(self.runtime.child.run(&timed.request, timed.deadline, &job.cancelled, show).await?)
    }

    /// A file that was made before, with covers of its own where those that came with it are not the wanted ones.
    async fn with_covers(
        &self,
        job: &Job,
        rendition: &PlannedRendition,
        found: &StoredRendition,
    ) -> Result<StoredRendition> {
        if found.cover.is_some() && found.covers.len() == rendition.covers.len() {
            return Ok(found.clone());
        }
        self.runtime.fetch(&found.video, &job.scratch.input().join(RENDITION)).await?;
        let timed = request::covers(rendition, source(job)?, found.duration_ms, self.place(job));
        let report: CoversReport = self.run(job, &timed, 0.0, 1.0).await.context("cut covers")?;
        let cut = answer::covers(&timed.request, &report).context("cut covers")?;
        let (cover, covers) = self.store_covers(job, rendition, &report, &cut).await?;
        Ok(StoredRendition { cover: Some(cover), covers, ..found.clone() })
    }

    async fn put(&self, key: &ObjectKey, file: &Left) -> Result<StoredFile> {
        self.runtime.objects.put_left(key, file).await.with_context(|| format!("store {key}"))
    }

    /// Stores what was cut: the whole picture, and the partners' covers.
    async fn store_covers(
        &self,
        job: &Job,
        rendition: &PlannedRendition,
        report: &CoversReport,
        cut: &Cut,
    ) -> Result<(StoredFile, Vec<StoredCover>)> {
        let (id, name) = (job.submission.id, &rendition.name);
        let key = ObjectKey::Cover(id, job.run, name.clone(), job.fence);
        let whole = self.put(&key, &cut.whole).await?;
        let mut covers = Vec::new();
        let made = report.covers.iter().zip(&cut.covers);
        for (place, (planned, (made, file))) in rendition.covers.iter().zip(made).enumerate() {
            let key = ObjectKey::PartnerCover(id, job.run, name.clone(), job.fence, place as u32);
            covers.push(StoredCover {
                aspect: planned.aspect,
                width: made.width,
                height: made.height,
                max_bytes: planned.max_bytes,
                at_ms: made.at_ms,
                partners: planned.partners.clone(),
                file: self.put(&key, file).await?,
            });
        }
        Ok((whole, covers))
    }

    /// Stores the stills of source and rendition.
    async fn store_pairs(
        &self,
        job: &Job,
        rendition: &PlannedRendition,
        pairs: &[Pair],
    ) -> Result<Vec<StoredComparison>> {
        let mut stored = Vec::new();
        for (place, pair) in pairs.iter().enumerate() {
            let key = |of| {
                let name = rendition.name.clone();
                ObjectKey::Comparison(job.submission.id, job.run, name, job.fence, place as u32, of)
            };
            stored.push(StoredComparison {
                frame: pair.frame,
                at_ms: pair.at_ms,
                width: pair.width,
                height: pair.height,
                ssim: pair.ssim,
                source: self.put(&key(Compared::Source), &pair.source).await?,
                rendition: self.put(&key(Compared::Rendition), &pair.rendition).await?,
            });
        }
        Ok(stored)
    }

    async fn store(
        &self,
        job: &Job,
        rendition: &PlannedRendition,
        Finished { video, cut, report, pairs }: Finished,
        qc: QcReport,
        artefact: Option<String>,
    ) -> Result<StoredRendition> {
        let key = ObjectKey::Rendition(job.submission.id, job.run, rendition.name.clone(), job.fence);
        let video = self.put(&key, &video).await?;
        let (cover, covers) = self.store_covers(job, rendition, &report, &cut).await?;
        let comparison = self.store_pairs(job, rendition, &pairs).await?;
        Ok(StoredRendition {
            video,
            cover: Some(cover),
            covers,
            comparison,
            width: qc.info.video.display_width,
            height: qc.info.video.display_height,
            duration_ms: qc.info.duration_ms,
            qc: qc.checks,
            engine: media::engine(),
            artefact,
            reused_from: None,
        })
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

impl Handler for Assemble {
    const STAGE: Stage = Stage::Assemble;

    async fn handle(&self, job: Job) -> Result<Outcome> {
        let plan = job.submission.plan.as_ref().context("the submission has no plan")?;
        let rendition = wanted(&job, plan)?;
        if let Some(found) = reuse::choices(&self.runtime, &job, plan).await?.found(&rendition.name) {
            reuse::still_there(&self.runtime, found).await?;
            let rendition = self.with_covers(&job, rendition, found).await?;
            return Ok(Outcome::Done(Output::Assembled { rendition }));
        }
        let encoded = self.runtime.store.outputs(job.submission.id, job.run, Stage::Transcode).await?;
        self.fetch(&job, plan, rendition, &encoded).await?;
        let (joined, again) = self.join(&job, plan, rendition).await?;
        self.bring_source(&job).await?;
        // What is looked at from here on lies where no child may write: what quality control sees is what partners get.
        let most = protocol::Limits::assemble().file_bytes;
        let video = job.scratch.take(RENDITION, most, RENDITION).context("assemble")?;
        let timed = request::covers(rendition, source(&job)?, joined.duration_ms, self.place(&job));
        let report: CoversReport = self.run(&job, &timed, JOINED, JOINED).await.context("cut covers")?;
        let cut = answer::covers(&timed.request, &report).context("cut covers")?;
        // A separate directory, so that this child cannot change the covers of the one before.
        let stills = job.scratch.beside("stills").context("quality control")?;
        let timed = request::qc(plan, rendition, source(&job)?, Place { output: &stills, ..self.place(&job) })?;
        let mut qc: QcReport = self.run(&job, &timed, JOINED, 1.0).await.context("quality control")?;
        let pairs = answer::qc(&timed.request, &qc, video.bytes()).context("quality control")?;
        if rendition.video != VideoSource::Copied {
            qc.checks.push(again.check());
        }
        if !qc.pass {
            // Encodes are the same at every try, so another one would end the same way: a person has to look.
            return Ok(Outcome::Parked(evidence(&qc)));
        }
        // A file that several engines made together has no address, so it is never reused.
        let address = hex::encode(reuse::address(&job, plan, rendition)?);
        let artefact = of_one_engine(&encoded).then_some(address);
        let finished = Finished { video, cut, report, pairs };
        let rendition = self.store(&job, rendition, finished, qc, artefact).await?;
        Ok(Outcome::Done(Output::Assembled { rendition }))
    }
}

/// The checks that did not pass, as an operator reads them.
fn evidence(qc: &QcReport) -> String {
    let failed = qc.checks.iter().filter(|check| check.outcome != QcOutcome::Pass);
    let sentences =
        failed.map(|check| format!("{}: measured {}, allowed {}", check.check, check.measured, check.limit));
    format!("quality control failed: {}", sentences.collect::<Vec<_>>().join("; "))
}
