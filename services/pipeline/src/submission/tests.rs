//! Facts of the submission's state machine, one by one; `tests/simulation.rs` tries them in every order.
use super::*;
use crate::rejection::Rejection;

mod films;
mod runs;

const MANUAL: Gates = Gates { review: Gate::Manual, release: Gate::Manual };
const OPEN: Gates = Gates { review: Gate::Automatic, release: Gate::Automatic };

fn work() -> Work {
    Work {
        segments: 2,
        audio: true,
        renditions: ["social-1080".into(), "web-720".into()].into(),
        partners: ["bilibili".into(), "tiangong".into()].into(),
        released: None,
    }
}

fn done(submission: &Submission, todo: &PartToDo) -> Event {
    match todo.stage {
        Stage::Screen => Event::Screened { run: submission.run, work: work(), review: false },
        Stage::Probe | Stage::Transcode | Stage::Assemble | Stage::Publish => {
            Event::PartDone { run: submission.run, stage: todo.stage, part: todo.part.clone() }
        }
    }
}

/// Does every part, last started first, and reports each outcome three times. Returns all parts that were started.
fn drain(submission: &mut Submission, mut queue: Vec<PartToDo>) -> Vec<PartToDo> {
    let mut started = queue.clone();
    while let Some(todo) = queue.pop() {
        let event = done(submission, &todo);
        for _ in 0..3 {
            let more = submission.advance(event.clone());
            started.extend(more.clone());
            queue.extend(more);
        }
    }
    started
}

fn again(from: Stage) -> Event {
    Event::Reprocess { from, redo: Redo::default() }
}

fn named(partners: &[&str]) -> BTreeSet<PartnerId> {
    partners.iter().map(|partner| (*partner).into()).collect()
}

fn at_review() -> Submission {
    let mut submission = Submission::new(MANUAL);
    let queue = submission.advance(Event::Uploaded);
    drain(&mut submission, queue);
    assert_eq!(submission.state, State::AwaitingReview);
    submission
}

fn published() -> Submission {
    let mut submission = Submission::new(OPEN);
    let queue = submission.advance(Event::Uploaded);
    drain(&mut submission, queue);
    assert_eq!(submission.state, State::Published);
    submission
}

#[test]
fn repeated_outcomes_start_each_part_once() {
    let mut submission = Submission::new(OPEN);
    let queue = submission.advance(Event::Uploaded);
    let started = drain(&mut submission, queue);
    assert_eq!(submission.state, State::Published);
    assert_eq!(started.len(), 1 + 1 + 3 + 2 + 2);
    assert_eq!(started.iter().collect::<BTreeSet<_>>().len(), started.len());
}

#[test]
fn gates_wait_for_people() {
    let mut submission = at_review();
    let queue = submission.advance(Event::ReviewAccepted);
    assert_eq!(queue.len(), 3);
    drain(&mut submission, queue);
    assert_eq!(submission.state, State::AwaitingRelease);
    assert!(submission.advance(Event::ReviewAccepted).is_empty());
    let queue = submission.advance(Event::Released { partners: None });
    assert_eq!(submission.state.name(), "publish");
    drain(&mut submission, queue);
    assert_eq!(submission.state, State::Published);
}

fn at_release() -> Submission {
    let mut submission = at_review();
    let queue = submission.advance(Event::ReviewAccepted);
    drain(&mut submission, queue);
    assert_eq!(submission.state, State::AwaitingRelease);
    submission
}

fn released_to(names: &[&str]) -> Event {
    Event::Released { partners: Some(names.iter().map(|name| (*name).into()).collect()) }
}

#[test]
fn a_release_to_some_goes_to_some_and_a_later_one_adds_the_rest() {
    let mut submission = at_release();
    assert!(submission.advance(released_to(&["unlisted"])).is_empty());
    assert_eq!(submission.state, State::AwaitingRelease);
    let queue = submission.advance(released_to(&["tiangong", "unlisted"]));
    assert_eq!(queue, [PartToDo { stage: Stage::Publish, part: Part::Partner("tiangong".into()) }]);
    assert!(submission.advance(released_to(&["tiangong"])).is_empty(), "repeated");
    let rest = submission.advance(Event::Released { partners: None });
    assert_eq!(rest, [PartToDo { stage: Stage::Publish, part: Part::Partner("bilibili".into()) }]);
    drain(&mut submission, queue);
    assert_eq!(submission.state.name(), "publish");
    drain(&mut submission, rest);
    assert_eq!(submission.state, State::Published);
    assert!(submission.advance(Event::Released { partners: None }).is_empty());
}

#[test]
fn what_was_recalled_from_a_partner_goes_there_again_only_by_a_release() {
    let mut submission = published();
    let recalled = Event::Recalled { partners: ["bilibili".into()].into() };
    assert!(submission.advance(recalled.clone()).is_empty());
    assert_eq!(submission.publishes_to(), ["tiangong".into()].into());
    let queue = submission.advance(again(Stage::Publish));
    assert_eq!(queue.len(), 1);
    let before = submission.clone();
    assert!(submission.advance(recalled).is_empty());
    assert_eq!(submission, before);
    drain(&mut submission, queue);
    assert_eq!(submission.advance(released_to(&["bilibili"])).len(), 1);
    assert!(submission.advance(Event::Recalled { partners: ["bilibili".into()].into() }).is_empty());
    assert_eq!(submission.state, State::Published, "nothing is left to publish");
}

#[test]
fn a_gate_does_not_open_before_it_is_reached() {
    for early in
        [Event::ReviewAccepted, Event::Released { partners: None }, Event::ReviewRefused { words: "no".into() }]
    {
        let mut submission = Submission::new(MANUAL);
        submission.advance(Event::Uploaded);
        let before = submission.clone();
        assert!(submission.advance(early).is_empty());
        assert_eq!(submission, before);
    }
}

#[test]
fn only_a_verdict_ends_screening() {
    let mut submission = Submission::new(OPEN);
    submission.advance(Event::Uploaded);
    submission.advance(Event::PartDone { run: 1, stage: Stage::Probe, part: Part::Mezzanine });
    let before = submission.clone();
    assert!(submission.advance(Event::PartDone { run: 1, stage: Stage::Screen, part: Part::Mezzanine }).is_empty());
    assert_eq!(submission, before);
}

#[test]
fn stages_without_parts_are_passed_through() {
    let mut submission = Submission::new(OPEN);
    submission.advance(Event::Uploaded);
    submission.advance(Event::PartDone { run: 1, stage: Stage::Probe, part: Part::Mezzanine });
    assert!(submission.advance(Event::Screened { run: 1, work: Work::default(), review: false }).is_empty());
    assert_eq!(submission.state, State::Published);
}

#[test]
fn a_similar_work_waits_for_a_person_even_with_an_open_gate() {
    let mut submission = Submission::new(OPEN);
    submission.advance(Event::Uploaded);
    submission.advance(Event::PartDone { run: 1, stage: Stage::Probe, part: Part::Mezzanine });
    assert!(submission.advance(Event::Screened { run: 1, work: work(), review: true }).is_empty());
    assert_eq!(submission.state, State::AwaitingReview);
    assert!(!submission.state.may_reprocess(Stage::Transcode), "no way around the person");
    let parts = submission.advance(Event::ReviewAccepted);
    assert_eq!(parts.len(), 3);
    drain(&mut submission, parts);
    assert_eq!(submission.state, State::Published);
}

#[test]
fn an_empty_stage_does_not_open_the_gate_behind_it() {
    let mut submission = Submission::new(Gates { review: Gate::Automatic, release: Gate::Manual });
    submission.advance(Event::Uploaded);
    submission.advance(Event::PartDone { run: 1, stage: Stage::Probe, part: Part::Mezzanine });
    submission.advance(Event::Screened {
        run: 1,
        work: Work { renditions: Default::default(), ..work() },
        review: false,
    });
    for part in submission.parts_of(Stage::Transcode) {
        submission.advance(Event::PartDone { run: 1, stage: Stage::Transcode, part });
    }
    assert_eq!(submission.state, State::AwaitingRelease);
}

#[test]
fn nothing_leaves_a_rejected_submission() {
    let mut submission = Submission::new(OPEN);
    submission.advance(Event::Uploaded);
    let reason = Rejection::NoVideo;
    submission.advance(Event::Rejected { run: 1, stage: Stage::Probe, part: Some(Part::Mezzanine), reason });
    assert!(submission.is_settled());
    assert!(submission.advance(Event::PartDone { run: 1, stage: Stage::Probe, part: Part::Mezzanine }).is_empty());
    assert!(matches!(submission.state, State::Rejected { stage: Stage::Probe, .. }));
}

#[test]
fn a_part_that_is_done_cannot_reject_any_more() {
    let mut submission = Submission::new(OPEN);
    let queue = submission.advance(Event::Uploaded);
    submission.advance(done(&submission.clone(), &queue[0]));
    submission.advance(Event::Screened { run: 1, work: work(), review: false });
    submission.advance(Event::PartDone { run: 1, stage: Stage::Transcode, part: Part::Audio });
    let before = submission.clone();
    let part = Some(Part::Audio);
    submission.advance(Event::Rejected { run: 1, stage: Stage::Transcode, part, reason: Rejection::Undecodable });
    submission.advance(Event::Rejected { run: 1, stage: Stage::Probe, part: None, reason: Rejection::Undecodable });
    assert_eq!(submission, before);
}

#[test]
fn a_reviewers_refusal_has_their_words() {
    let mut submission = at_review();
    submission.advance(Event::ReviewRefused { words: "广告内容".into() });
    let reason = Rejection::ReviewRefused { words: "广告内容".into() };
    assert_eq!(submission.state, State::Rejected { stage: Stage::Screen, reason });
}

#[test]
fn what_was_taken_back_stays_so() {
    for last in [Event::Withdrawn, Event::Revoked] {
        let mut submission = published();
        submission.advance(last);
        let before = submission.clone();
        for event in [again(Stage::Probe), Event::Uploaded, Event::Withdrawn, Event::Revoked] {
            assert!(submission.advance(event).is_empty());
        }
        assert_eq!(submission, before);
    }
}

#[test]
fn an_upload_is_withdrawn_but_not_revoked() {
    let mut submission = Submission::new(MANUAL);
    submission.advance(Event::Revoked);
    assert_eq!(submission.state, State::Uploading);
    submission.advance(Event::Withdrawn);
    assert_eq!(submission.state, State::Withdrawn);
    assert!(submission.advance(Event::Uploaded).is_empty());
}

#[test]
fn a_submission_survives_json() {
    let mut submission = at_review();
    submission.advance(Event::ReviewAccepted);
    let json = serde_json::to_string(&submission).unwrap();
    assert_eq!(serde_json::from_str::<Submission>(&json).unwrap(), submission);
}

#[test]
fn the_names_of_all_states_are_listed() {
    let stages = Stage::ALL.map(|stage| State::At { stage, pending: BTreeSet::new() });
    let reason = Rejection::ReviewRefused { words: "x".into() };
    let others = [
        State::Uploading,
        State::AwaitingReview,
        State::AwaitingRelease,
        State::Published,
        State::Rejected { stage: Stage::Screen, reason },
        State::Withdrawn,
        State::Revoked,
    ];
    let names: BTreeSet<_> = stages.iter().chain(&others).map(State::name).collect();
    assert_eq!(names, BTreeSet::from(State::NAMES));
}
