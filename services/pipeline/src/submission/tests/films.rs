//! Another film in place of the present one.
use super::*;

/// Announces another film for the work; returns the event of that film.
fn replacing(submission: &mut Submission) -> Event {
    assert!(submission.advance(Event::Replacing).is_empty());
    assert!(submission.replacing && submission.takes_upload());
    Event::Replaced { run: submission.run }
}

#[test]
fn another_film_begins_a_new_run_and_nothing_of_the_former_one_is_left() {
    let refused = Event::ReviewRefused { words: "no".into() };
    let states = [None, Some(refused), Some(again(Stage::Screen)), Some(again(Stage::Probe))];
    for event in states {
        let mut submission = at_review();
        event.into_iter().for_each(|event| drop(submission.advance(event)));
        let run = submission.run;
        let replaced = replacing(&mut submission);
        let parts = submission.advance(replaced.clone());
        assert_eq!(parts, [PartToDo { stage: Stage::Probe, part: Part::Mezzanine }]);
        assert_eq!((submission.run, submission.replacing, &submission.work), (run + 1, false, &Work::default()));
        let before = submission.clone();
        for late in [replaced, Event::Uploaded, Event::Replaced { run: run + 1 }] {
            assert!(submission.advance(late).is_empty(), "repeated late");
        }
        assert_eq!(submission, before);
        drain(&mut submission, parts);
        assert_eq!(submission.state, State::AwaitingReview, "it is reviewed again");
    }
}

#[test]
fn the_present_film_counts_until_the_other_one_is_whole() {
    let mut submission = at_review();
    let state = submission.state.clone();
    replacing(&mut submission);
    assert_eq!((submission.run, &submission.state), (1, &state));
    submission.advance(Event::ReviewRefused { words: "no".into() });
    assert!(submission.replacing, "a refused work takes another film");
    assert_eq!(submission.advance(Event::Replaced { run: 1 }).len(), 1);
}

#[test]
fn a_work_that_is_let_in_or_taken_back_takes_no_other_film() {
    for last in [Event::ReviewAccepted, Event::Withdrawn, Event::Revoked] {
        let mut submission = at_review();
        let replaced = replacing(&mut submission);
        submission.advance(last);
        assert!(!submission.replacing && !submission.takes_upload());
        let before = submission.clone();
        assert!(submission.advance(Event::Replacing).is_empty() && submission.advance(replaced).is_empty());
        assert_eq!(submission, before);
    }
    let mut submission = Submission::new(OPEN);
    assert!(submission.advance(Event::Replacing).is_empty());
    assert!(!submission.replacing, "there is no film yet");
    let mut submission = published();
    assert!(!submission.would_change(Event::Replacing));
    submission.advance(again(Stage::Transcode));
    assert!(!submission.would_change(Event::Replacing));
}

#[test]
fn a_film_that_was_not_announced_replaces_nothing() {
    let mut submission = at_review();
    let before = submission.clone();
    assert!(submission.advance(Event::Replaced { run: 1 }).is_empty());
    assert!(submission.advance(Event::Uploaded).is_empty());
    assert_eq!(submission, before);
}
