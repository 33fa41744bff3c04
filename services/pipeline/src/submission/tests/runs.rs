//! New runs: where they begin, and to which partners they go.
use super::*;

#[test]
fn an_older_run_changes_nothing() {
    let mut submission = published();
    let parts = submission.advance(again(Stage::Assemble));
    assert_eq!(parts.len(), 2);
    let before = submission.clone();
    submission.advance(Event::PartDone { run: 1, stage: Stage::Assemble, part: parts[0].part.clone() });
    submission.advance(Event::Rejected { run: 1, stage: Stage::Assemble, part: None, reason: Rejection::Undecodable });
    submission.advance(Event::Screened { run: 1, work: Work::default(), review: false });
    assert_eq!(submission, before);
    assert_eq!(submission.run, 2);
}

#[test]
fn reprocessing_keeps_the_work_unless_it_is_decided_again() {
    for from in Stage::ALL {
        let mut submission = published();
        assert!(!submission.advance(again(from)).is_empty());
        let decided_again = matches!(from, Stage::Probe | Stage::Screen);
        assert_eq!(submission.work == Work::default(), decided_again, "{from}");
        assert_eq!((submission.run, submission.state.name()), (2, from.name()));
    }
}

#[test]
fn reprocessing_jumps_no_gate() {
    for from in [Stage::Transcode, Stage::Assemble, Stage::Publish] {
        let mut submission = at_review();
        assert!(submission.advance(again(from)).is_empty());
        assert!(!submission.state.may_reprocess(from) && submission.state.may_reprocess(Stage::Screen));
        assert_eq!((submission.run, &submission.state), (1, &State::AwaitingReview));
    }
}

#[test]
fn what_was_refused_is_screened_before_it_goes_on() {
    let mut submission = published();
    submission.advance(again(Stage::Transcode));
    let refused = Event::Rejected { run: 2, stage: Stage::Transcode, part: None, reason: Rejection::Undecodable };
    submission.advance(refused);
    assert_eq!(submission.state.name(), "rejected");
    assert!(submission.advance(again(Stage::Transcode)).is_empty());
    assert_eq!(submission.advance(again(Stage::Screen)).len(), 1);
}

#[test]
fn a_person_overrides_a_verdict_by_starting_again() {
    let mut submission = Submission::new(OPEN);
    submission.advance(Event::Uploaded);
    submission.advance(Event::Rejected { run: 1, stage: Stage::Probe, part: None, reason: Rejection::Undecodable });
    assert!(submission.advance(again(Stage::Transcode)).is_empty());
    assert_eq!(submission.advance(again(Stage::Probe)).len(), 1);
}

#[test]
fn a_run_that_was_asked_for_one_partner_goes_to_no_other_and_the_next_one_to_all() {
    let mut submission = published();
    let one = Redo { partners: Some(named(&["bilibili"])), replace: named(&["bilibili"]) };
    let queue = submission.advance(Event::Reprocess { from: Stage::Transcode, redo: one.clone() });
    let started = drain(&mut submission, queue);
    let partners: Vec<&Part> =
        started.iter().filter(|todo| todo.stage == Stage::Publish).map(|todo| &todo.part).collect();
    assert_eq!(partners, [&Part::Partner("bilibili".into())]);
    assert_eq!((&submission.redo, &submission.state), (&one, &State::Published));
    assert_eq!(submission.advance(again(Stage::Publish)).len(), 2);
}

#[test]
fn a_run_that_would_publish_to_no_partner_is_not_begun() {
    let mut submission = published();
    let before = submission.clone();
    for partners in [named(&[]), named(&["douyin"])] {
        let redo = Redo { partners: Some(partners), ..Redo::default() };
        assert!(submission.advance(Event::Reprocess { from: Stage::Publish, redo }).is_empty());
        assert_eq!(submission, before);
    }
}

#[test]
fn a_release_adds_partners_to_a_run_that_was_asked_for_others() {
    let mut submission = published();
    let redo = Redo { partners: Some(named(&["bilibili"])), ..Redo::default() };
    let queue = submission.advance(Event::Reprocess { from: Stage::Publish, redo });
    assert_eq!(queue.len(), 1);
    let added = submission.advance(Event::Released { partners: Some(named(&["tiangong"])) });
    assert_eq!(added.len(), 1);
    drain(&mut submission, [queue, added].concat());
    assert_eq!(submission.state, State::Published);
}

#[test]
fn a_recalled_partner_gets_no_later_run_wherever_that_starts() {
    for from in [Stage::Probe, Stage::Screen, Stage::Transcode, Stage::Publish] {
        for late in [false, true] {
            let mut submission = published();
            let recall = || Event::Recalled { partners: named(&["bilibili"]) };
            if !late {
                submission.advance(recall());
            }
            let queue = submission.advance(again(from));
            if late {
                submission.advance(recall());
            }
            let started = drain(&mut submission, queue);
            assert_eq!(submission.state, State::Published, "{from}");
            let sent = started.iter().any(|todo| todo.part == Part::Partner("bilibili".into()));
            // The recall came after publishing had begun: the part exists, and its delivery is recalled.
            assert_eq!(sent, late && from == Stage::Publish, "{from}, late {late}");
            let back = submission.advance(Event::Released { partners: Some(named(&["bilibili"])) });
            assert_eq!(back.len(), 1, "a release names it again");
        }
    }
}
