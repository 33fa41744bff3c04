//! Another film for a work, and corrected texts: until when the entrant may send them, and why not. The effect of
//! another film on the work is in `Submission::advance`.
use chrono::{DateTime, Utc};

pub use crate::catalogue::Cure;

use crate::catalogue::Contest;
use crate::rejection::Rejection;
use crate::stage::Stage;
use crate::submission::{State, Submission};

/// A work and its circumstances at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// The work.
    pub work: &'a Submission,
    /// Its contest.
    pub contest: &'a Contest,
    /// The window that was opened for it last.
    pub cure: Option<&'a Cure>,
    /// Whether a partner has the work, or may have it.
    pub with_partners: bool,
    /// Whether its film may not be deleted.
    pub held: bool,
    /// Whether a reviewer has its card open, or has just decided about it.
    pub in_review: bool,
    /// By the server's clock.
    pub now: DateTime<Utc>,
}

/// Why an entrant may not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The contest opens at this time.
    NotOpenYet(DateTime<Utc>),
    /// The period ended at this time.
    TooLate(DateTime<Utc>),
    /// There is no film yet to replace.
    NoFilm,
    /// The work was accepted, is with a partner, or its film is held.
    FilmStays,
    /// Reviewers are looking at the texts, or have decided about them.
    ReviewBegan,
    /// The work was withdrawn or revoked.
    TakenBack,
}

/// Whether the entrant may send another film.
///
/// # Errors
/// Why not. Reasons in the work come before reasons of time.
pub fn may_replace(of: &Standing) -> Result<(), Refusal> {
    match &of.work.state {
        State::Uploading => return Err(Refusal::NoFilm),
        State::Withdrawn | State::Revoked => return Err(Refusal::TakenBack),
        state if !state.may_be_replaced() || of.with_partners || of.held => return Err(Refusal::FilmStays),
        _ => {}
    }
    in_time(of)
}

/// Whether the entrant may correct the texts: until review has begun, or in a window that the organisers opened.
///
/// # Errors
/// Why not. Reasons in the work come before reasons of time.
pub fn may_correct(of: &Standing) -> Result<(), Refusal> {
    let cured = of.cure.is_some_and(|cure| of.now < cure.until);
    match &of.work.state {
        State::Withdrawn | State::Revoked => return Err(Refusal::TakenBack),
        _ if of.with_partners => return Err(Refusal::ReviewBegan),
        State::Uploading | State::At { stage: Stage::Probe | Stage::Screen, .. } => {}
        State::AwaitingReview if cured || !of.in_review => {}
        State::Rejected { reason, .. } if cured || !matches!(reason, Rejection::ReviewRefused { .. }) => {}
        State::AwaitingReview
        | State::Rejected { .. }
        | State::At { .. }
        | State::AwaitingRelease
        | State::Published => return Err(Refusal::ReviewBegan),
    }
    in_time(of)
}

fn in_time(of: &Standing) -> Result<(), Refusal> {
    if of.contest.takes(of.cure, of.now) {
        return Ok(());
    }
    match (of.contest.opens_at.map(|it| it.to_utc()), of.contest.start_before(of.cure)) {
        (Some(opens), _) if of.now < opens => Err(Refusal::NotOpenYet(opens)),
        (_, Some(ended)) => Err(Refusal::TooLate(ended)),
        // Without a deadline it is never too late.
        (_, None) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
