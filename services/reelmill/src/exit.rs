//! Exit codes, the same for every command, and the output of failures.
use std::process::ExitCode;

use pipeline::id::SubmissionId;
use pipeline::lang::Lang;
use runtime::desk_url::DeskUrlRefused;
use runtime::problem::{Code, Problem};
use runtime::transport::PlaintextRefused;

use crate::plain::plain;

/// How a command ended. Clap itself exits with `Usage` for what it cannot parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The request was carried out.
    Done = 0,
    /// A failure of ours: a server is unavailable, a disk is full, a bug. Trying again may help.
    Failure = 1,
    /// The command is invalid as typed.
    Usage = 2,
    /// The content was refused, now or earlier. Trying again does not help.
    Refused = 3,
    /// Interrupted by Ctrl-C, as shells have it, or by SIGTERM.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// The end of every `--help`.
pub(crate) const CODES: &str = "\
Exit codes:
  0  done
  1  our failure (a server that is away, a full disk, a bug); trying again may help
  2  wrong usage
  3  the content was refused, with the reason in Chinese and English
  130  interrupted by Ctrl-C";

/// An error of the caller: printed like any other, but the exit code is `Usage`.
#[derive(Debug)]
pub(crate) struct WrongUsage(pub(crate) String);

impl std::fmt::Display for WrongUsage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongUsage {}

/// Prints on stderr why the desk refused an act, in both languages, and returns the exit code: ours if a later try may
/// succeed.
pub(crate) fn refused(problem: &Problem) -> Exit {
    let row = problem.code.row();
    let (en, zh) = (problem.text(Lang::En), problem.text(Lang::Zh));
    eprintln!("reelmill: {}: {}\n{}", row.code, plain(&en), plain(&zh));
    if let Some(cause) = &problem.cause {
        eprintln!("  {}", plain(cause));
    }
    if row.status >= 500 { Exit::Failure } else { Exit::Usage }
}

/// As [`refused`], for one of several works.
pub(crate) fn refused_for(id: SubmissionId, problem: &Problem) -> Exit {
    eprint!("{id}: ");
    refused(problem)
}

/// Prints an error on stderr, once, and returns its exit code.
pub(crate) fn report(error: &anyhow::Error) -> Exit {
    if let Some(problem) = error.downcast_ref::<Problem>() {
        return refused(problem);
    }
    if runtime::store::is_unavailable(error) {
        // The cause is the driver's, such as "Connection refused" or "pool timed out", which needs the sentence.
        let exit = refused(&Code::DatabaseUnavailable.into());
        eprintln!("  {}", plain(&format!("{error:#} (DATABASE_URL; see reelmill doctor)")));
        return exit;
    }
    eprintln!("reelmill: {}", plain(&format!("{error:#}")));
    let callers = error.is::<WrongUsage>() || error.is::<PlaintextRefused>() || error.is::<DeskUrlRefused>();
    if callers { Exit::Usage } else { Exit::Failure }
}
