//! The media jobs of the services, run from the command line: the same requests, the same sandboxed child, no server.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use indicatif::ProgressBar;
use media::child::protocol::{Job, Limits, ProbeReport, Request, SelfTestReport};
use pipeline::catalogue::{Catalogue, Contest};
use pipeline::id::ContestId;
use pipeline::media_info::MediaInfo;
use pipeline::rejection::Rejection;
use probe::request as probing;
use runtime::child::{ChildError, ChildRunner};
use runtime::metrics::Metrics;
use runtime::scratch::{Scratch, ScratchDir};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::exit::WrongUsage;
use crate::settings;

/// Without these a self-test has not tried to reach files, the network, other processes and the kernel.
const ESCAPES: [&str; 8] = ["open_etc_passwd", "write_tmp", "connect", "listen", "spawn", "fork", "ptrace", "mount"];
/// Most attempts of a self-test; there are some thirty.
const MOST_ATTEMPTS: usize = 100;

/// Which rules and which partners.
#[derive(clap::Args, Clone)]
pub(crate) struct CatalogueArgs {
    /// Contest whose rules and partners apply
    #[arg(long, default_value = "demo")]
    contest: String,
    /// Directory with contests, partners and ladders instead of the built-in ones
    #[arg(long, env = "CATALOGUE_DIR", value_name = "DIR")]
    catalogue_dir: Option<PathBuf>,
}

impl CatalogueArgs {
    /// For commands with another option for the contest.
    pub(crate) fn of(contest: &str, catalogue_dir: Option<PathBuf>) -> Self {
        Self { contest: contest.to_owned(), catalogue_dir }
    }

    /// Reads the catalogue and finds the contest in it.
    pub(crate) fn read(&self) -> anyhow::Result<(std::sync::Arc<Catalogue>, Contest)> {
        let mut config = settings::read(&settings::NO_SERVERS).map_err(|error| WrongUsage(error.to_string()))?;
        config.catalogue.catalogue_dir.clone_from(&self.catalogue_dir);
        // Nothing is entered here: the demo's rules are the call's, without its dates.
        config.catalogue.demo_contest = true;
        let catalogue = config.catalogue.read()?;
        let Some(contest) = catalogue.contest(&ContestId::new(&self.contest)).cloned() else {
            let known: Vec<&str> = catalogue.contests.keys().map(ContestId::as_str).collect();
            return Err(
                WrongUsage(format!("there is no contest {}; there are {}", self.contest, known.join(", "))).into()
            );
        };
        Ok((catalogue, contest))
    }
}

/// Runs children on this machine.
pub(crate) struct Local {
    child: ChildRunner,
    scratch: Scratch,
    /// Work although the kernel has no Landlock.
    pub(crate) allow_missing_landlock: bool,
    cancelled: CancellationToken,
}

impl Local {
    /// Takes scratch space and the permission to work without Landlock from the environment, as the services do.
    pub(crate) fn new() -> anyhow::Result<Self> {
        runtime::child::hide_this_process()?;
        let config = settings::read(&settings::NO_SERVERS).map_err(|error| WrongUsage(error.to_string()))?;
        let child = ChildRunner::new(&config.child, Metrics::new()?)?;
        let scratch = Scratch::new(&config.work.scratch_dir).context("prepare scratch space (SCRATCH_DIR)")?;
        let allow_missing_landlock = config.child.allow_missing_landlock;
        Ok(Self { child, scratch, allow_missing_landlock, cancelled: CancellationToken::new() })
    }

    /// An empty directory that is removed when dropped.
    pub(crate) fn dir(&self, name: &str) -> anyhow::Result<ScratchDir> {
        self.scratch.dir(name)
    }

    /// Runs one job, showing its progress.
    pub(crate) async fn run<R: DeserializeOwned>(
        &self,
        request: &Request,
        deadline: Duration,
        bar: &ProgressBar,
    ) -> Result<R, ChildError> {
        let show = |done: f64| bar.set_position((done * 1000.0) as u64);
        let result = self.child.run(request, deadline, &self.cancelled, show).await;
        bar.finish_and_clear();
        result
    }

    /// Measures `source`, the directory of one file as [`Self::source`] makes it.
    pub(crate) async fn probe(
        &self,
        source: &ScratchDir,
        bar: &ProgressBar,
    ) -> anyhow::Result<Result<MediaInfo, Rejection>> {
        let request = probing::probe(source.path(), None, self.allow_missing_landlock);
        let bytes = std::fs::metadata(source.path().join(probing::SOURCE)).context("look at the file")?.len();
        let report = self.run::<ProbeReport>(&request, probing::DEADLINE, bar).await;
        let end = match report.and_then(|report| probe::answer::probed(&request, &report, bytes).map(|()| report)) {
            Ok(report) => return Ok(Ok(report.media_info)),
            Err(end) => end,
        };
        // There is no second attempt here, so a crash gives the verdict that it would give the second time.
        match probing::verdict_of(&end, u32::MAX) {
            Some(reason) => Ok(Err(reason)),
            None => Err(end).context("probe the file"),
        }
    }

    /// A directory with `file` only, under the one name that the jobs use.
    pub(crate) fn source(&self, file: &Path) -> anyhow::Result<ScratchDir> {
        let meta = std::fs::metadata(file).with_context(|| format!("open {}", file.display()))?;
        if !meta.is_file() {
            return Err(WrongUsage(format!("{} is not a file", file.display())).into());
        }
        let dir = self.dir("source")?;
        link_or_copy(file, &dir.path().join(probing::SOURCE))?;
        Ok(dir)
    }

    /// Tries everything that the sandbox forbids.
    pub(crate) async fn self_test(&self) -> anyhow::Result<SelfTestReport> {
        let request = Request {
            input_dir: None,
            output_dir: None,
            limits: Limits::self_test(),
            // Missing Landlock is shown in the report, and does not prevent the start.
            allow_missing_landlock: true,
            job: Job::SelfTest,
        };
        let report: SelfTestReport = self.run(&request, Duration::from_secs(30), &ProgressBar::hidden()).await?;
        tried_everything(&report)?;
        Ok(report)
    }
}

/// Checks that a self-test tried everything. One that tried nothing would report that nothing was possible.
fn tried_everything(report: &SelfTestReport) -> Result<(), ChildError> {
    let tried: BTreeSet<&str> = report.attempts.iter().map(|attempt| &*attempt.what).collect();
    if report.attempts.len() <= MOST_ATTEMPTS && ESCAPES.iter().all(|escape| tried.contains(escape)) {
        return Ok(());
    }
    Err(ChildError::Lied("its self-test did not try everything".to_owned()))
}

/// The same bytes under another name; a copy where the file systems differ.
pub(crate) fn link_or_copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    // A link to a symbolic link would lead the child out of its directory.
    let from = from.canonicalize().with_context(|| format!("find {}", from.display()))?;
    if std::fs::hard_link(&from, to).is_ok() {
        return Ok(());
    }
    std::fs::copy(&from, to).with_context(|| format!("copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use media::child::protocol::Attempt;

    use super::*;

    #[test]
    fn a_self_test_that_tried_nothing_proves_nothing() {
        let attempt = |what: &&str| Attempt { what: (*what).to_owned(), denied: true, answer: String::new() };
        let honest = SelfTestReport { landlock: true, attempts: ESCAPES.iter().map(attempt).collect() };
        tried_everything(&honest).unwrap();
        tried_everything(&SelfTestReport { attempts: Vec::new(), ..honest.clone() }).unwrap_err();
        tried_everything(&SelfTestReport { attempts: honest.attempts[1..].to_vec(), ..honest.clone() }).unwrap_err();
        let many = honest.attempts.iter().cycle().take(101).cloned().collect();
        tried_everything(&SelfTestReport { attempts: many, ..honest }).unwrap_err();
    }
}
