//! The media job of one plan: its parts, a few at a time, and then its renditions. What the services distribute over
//! workers and S3 happens here in scratch directories; requests and order are the same.
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use futures::{StreamExt, TryStreamExt, stream};
use indicatif::MultiProgress;
use media::child::protocol::{AudioReport, QcReport, SegmentReport};
use pipeline::id::{EncodeId, PartnerId, RenditionName};
use pipeline::media_info::MediaInfo;
use pipeline::part::Part;
use pipeline::rendition::{Plan, PlannedRendition, VideoSource};
use pipeline::submission::Work;
use runtime::scratch::ScratchDir;
use serde::Serialize;
use transcode::answer;
use transcode::assembly::{Assembly, Step, Workplace};
use transcode::request::{self, Place, RENDITION, SOUND, SOURCE, Timed};

use crate::local::{Local, link_or_copy};
use crate::progress;

/// One file, planned.
pub(super) struct Job<'a> {
    pub(super) local: &'a Local,
    /// Directory with the source only.
    pub(super) source: &'a ScratchDir,
    pub(super) info: &'a MediaInfo,
    pub(super) plan: &'a Plan,
    pub(super) bars: &'a MultiProgress,
    /// Children at once.
    pub(super) jobs: usize,
    pub(super) out: &'a Path,
}

/// A finished file.
#[derive(Serialize)]
pub(super) struct Made {
    pub(super) rendition: String,
    pub(super) file: PathBuf,
    pub(super) cover: Option<PathBuf>,
    /// What was cut out of it for partners.
    pub(super) covers: Vec<PathBuf>,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) duration_ms: u64,
    pub(super) bytes: u64,
    pub(super) partners: Vec<PartnerId>,
    pub(super) qc: Vec<pipeline::rendition::QcCheck>,
    pub(super) pass: bool,
}

/// What one part of transcoding left: a directory, and in it a file for each encode.
struct Encoded {
    part: Part,
    dir: ScratchDir,
    files: Vec<(EncodeId, String)>,
}

/// Assembles one rendition on this machine.
struct Workbench<'a> {
    job: &'a Job<'a>,
    rendition: &'a RenditionName,
}

impl Workplace for Workbench<'_> {
    async fn run<R: serde::de::DeserializeOwned + Send>(&self, timed: &Timed, step: Step) -> anyhow::Result<R> {
        self.job.child(timed, &format!("{}, {step}", self.rendition)).await
    }

    async fn bring_source(&self, to: &Path) -> anyhow::Result<()> {
        link_or_copy(&self.job.source.path().join(SOURCE), to)
    }
}

impl Job<'_> {
    /// Runs everything; the finished files are in `out`.
    pub(super) async fn run(&self) -> anyhow::Result<Vec<Made>> {
        let encoded: Vec<Encoded> =
            stream::iter(self.parts()).map(|part| self.encode(part)).buffer_unordered(self.jobs).try_collect().await?;
        // Ordered, since the table is in the plan's order.
        let renditions = stream::iter(&self.plan.renditions).map(|rendition| self.assemble(rendition, &encoded));
        renditions.buffered(self.jobs).try_collect().await
    }

    fn parts(&self) -> Vec<Part> {
        let work = Work::of(self.plan);
        let segments = (0..work.segments).map(Part::Segment);
        segments.chain(work.audio.then_some(Part::Audio)).collect()
    }

    async fn encode(&self, part: Part) -> anyhow::Result<Encoded> {
        let dir = self.local.dir(&format!("encoded-{}", part.to_string().replace('/', "-")))?;
        let place = self.place(self.source.path(), dir.path());
        let files = match &part {
            Part::Segment(index) => {
                let timed = request::segment(self.plan, *index, place)?;
                let report: SegmentReport = self.child(&timed, &part).await?;
                answer::segment(&timed.request, &report)?
            }
            Part::Audio => {
                let timed = request::sound(self.plan, self.info, place);
                let report: AudioReport = self.child(&timed, &part).await?;
                answer::sound(&timed.request, &report)?
            }
            Part::Mezzanine | Part::Rendition(_) | Part::Partner(_) => bail!("{part} is no part of transcode"),
        };
        let files = files.into_iter().map(|encoded| (encoded.id, encoded.name)).collect();
        Ok(Encoded { part, dir, files })
    }

    async fn assemble(&self, rendition: &PlannedRendition, encoded: &[Encoded]) -> anyhow::Result<Made> {
        let name = &rendition.name;
        let dir = self.local.dir(&format!("rendition-{name}"))?;
        self.collect(rendition, encoded, dir.input())?;
        let assembly = Assembly {
            workplace: &Workbench { job: self, rendition: name },
            dir: &dir,
            allow_missing_landlock: self.local.allow_missing_landlock,
            plan: self.plan,
            rendition,
            source: self.info,
        };
        let made = assembly.make().await.with_context(|| name.to_string())?;
        let file = self.deliver(&dir.input().join(RENDITION), &format!("{name}.mp4"))?;
        let cover = self.deliver(&dir.output().join(&made.covers.whole.file), &format!("{name}.jpg"))?;
        let mut covers = Vec::new();
        for (place, (planned, cut)) in rendition.covers.iter().zip(&made.covers.covers).enumerate() {
            let file = format!("{name}-cover-{}-{}.jpg", place + 1, planned.aspect.in_names());
            covers.push(self.deliver(&dir.output().join(&cut.file), &file)?);
        }
        let QcReport { info, checks, pass, .. } = made.qc;
        Ok(Made {
            rendition: name.to_string(),
            bytes: info.size_bytes,
            file,
            cover: Some(cover),
            covers,
            width: info.video.display_width,
            height: info.video.display_height,
            duration_ms: info.duration_ms,
            partners: rendition.partners.clone(),
            qc: checks,
            pass,
        })
    }

    /// Puts everything that `rendition` is joined from into one directory.
    fn collect(&self, rendition: &PlannedRendition, encoded: &[Encoded], input: &Path) -> anyhow::Result<()> {
        match &rendition.video {
            VideoSource::Copied => link_or_copy(&self.source.path().join(SOURCE), &input.join(SOURCE))?,
            VideoSource::Encoded(id) => {
                for segment in &self.plan.segments {
                    let from = find(encoded, &Part::Segment(segment.index), id)?;
                    link_or_copy(&from, &input.join(request::segment_file(segment.index)))?;
                }
            }
        }
        match &rendition.audio {
            Some(id) => link_or_copy(&find(encoded, &Part::Audio, id)?, &input.join(SOUND)),
            None => Ok(()),
        }
    }

    async fn child<R: serde::de::DeserializeOwned>(&self, timed: &Timed, what: &impl ToString) -> anyhow::Result<R> {
        let what = what.to_string();
        let bar = progress::of_job(self.bars, &what);
        self.local.run(&timed.request, timed.deadline, &bar).await.context(what)
    }

    fn place<'b>(&self, input: &'b Path, output: &'b Path) -> Place<'b> {
        Place { input, output, allow_missing_landlock: self.local.allow_missing_landlock }
    }

    /// Moves a finished file into `out`, atomically, replacing an older one.
    fn deliver(&self, from: &Path, name: &str) -> anyhow::Result<PathBuf> {
        let to = self.out.join(name);
        let part = self.out.join(format!(".{name}.part"));
        let copied = std::fs::copy(from, &part).and_then(|_| std::fs::rename(&part, &to));
        if copied.is_err() {
            let _ = std::fs::remove_file(&part);
        }
        copied.with_context(|| format!("write {}", to.display()))?;
        Ok(to)
    }
}

fn find(encoded: &[Encoded], part: &Part, encode: &EncodeId) -> anyhow::Result<PathBuf> {
    let of_part = encoded.iter().find(|encoded| encoded.part == *part);
    let of_part = of_part.with_context(|| format!("nothing was made of {part}"))?;
    let file = of_part.files.iter().find(|(id, _)| id == encode).map(|(_, file)| of_part.dir.path().join(file));
    file.with_context(|| format!("{part} has no encode {encode}"))
}
