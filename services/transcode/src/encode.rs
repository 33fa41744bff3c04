//! Stage transcode: one part is one segment of the picture, or the whole sound. All encodes of a part come from one decode.
use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use media::protocol::{AudioReport, SegmentReport};
use pipeline::id::EncodeId;
use pipeline::object_key::ObjectKey;
use pipeline::part::Part;
use pipeline::rendition::Plan;
use pipeline::stage::Stage;
use runtime::child::ChildError;
use runtime::outcome::{Outcome, Output};
use runtime::service::Runtime;
use runtime::worker::{Handler, Job};

use crate::answer::{self, Encoded};
use crate::request::{self, SOURCE, Timed};
use crate::reuse;
use crate::tools::Tools;

/// The transcode stage's handler.
pub struct Encode {
    tools: Tools,
}

/// What the child made of a part.
struct Made {
    files: Vec<Encoded>,
    report: serde_json::Value,
}

impl Encode {
    /// A handler that works with these servers.
    pub fn new(runtime: &Runtime) -> Self {
        Self { tools: Tools::of(runtime) }
    }

    async fn segment(&self, job: &Job, plan: &Plan, index: u32) -> Result<Made, ChildError> {
        let timed = request::segment(plan, index, self.tools.place(job)).map_err(ours)?;
        let report: SegmentReport = self.run(job, &timed).await?;
        let files = answer::segment(&timed.request, &report)?;
        Ok(Made { files, report: serde_json::to_value(&report).map_err(ours)? })
    }

    async fn sound(&self, job: &Job, plan: &Plan) -> Result<Made, ChildError> {
        let source = job.submission.media_info.as_ref().context("the submission was not probed").map_err(ours)?;
        let timed = request::sound(plan, source, self.tools.place(job));
        let report: AudioReport = self.run(job, &timed).await?;
        let files = answer::sound(&timed.request, &report)?;
        Ok(Made { files, report: serde_json::to_value(&report).map_err(ours)? })
    }

    async fn run<R: serde::de::DeserializeOwned>(&self, job: &Job, timed: &Timed) -> Result<R, ChildError> {
        let progress = job.progress.clone();
        self.tools.child.run(&timed.request, timed.deadline, &job.cancelled, move |done| progress.set(done)).await
    }
}

/// Where an encode of this job's part is stored.
fn key_of(job: &Job, encode: &EncodeId) -> ObjectKey {
    let (id, run) = (job.submission.id, job.run);
    match &job.part {
        Part::Segment(index) => ObjectKey::Segment(id, run, *index, job.fence, encode.clone()),
        _ => ObjectKey::Audio(id, run, job.fence, encode.clone()),
    }
}

fn ours(error: impl std::fmt::Display) -> ChildError {
    ChildError::Failed(format!("{error:#}"))
}

impl Handler for Encode {
    const STAGE: Stage = Stage::Transcode;

    async fn handle(&self, job: Job) -> Result<Outcome> {
        let plan = job.submission.plan.as_ref().context("the submission has no plan")?;
        let plan = &reuse::choices(&self.tools, &job, plan).await?.to_make(plan);
        let nothing = match &job.part {
            Part::Segment(_) => plan.videos.is_empty(),
            Part::Audio => plan.audios.is_empty(),
            Part::Mezzanine | Part::Rendition(_) | Part::Partner(_) => bail!("{} is no part of transcode", job.part),
        };
        if nothing {
            let report = serde_json::json!({ "encodes": [], "code": media::engine() });
            return Ok(Outcome::Done(Output::Encoded { files: BTreeMap::new(), report }));
        }
        self.tools.fetcher.fetch_mezzanine(&job.submission, &job.scratch.input().join(SOURCE)).await?;
        let made = match &job.part {
            Part::Segment(index) => self.segment(&job, plan, *index).await,
            _ => self.sound(&job, plan).await,
        };
        let Made { files: made, mut report } = match made {
            Ok(made) => made,
            Err(ChildError::Rejected(reason)) => return Ok(Outcome::Rejected(reason)),
            Err(error) => return Err(error).with_context(|| format!("encode {}", job.part)),
        };
        report["code"] = media::engine().into();
        let mut files = BTreeMap::new();
        for Encoded { id, file, .. } in made {
            let key = key_of(&job, &id);
            let stored = self.tools.objects.put_left(&key, &file).await;
            files.insert(id, stored.with_context(|| format!("store {key}"))?);
        }
        Ok(Outcome::Done(Output::Encoded { files, report }))
    }
}
