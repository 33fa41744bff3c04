//! Times of an entry, from rows as the database has them.
use chrono::TimeDelta;
use pipeline::id::SubmissionId;
use pipeline::submission::{Gate, Gates, State, Submission};

use super::*;

fn at(s: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(s)
}

fn entry(state: State) -> SubmissionRow {
    let mut machine = Submission::new(Gates { review: Gate::Manual, release: Gate::Manual });
    machine.state = state;
    SubmissionRow {
        id: SubmissionId(uuid::Uuid::nil()),
        receipt: None,
        contest: "demo".into(),
        machine,
        title: "钢铁".into(),
        theme: String::new(),
        synopsis: String::new(),
        recommending_unit: String::new(),
        declarations: serde_json::Value::Null,
        token_sha256: Vec::new(),
        mezzanine_upload: None,
        mezzanine_bytes: None,
        mezzanine_sha256: None,
        declared_sha256: None,
        media_info: None,
        verdict: None,
        plan: None,
        traceparent: None,
        cure: None,
        created_at: at(0),
        updated_at: at(0),
    }
}

fn moved(s: i64, what: &str, actor: &str, by: Option<&str>, state: &str) -> Move {
    let by = by.map(str::to_owned);
    Move { at: at(s), what: what.into(), actor: actor.into(), by, run: 1, state: state.into() }
}

fn part(stage: &str, part: &str, status: &str, (made, started, ended): (i64, Option<i64>, Option<i64>)) -> PartRow {
    PartRow {
        run: 1,
        stage: stage.into(),
        part: part.into(),
        status: status.into(),
        attempt: 0,
        progress: 0.0,
        last_error: None,
        holder: Some("host:1".into()),
        created_at: at(made),
        started_at: started.map(at),
        finished_at: ended.map(at),
    }
}

fn attempt(stage: &str, part: &str, (from, to): (i64, i64), outcome: &str) -> Attempt {
    let (started_at, ended_at) = (at(from), at(to));
    Attempt {
        run: 1,
        stage: stage.into(),
        part: part.into(),
        started_at,
        ended_at,
        outcome: outcome.into(),
        holder: None,
    }
}

fn a_published_entry() -> Timeline {
    let moves = [
        moved(0, "entered", "entrant", None, "uploading"),
        moved(10, "uploaded", "entrant", Some("entrant"), "probe"),
        moved(16, "part_done", "worker", None, "awaiting_review"),
        moved(116, "review_accepted", "screener", Some("anna"), "transcode"),
        moved(136, "part_done", "worker", None, "published"),
    ];
    let parts = [
        part("probe", "mezzanine", "done", (10, Some(14), Some(16))),
        part("transcode", "segment-0", "done", (116, Some(117), Some(127))),
        part("transcode", "segment-1", "done", (116, Some(122), Some(136))),
    ];
    let attempts = [attempt("probe", "mezzanine", (11, 12), "failed")];
    Timeline::of(&entry(State::Published), &moves, &parts, &attempts, at(1_000))
}

#[test]
fn every_second_is_somebodys() {
    let timeline = a_published_entry();
    assert_eq!(timeline.took_s, 136.0, "what comes after the end is not counted");
    assert_eq!(timeline.sums.values().sum::<f64>(), 136.0);
    assert_eq!(timeline.sums[&WaitedFor::Entrant], 10.0);
    assert_eq!(timeline.sums[&WaitedFor::People], 100.0);
    // One second of a failed attempt, two of the successful one, and the time from 117 to 136.
    assert_eq!(timeline.sums[&WaitedFor::Work], 22.0);
    assert_eq!(timeline.sums[&WaitedFor::Machines], 4.0);
}

#[test]
fn parts_side_by_side_are_counted_once_as_busy_and_both_as_work() {
    let timeline = a_published_entry();
    let transcode = timeline.phases.iter().find(|phase| phase.state == "transcode").unwrap();
    assert_eq!((transcode.busy_s, transcode.waited_s, transcode.worked_s), (Some(19.0), Some(1.0), Some(24.0)));
    assert_eq!(transcode.ended_by.as_deref(), Some("part_done (worker)"));
}

#[test]
fn a_failed_attempt_is_shown_with_the_rest_behind_it() {
    let timeline = a_published_entry();
    let probe = &timeline.phases.iter().find(|phase| phase.state == "probe").unwrap().parts[0];
    assert_eq!((probe.waited_s, probe.worked_s, probe.rested_s), (1.0, 3.0, 2.0));
    let outcomes: Vec<_> = probe.attempts.iter().map(|it| it.outcome.as_str()).collect();
    assert_eq!(outcomes, ["failed", "done"]);
}

#[test]
fn a_gate_names_who_opened_it_and_counts_to_now_while_it_is_closed() {
    let timeline = a_published_entry();
    let gate = timeline.phases.iter().find(|phase| phase.state == "awaiting_review").unwrap();
    assert_eq!(gate.ended_by.as_deref(), Some("review_accepted (anna, screener)"));
    let moves = [moved(0, "entered", "entrant", None, "uploading"), moved(5, "x", "worker", None, "awaiting_release")];
    let waiting = Timeline::of(&entry(State::AwaitingRelease), &moves, &[], &[], at(65));
    assert_eq!((waiting.phases[1].took_s, waiting.phases[1].to), (60.0, None));
    assert_eq!(waiting.sums[&WaitedFor::People], 60.0);
}

#[test]
fn a_part_that_waits_for_its_next_attempt_is_at_rest_and_not_running() {
    let moves = [moved(0, "uploaded", "entrant", None, "probe")];
    let parts = [part("probe", "mezzanine", "waiting", (0, Some(1), None))];
    let attempts = [attempt("probe", "mezzanine", (1, 3), "failed")];
    let entry = entry(State::Uploading);
    let timeline = Timeline::of(&entry, &moves, &parts, &attempts, at(10));
    let part = &timeline.phases[0].parts[0];
    assert_eq!((part.waited_s, part.worked_s, part.rested_s, part.attempts.len()), (1.0, 2.0, 7.0, 1));
    assert_eq!((timeline.phases[0].busy_s, timeline.phases[0].waited_s), (Some(2.0), Some(8.0)));
}

#[test]
fn no_time_is_never_less_than_none() {
    let timeline = Timeline::of(&entry(State::Uploading), &[], &[], &[], at(0));
    assert!(timeline.took_s.is_sign_positive(), "{}", timeline.took_s);
}
