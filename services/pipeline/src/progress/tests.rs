//! Progress never falls, and its forecast comes true.
use proptest::prelude::*;

use super::*;
use crate::catalogue::Catalogue;
use crate::planner::{plan, tests::info};
use crate::submission::{Event, Gate, Gates, Work};

/// An entry of 61 s in four segments for the call's partners, and its estimate.
fn entry() -> (Submission, Estimate, Work) {
    let catalogue = Catalogue::builtin();
    let mut ladders = catalogue.ladders.clone();
    ladders.segment_s = 16;
    let partners: Vec<_> = catalogue.partners.values().collect();
    let plan = plan(&info(), &partners, &ladders);
    let mut machine = Submission::new(Gates { review: Gate::Manual, release: Gate::Manual });
    machine.advance(Event::Uploaded);
    (machine, Estimate::of(&plan, &info()), Work::of(&plan))
}

/// The progress seen for an entry whose parts are done by `cores` workers, each `speed` times as fast as estimated,
/// polled every `look_s`. The review takes no time.
fn watched(cores: usize, speed: f64, look_s: f64) -> Vec<Reached> {
    let (mut machine, estimate, work) = entry();
    let (mut rows, mut seen, mut now, mut begun) = (Vec::<PartAt>::new(), Vec::new(), 0.0, 0.0);
    for _ in 0..100_000 {
        let State::At { stage, pending } = machine.state.clone() else { break };
        if stage == Stage::Transcode && !rows.iter().any(|row| row.stage == stage) {
            begun = now;
        }
        for part in machine.parts_of(stage) {
            if !rows.iter().any(|row| row.stage == stage && row.part == part) {
                rows.push(PartAt { stage, part, done: 0.0, elapsed_s: 0.0 });
            }
        }
        let open = rows.iter_mut().filter(|row| row.stage == stage && pending.contains(&row.part));
        for row in open.take(cores) {
            let takes = (estimate.of_part(stage, &row.part) + HOP_S) / speed;
            row.elapsed_s += look_s;
            row.done = (row.done + look_s / takes).min(1.0);
        }
        now += look_s;
        seen.push(reached(&machine, Some(&estimate).filter(|_| stage > Stage::Screen), &rows, now - begun));
        let run = machine.run;
        for part in pending {
            let done = rows.iter().any(|row| row.stage == stage && row.part == part && row.done >= 1.0);
            if done && stage == Stage::Screen {
                machine.advance(Event::Screened { run, work: work.clone(), review: false });
                machine.advance(Event::ReviewAccepted);
            } else if done {
                machine.advance(Event::PartDone { run, stage, part });
            }
        }
    }
    assert_eq!(machine.state, State::AwaitingRelease);
    seen.push(reached(&machine, Some(&estimate), &rows, now - begun));
    seen
}

#[test]
fn it_begins_at_nothing_never_falls_and_ends_at_all_with_nothing_left() {
    let seen = watched(2, 1.0, 1.0);
    assert!(seen[0].done < 0.1 && seen.len() > 100);
    for pair in seen.windows(2) {
        assert!(pair[1].done >= pair[0].done - 1e-9, "{pair:?}");
        assert!(pair[1].done - pair[0].done < 0.1, "smooth: {pair:?}");
    }
    assert_eq!(seen.last(), Some(&Reached::END));
}

#[test]
fn the_remaining_time_comes_near_to_what_it_takes_on_any_machine() {
    for (cores, speed) in [(1, 1.0), (2, 0.5), (2, 4.0), (4, 1.0)] {
        let seen = watched(cores, speed, 0.5);
        let looks = seen.len();
        // From a third on, the forecast is within a third of the actual time; the last part runs alone, which is
        // not forecast.
        for (index, at) in seen.iter().enumerate().skip(looks / 3).take(looks / 2) {
            let (predicted, is) = (at.remaining_s.unwrap(), (looks - index) as f64 * 0.5);
            assert!((0.6..1.6).contains(&(predicted / is)), "{cores} × {speed}, look {index}: {predicted} of {is}");
        }
    }
}

#[test]
fn what_was_found_and_not_made_does_not_promise_speed() {
    let (mut machine, estimate, work) = entry();
    machine.work = work;
    machine.state = State::At { stage: Stage::Transcode, pending: machine.parts_of(Stage::Transcode) };
    let row =
        |part: u32, done, elapsed_s| PartAt { stage: Stage::Transcode, part: Part::Segment(part), done, elapsed_s };
    let found = reached(&machine, Some(&estimate), &[row(0, 1.0, 0.1), row(1, 1.0, 0.1)], 1.0);
    let made = reached(&machine, Some(&estimate), &[row(0, 1.0, 500.0), row(1, 1.0, 500.0)], 500.0);
    assert_eq!(found.done, made.done);
    assert!(found.remaining_s.unwrap() > 100.0, "{found:?}");
}

#[test]
fn a_run_that_begins_behind_the_probe_begins_at_nothing() {
    let (mut machine, estimate, work) = entry();
    machine.work = work;
    machine.state = State::Published;
    machine.advance(Event::Reprocess { from: Stage::Transcode, redo: Default::default() });
    assert_eq!(reached(&machine, Some(&estimate), &[], 0.0).done, 0.0);
}

proptest! {
    #[test]
    fn whatever_the_rows_say_it_is_a_fraction_and_finite(
        done in prop::collection::vec(-1.0..2.0f64, 12), elapsed in prop::collection::vec(0.0..1e6f64, 12), since in 0.0..1e7f64,
    ) {
        let (mut machine, estimate, work) = entry();
        machine.work = work;
        for stage in [Stage::Probe, Stage::Transcode, Stage::Assemble] {
            let parts = machine.parts_of(stage);
            machine.state = State::At { stage, pending: parts.clone() };
            let rows = parts.into_iter().zip(done.iter().zip(&elapsed));
            let rows: Vec<_> = rows.map(|(part, (done, elapsed_s))| PartAt {
                stage, part, done: *done, elapsed_s: *elapsed_s,
            }).collect();
            let reached = reached(&machine, Some(&estimate), &rows, since);
            prop_assert!((0.0..=1.0).contains(&reached.done));
            prop_assert!(reached.remaining_s.is_none_or(|left| left.is_finite() && left >= 0.0));
        }
    }
}
