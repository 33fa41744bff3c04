//! Who may send another film or other texts, in every state and at every time.
use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::*;
use crate::catalogue::Catalogue;
use crate::stage::Stage;
use crate::submission::{Gate, Gates};

const MANUAL: Gates = Gates { review: Gate::Manual, release: Gate::Manual };

fn contest() -> Contest {
    Catalogue::builtin().contest(&"industry-power-2024".into()).unwrap().clone()
}

fn deadline(contest: &Contest) -> DateTime<Utc> {
    contest.deadline.unwrap().to_utc()
}

fn every_state() -> Vec<State> {
    let at = Stage::ALL.map(|stage| State::At { stage, pending: BTreeSet::new() });
    let others = [
        State::Uploading,
        State::AwaitingReview,
        State::AwaitingRelease,
        State::Published,
        State::Rejected { stage: Stage::Probe, reason: Rejection::NoVideo },
        State::Withdrawn,
        State::Revoked,
    ];
    at.into_iter().chain(others).collect()
}

/// A work in a state, an hour before the deadline of its contest.
fn circumstances<'a>(work: &'a Submission, contest: &'a Contest) -> Circumstances<'a> {
    let now = deadline(contest) - TimeDelta::hours(1);
    Circumstances { work, contest, cure: None, with_partners: false, held: false, in_review: false, now }
}

#[test]
fn a_film_is_replaced_until_the_work_is_let_in_and_texts_are_corrected_as_well() {
    let contest = contest();
    for state in every_state() {
        let work = Submission { state: state.clone(), ..Submission::new(MANUAL) };
        let (film, texts) =
            (may_replace(&circumstances(&work, &contest)), may_correct(&circumstances(&work, &contest)));
        let expected = match state.name() {
            "uploading" => (Err(Refusal::NoFilm), Ok(())),
            "probe" | "screen" | "awaiting_review" | "rejected" => (Ok(()), Ok(())),
            "withdrawn" | "revoked" => (Err(Refusal::TakenBack), Err(Refusal::TakenBack)),
            _ => (Err(Refusal::FilmStays), Err(Refusal::ReviewBegan)),
        };
        assert_eq!((film, texts), expected, "{}", state.name());
    }
}

#[test]
fn a_film_that_a_partner_has_or_that_is_held_stays() {
    let (contest, state) = (contest(), State::AwaitingReview);
    let work = Submission { state, ..Submission::new(MANUAL) };
    let usual = circumstances(&work, &contest);
    assert_eq!(may_replace(&Circumstances { with_partners: true, ..usual }), Err(Refusal::FilmStays));
    assert_eq!(may_replace(&Circumstances { held: true, ..usual }), Err(Refusal::FilmStays));
    assert_eq!(may_correct(&Circumstances { with_partners: true, ..usual }), Err(Refusal::ReviewBegan));
    assert_eq!(may_correct(&Circumstances { held: true, ..usual }), Ok(()));
}

#[test]
fn texts_stay_as_a_reviewer_saw_them_unless_the_organisers_open_a_window() {
    let contest = contest();
    let words = "广告内容".to_owned();
    let refused = State::Rejected { stage: Stage::Screen, reason: Rejection::ReviewRefused { words } };
    for (state, in_review) in [(State::AwaitingReview, true), (refused, false)] {
        let work = Submission { state, ..Submission::new(MANUAL) };
        let seen = Circumstances { in_review, ..circumstances(&work, &contest) };
        assert_eq!(may_correct(&seen), Err(Refusal::ReviewBegan));
        assert_eq!(may_replace(&seen), Ok(()), "another film is reviewed again");
        let cure = Cure { until: seen.now + TimeDelta::seconds(1), reason: "x".into() };
        assert_eq!(may_correct(&Circumstances { cure: Some(&cure), ..seen }), Ok(()));
        let ended = Cure { until: seen.now, reason: "x".into() };
        assert_eq!(may_correct(&Circumstances { cure: Some(&ended), ..seen }), Err(Refusal::ReviewBegan));
    }
}

#[test]
fn the_deadline_ends_it_and_a_cure_goes_on_to_its_own_end() {
    let contest = contest();
    let deadline = deadline(&contest);
    let work = Submission { state: State::AwaitingReview, ..Submission::new(MANUAL) };
    let at = |now| Circumstances { now, ..circumstances(&work, &contest) };
    let both = |of: Circumstances| [may_replace(&of), may_correct(&of)];
    assert_eq!(both(at(deadline - TimeDelta::milliseconds(1))), [Ok(()); 2]);
    assert_eq!(both(at(deadline)), [Err(Refusal::TooLate(deadline)); 2]);
    let until = deadline + TimeDelta::days(3);
    let cure = Cure { until, reason: "字幕有误".into() };
    let cured = |now| Circumstances { cure: Some(&cure), ..at(now) };
    assert_eq!(both(cured(until - TimeDelta::milliseconds(1))), [Ok(()); 2]);
    assert_eq!(both(cured(until)), [Err(Refusal::TooLate(until)); 2]);
    let opens = contest.opens_at.map(|it| it.to_utc());
    if let Some(opens) = opens {
        assert_eq!(both(at(opens - TimeDelta::seconds(1))), [Err(Refusal::NotOpenYet(opens)); 2]);
    }
    assert_eq!(contest.finish_before(Some(&cure)).unwrap() - until, contest.latest_finish().unwrap() - deadline);
    let early = Cure { until: deadline - TimeDelta::days(1), reason: "x".into() };
    assert_eq!(contest.start_before(Some(&early)), Some(deadline), "a cure takes no time away");
}

#[test]
fn without_a_deadline_it_is_never_too_late() {
    let contest = Contest { deadline: None, opens_at: None, ..contest() };
    let work = Submission { state: State::AwaitingReview, ..Submission::new(MANUAL) };
    let of = Circumstances {
        work: &work,
        contest: &contest,
        cure: None,
        with_partners: false,
        held: false,
        in_review: false,
        now: DateTime::<Utc>::MAX_UTC,
    };
    assert_eq!((may_replace(&of), may_correct(&of)), (Ok(()), Ok(())));
    assert_eq!(contest.finish_before(None), None);
}
