//! The entry form as a JSON API: enter, read, correct, replace the film, withdraw.
use std::time::Instant;

use axum::Extension;
use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use pipeline::catalogue::Contest;
use pipeline::replacing::Cure;
use runtime::problem::{Code, Problem};
use runtime::serving::client::{Peer, bucket_of, client_of};
use runtime::store::submissions::SubmissionRow;

use crate::app::App;
use crate::settings::Settings;

pub(crate) mod correct;
pub(crate) mod enter;
pub(crate) mod form;
pub(crate) mod read;
pub(crate) mod replace;
pub(crate) mod status;
pub(crate) mod withdraw;

/// The largest form: every field at its longest, escaped, is a third of it.
pub(crate) const FORM_BYTES: usize = 64 * 1024;

/// The contest of a submission.
pub(crate) fn contest_of<'a>(app: &'a App, submission: &SubmissionRow) -> Result<&'a Contest, Problem> {
    let contest = app.catalogue.contest(&submission.contest);
    contest.ok_or_else(|| anyhow::anyhow!("the catalogue lost the contest {}", submission.contest).into())
}

/// Refuses a work that no longer accepts an upload: it has its film, or was withdrawn or revoked.
pub(crate) fn check_open(submission: &SubmissionRow) -> Result<(), Problem> {
    if submission.machine.takes_upload() { Ok(()) } else { Err(Code::SubmissionClosed.into()) }
}

/// Refuses a request of an address that has sent too many lately.
pub(crate) fn check_rate(app: &App, peer: Option<Extension<Peer>>, headers: &HeaderMap) -> Result<(), Problem> {
    let Settings { entries_per_minute, forwarded_hops, .. } = app.settings;
    if let (Some(Extension(Peer(peer))), 1..) = (peer, entries_per_minute) {
        let client = client_of(peer, headers, forwarded_hops);
        if !app.entries.allows(bucket_of(client), entries_per_minute, Instant::now()) {
            return Err(Code::TooManyEntries.into());
        }
    }
    Ok(())
}

/// Whether an upload of a work with this cure may start at `now`.
pub(crate) fn check_deadline(contest: &Contest, cure: Option<&Cure>, now: DateTime<Utc>) -> Result<(), Problem> {
    if contest.takes(cure, now) {
        return Ok(());
    }
    let opens = contest.opens_at.map(|it| it.to_utc());
    let early = opens.is_some_and(|opens| now < opens);
    let (code, at) = if early { (Code::NotOpenYet, opens) } else { (Code::DeadlinePassed, contest.start_before(cure)) };
    Err(at.map_or(code.into(), |at| code.about(at.to_rfc3339())))
}
