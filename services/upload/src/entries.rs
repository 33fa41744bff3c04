//! The entry form as a JSON API: enter, look, withdraw.
use chrono::{DateTime, Utc};
use pipeline::catalogue::Contest;
use pipeline::submission::State;
use runtime::store::submissions::SubmissionRow;

use crate::app::App;
use runtime::problem::{Code, Problem};

pub(crate) mod enter;
pub(crate) mod form;
pub(crate) mod read;
pub(crate) mod withdraw;

/// The largest form: every field at its longest, escaped, is a third of it.
pub(crate) const FORM_BYTES: usize = 64 * 1024;

/// The contest of a submission.
pub(crate) fn contest_of<'a>(app: &'a App, submission: &SubmissionRow) -> Result<&'a Contest, Problem> {
    let contest = app.catalogue.contest(&submission.contest);
    contest.ok_or_else(|| anyhow::anyhow!("the catalogue lost the contest {}", submission.contest).into())
}

/// Refuses what no longer takes an upload: it has its film, or was taken back.
pub(crate) fn check_open(submission: &SubmissionRow) -> Result<(), Problem> {
    if submission.machine.state == State::Uploading { Ok(()) } else { Err(Code::SubmissionClosed.into()) }
}

/// Whether an upload may start at `now`.
pub(crate) fn check_deadline(contest: &Contest, now: DateTime<Utc>) -> Result<(), Problem> {
    if contest.accepts(now) {
        return Ok(());
    }
    let early = contest.opens_at.is_some_and(|opens| now < opens);
    let (code, at) =
        if early { (Code::NotOpenYet, contest.opens_at) } else { (Code::DeadlinePassed, contest.deadline) };
    Err(at.map_or(code.into(), |at| code.about(at.to_rfc3339())))
}
