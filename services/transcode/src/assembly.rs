//! One rendition out of its encodes: joined, encoded again where it breaks the cap, given its covers, and measured. The same for the
//! stage of the services and for the command line, which differ in where files come from and go to.
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use media::protocol::{AssembleReport, AudioReport, CoversReport, Job, Limits, QcReport, SegmentReport};
use pipeline::media_info::MediaInfo;
use pipeline::rendition::{Plan, PlannedRendition, VideoEncode, VideoSource};
use runtime::scratch::{Left, ScratchDir};
use serde::de::DeserializeOwned;
use tracing::info;

use crate::again::Again;
use crate::answer::{self, Cut, Encoded, Pair};
use crate::request::{self, Place, RENDITION, SOURCE, Timed};

/// What an assembly needs of the place where it runs.
pub trait Workplace: Sync {
    /// Runs the child of one step.
    fn run<R: DeserializeOwned + Send>(&self, timed: &Timed, step: Step) -> impl Future<Output = Result<R>> + Send;

    /// Puts the mezzanine at `to`.
    fn bring_source(&self, to: &Path) -> impl Future<Output = Result<()>> + Send;
}

/// One child of an assembly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Join or copy the picture and add the sound.
    Join,
    /// Encode one segment again.
    Segment(u32),
    /// Encode the sound again.
    Sound,
    /// Cut the covers.
    Covers,
    /// Measure the finished file and compare it with its source.
    Check,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Join => f.write_str("assemble"),
            Self::Segment(index) => write!(f, "encode segment {index} again"),
            Self::Sound => f.write_str("encode the sound again"),
            Self::Covers => f.write_str("cut covers"),
            Self::Check => f.write_str("quality control"),
        }
    }
}

/// One rendition to assemble.
pub struct Assembly<'a, W> {
    /// Where it happens.
    pub workplace: &'a W,
    /// Its directories. The input directory holds what [`request::assemble`] asks for.
    pub dir: &'a ScratchDir,
    /// See `Request::allow_missing_landlock`.
    pub allow_missing_landlock: bool,
    /// The plan.
    pub plan: &'a Plan,
    /// The rendition of the plan.
    pub rendition: &'a PlannedRendition,
    /// What the probe measured of the mezzanine.
    pub source: &'a MediaInfo,
}

/// A rendition that was assembled and measured. Its files are where no child can write any more.
#[derive(Debug)]
pub struct Assembled {
    /// The finished file, [`RENDITION`] in the input directory.
    pub video: Left,
    /// The covers.
    pub cut: Cut,
    /// What was said of them.
    pub covers: CoversReport,
    /// Stills of source and rendition.
    pub pairs: Vec<Pair>,
    /// The result of quality control.
    pub qc: QcReport,
}

impl<W: Workplace> Assembly<'_, W> {
    /// Does all of it. Whether the file passes quality control is in the result.
    ///
    /// # Errors
    /// When a child fails, or its answer does not fit the request.
    pub async fn make(&self) -> Result<Assembled> {
        let (joined, again) = self.join().await?;
        self.bring_source().await?;
        // From here on the file is where no child can write: what quality control measures is what partners get.
        let video = self.dir.take(RENDITION, Limits::assemble().file_bytes, RENDITION).context("assemble")?;
        let timed = request::covers(self.rendition, self.source, joined.duration_ms, self.place());
        let (covers, cut) =
            self.step(&timed, Step::Covers, |report: &CoversReport| answer::covers(&timed.request, report)).await?;
        // A separate directory, so that this child cannot change the covers.
        let stills = self.dir.beside("stills").context("quality control")?;
        let timed = request::qc(self.plan, self.rendition, self.source, Place { output: &stills, ..self.place() })?;
        let check = |report: &QcReport| answer::qc(&timed.request, report, video.bytes());
        let (mut qc, pairs) = self.step(&timed, Step::Check, check).await?;
        if self.rendition.video != VideoSource::Copied {
            qc.checks.push(again.check());
        }
        Ok(Assembled { video, cut, covers, pairs, qc })
    }

    /// Joins, and encodes segments again that break the cap after the ones before them, until none does or no further try helps.
    async fn join(&self) -> Result<(AssembleReport, Again)> {
        let mut again = Again::default();
        loop {
            let timed = request::assemble(self.plan, self.rendition, self.source, &again, self.place())?;
            let check = |report: &AssembleReport| answer::assembled(&timed.request, report);
            let (report, ()) = self.step(&timed, Step::Join, check).await?;
            let wanted = match &self.rendition.video {
                VideoSource::Copied => Vec::new(),
                VideoSource::Encoded(id) => again.next(request::video(self.plan, id)?, &report.overdrawn),
            };
            if wanted.is_empty() {
                return Ok((report, again));
            }
            let segments: Vec<u32> = wanted.iter().map(|(index, _)| *index).collect();
            info!(?segments, "segments break the cap of {} and are encoded again", self.rendition.name);
            for (index, encode) in wanted {
                self.encode_again(index, encode).await?;
            }
        }
    }

    /// Replaces a segment by a new encode of it.
    async fn encode_again(&self, index: u32, encode: VideoEncode) -> Result<()> {
        let timed = request::segment_again(self.plan, index, encode, self.place())?;
        self.encode(&timed, &request::segment_file(index)).await
    }

    /// Makes the one encode that the request asks for, and puts it at `to` in the input directory, in place of a file of that name.
    ///
    /// # Errors
    /// As [`Assembly::make`]; when the request asks for another job, or for several encodes.
    pub async fn encode(&self, timed: &Timed, to: &str) -> Result<()> {
        self.bring_source().await?;
        let made = match &timed.request.job {
            Job::EncodeSegment { segment, .. } => {
                let check = |report: &SegmentReport| answer::segment(&timed.request, report);
                self.step(timed, Step::Segment(segment.index), check).await?.1
            }
            _ => self.step(timed, Step::Sound, |report: &AudioReport| answer::sound(&timed.request, report)).await?.1,
        };
        let [Encoded { name, .. }] = &made[..] else { bail!("one encode was asked for, {} came", made.len()) };
        self.dir.take(name, timed.request.limits.file_bytes, to)?;
        Ok(())
    }

    /// Runs the child of one step, and checks its answer.
    async fn step<R: DeserializeOwned + Send, T>(
        &self,
        timed: &Timed,
        step: Step,
        check: impl Fn(&R) -> Result<T, runtime::child::ChildError>,
    ) -> Result<(R, T)> {
        let report = self.workplace.run(timed, step).await.with_context(|| step.to_string())?;
        let checked = check(&report).with_context(|| step.to_string())?;
        Ok((report, checked))
    }

    /// Puts the mezzanine into the input directory, unless it is there.
    async fn bring_source(&self) -> Result<()> {
        let to = self.dir.input().join(SOURCE);
        if !to.exists() {
            self.workplace.bring_source(&to).await?;
        }
        Ok(())
    }

    fn place(&self) -> Place<'_> {
        let (input, output) = (self.dir.input(), self.dir.output());
        Place { input, output, allow_missing_landlock: self.allow_missing_landlock }
    }
}
