//! Another film for a work, and corrected texts: until when the entrant may send them, and why not. The effect of
//! another film on the work is in `Submission::advance`.
use chrono::{DateTime, Utc};

pub use crate::catalogue::Cure;

use crate::catalogue::Contest;
use crate::rejection::Rejection;
use crate::submission::{Phase, State, Submission};

/// A work and its circumstances at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
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
pub fn may_replace(of: &Circumstances) -> Result<(), Refusal> {
    match of.work.state.phase() {
        Phase::Arriving => return Err(Refusal::NoFilm),
        Phase::TakenBack => return Err(Refusal::TakenBack),
        _ if !of.work.state.may_be_replaced() || of.with_partners || of.held => return Err(Refusal::FilmStays),
        _ => {}
    }
    in_time(of)
}

/// Whether the entrant may correct the texts: until review has begun, or in a window that the organisers opened.
///
/// # Errors
/// Why not. Reasons in the work come before reasons of time.
pub fn may_correct(of: &Circumstances) -> Result<(), Refusal> {
    let cured = of.cure.is_some_and(|cure| of.now < cure.until);
    let by_a_reviewer = matches!(&of.work.state, State::Rejected { reason: Rejection::ReviewRefused { .. }, .. });
    let before_review = match of.work.state.phase() {
        Phase::TakenBack => return Err(Refusal::TakenBack),
        Phase::Arriving | Phase::Checking => true,
        Phase::Review => cured || !of.in_review,
        Phase::Rejected => cured || !by_a_reviewer,
        Phase::Making | Phase::Release | Phase::Publishing | Phase::Published => false,
    };
    if of.with_partners || !before_review {
        return Err(Refusal::ReviewBegan);
    }
    in_time(of)
}

fn in_time(of: &Circumstances) -> Result<(), Refusal> {
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
