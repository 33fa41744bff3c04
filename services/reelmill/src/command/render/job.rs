//! The media job of one plan: its parts, a few at a time, and then its renditions. What the services distribute over
//! workers and S3 happens here in scratch directories; requests and order are the same.
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use futures::{StreamExt, TryStreamExt, stream};
use indicatif::MultiProgress;
use media::child::protocol::{AssembleReport, AudioReport, CoversReport, QcReport, SegmentReport};
use pipeline::id::{EncodeId, RenditionName};
use pipeline::media_info::MediaInfo;
use pipeline::part::Part;
use pipeline::rendition::{Plan, PlannedRendition, VideoEncode, VideoSource};
use pipeline::submission::Work;
use runtime::scratch::ScratchDir;
use transcode::again::Again;
use transcode::answer;
use transcode::request::{self, Place, RENDITION, SOUND, SOURCE, Timed};

use super::Made;
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

/// The output of one transcode part: a directory, and in it a file for each encode.
struct Encoded {
    part: Part,
    dir: ScratchDir,
    files: Vec<(EncodeId, String)>,
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
        let (input, output) = (self.local.dir(&format!("in-{name}"))?, self.local.dir(&format!("out-{name}"))?);
        self.collect(rendition, encoded, input.path())?;
        let place = self.place(input.path(), output.path());
        let (report, again) = self.join(rendition, place).await?;
        // From here on they are in a directory that no child can write to.
        let finished = input.path().join(RENDITION);
        std::fs::rename(output.path().join(RENDITION), &finished).context("put the rendition beside its source")?;
        if !input.path().join(SOURCE).exists() {
            link_or_copy(&self.source.path().join(SOURCE), &input.path().join(SOURCE))?;
        }
        let timed = request::covers(rendition, self.info, report.duration_ms, place);
        let cut: CoversReport = self.child(&timed, &format!("{name}, covers")).await?;
        answer::covers(&timed.request, &cut)?;
        let mut timed = request::qc(self.plan, rendition, self.info, place)?;
        timed.request.output_dir = None;
        let mut qc: QcReport = self.child(&timed, &format!("{name}, checking")).await?;
        answer::qc(&timed.request, &qc, std::fs::metadata(&finished)?.len())?;
        if rendition.video != VideoSource::Copied {
            qc.checks.push(again.check());
        }
        let file = self.deliver(&finished, &format!("{name}.mp4"))?;
        let cover = Some(self.deliver(&output.path().join(&cut.whole.file), &format!("{name}.jpg"))?);
        let mut covers = Vec::new();
        for (place, (planned, made)) in rendition.covers.iter().zip(&cut.covers).enumerate() {
            let file = format!("{name}-cover-{}-{}.jpg", place + 1, planned.aspect.in_names());
            covers.push(self.deliver(&output.path().join(&made.file), &file)?);
        }
        let (width, height) = (qc.info.video.display_width, qc.info.video.display_height);
        Ok(Made {
            rendition: name.to_string(),
            bytes: qc.info.size_bytes,
            file,
            cover,
            covers,
            width,
            height,
            duration_ms: qc.info.duration_ms,
            partners: rendition.partners.clone(),
            qc: qc.checks,
            pass: qc.pass,
        })
    }

    /// Joins, and encodes segments again that exceed the cap after the segments before them, until none does or nothing
    /// helps.
    async fn join(&self, rendition: &PlannedRendition, place: Place<'_>) -> anyhow::Result<(AssembleReport, Again)> {
        let name = &rendition.name;
        let mut again = Again::default();
        loop {
            let timed = request::assemble(self.plan, rendition, self.info, &again, place)?;
            let report: AssembleReport = self.child(&timed, &format!("{name}, joining")).await?;
            answer::assembled(&timed.request, &report)?;
            let wanted = match &rendition.video {
                VideoSource::Copied => Vec::new(),
                VideoSource::Encoded(id) => again.next(request::video(self.plan, id)?, &report.overdrawn),
            };
            if wanted.is_empty() {
                return Ok((report, again));
            }
            let segments = stream::iter(wanted).map(|(index, encode)| self.encode_again(name, index, encode, place));
            segments.buffer_unordered(self.jobs).try_collect::<()>().await?;
        }
    }

    /// Replaces the old encode of one segment by a new one.
    async fn encode_again(
        &self,
        name: &RenditionName,
        index: u32,
        encode: VideoEncode,
        place: Place<'_>,
    ) -> anyhow::Result<()> {
        let dir = self.local.dir(&format!("again-{name}-{index}"))?;
        let what = format!("{name}, {} again", Part::Segment(index));
        let from = Place { input: self.source.path(), output: dir.path(), ..place };
        let timed = request::segment_again(self.plan, index, encode, from)?;
        let report: SegmentReport = self.child(&timed, &what).await?;
        let made = answer::segment(&timed.request, &report)?;
        let [made] = &made[..] else { bail!("one encode was asked for, {} came", made.len()) };
        let to = place.input.join(request::segment_file(index));
        // The old file may be shared with another rendition of the same encode: it is replaced here, not overwritten.
        std::fs::rename(dir.path().join(&made.name), &to).with_context(|| format!("replace {}", to.display()))
    }

    /// Collects the inputs of `rendition` in one directory.
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
