//! Figures on which operators base decisions, compared with rows of known age and work: oldest ages, backlog, due
//! dates, time to live.
use std::time::{Duration, Instant};

use pipeline::delivery::{DeliveryEvent, IntentId, Receipt};
use pipeline::id::SubmissionId;
use pipeline::stage::Stage;
use runtime::service::Services;
use runtime::store::submissions::history::Actor;
use uuid::Uuid;

use crate::support::{Process, World, all_but_publish, eventually, whole_line};
use crate::watching::get;

async fn sql(world: &World, text: &'static str, id: SubmissionId, values: &[f64]) {
    let query = values.iter().fold(sqlx::query(text).bind(id.0), |query, value| query.bind(*value));
    query.execute(world.store.pool()).await.unwrap();
}

/// An entry in this state, unchanged for this many seconds.
async fn standing(world: &World, state: &'static str, for_s: f64) -> SubmissionId {
    world.rows_are_planted();
    let id = world.uploaded().await;
    sqlx::query("delete from parts where submission = $1").bind(id.0).execute(world.store.pool()).await.unwrap();
    let text =
        "update submissions set state = $2, updated_at = clock_timestamp() - make_interval(secs => $3) where id = $1";
    sqlx::query(text).bind(id.0).bind(state).bind(for_s).execute(world.store.pool()).await.unwrap();
    id
}

/// A part that became claimable this many seconds ago.
async fn part(world: &World, id: SubmissionId, stage: Stage, status: &'static str, for_s: f64) {
    let text = "insert into parts (submission, run, stage, part, status, not_before)
        values ($1, 1, $2, $3, $4::part_status, clock_timestamp() - make_interval(secs => $5))";
    let name = format!("segment/{}", Uuid::new_v4().as_u128() % 1_000_000);
    let query = sqlx::query(text).bind(id.0).bind(stage.name()).bind(name).bind(status).bind(for_s);
    query.execute(world.store.pool()).await.unwrap();
}

/// The metrics of a process after a new count of the installation.
async fn exposed(world: &World, process: &Process) -> String {
    assert!(world.store.sample(Duration::ZERO).await.unwrap());
    get(process, "/metrics").await.1
}

/// The value of one series.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} is not in\n{text}")).parse().unwrap()
}

#[tokio::test]
async fn the_oldest_of_each_stage_is_as_old_as_its_own_oldest_row() {
    let world = World::new().await;
    // Alone in the database: a process that maintains it would change the inserted rows.
    let begun = Instant::now();
    let entry = standing(&world, "transcode", 4000.0).await;
    for (status, age_s) in [("pending", 1234.0), ("pending", 60.0), ("claimed", 9000.0), ("parked", 8000.0)] {
        part(&world, entry, Stage::Transcode, status, age_s).await;
    }
    part(&world, entry, Stage::Assemble, "pending", 77.0).await;
    standing(&world, "transcode", 100.0).await;
    standing(&world, "awaiting_review", 86_400.0).await;
    standing(&world, "published", 999_999.0).await;
    sql(
        &world,
        "update parts set lease_until = clock_timestamp() + interval '1 hour' where submission = $1 and status = 'claimed'",
        entry,
        &[],
    )
    .await;
    let process = world.process(Services::new()).await;
    let text = exposed(&world, &process).await;
    let passed = begun.elapsed().as_secs_f64() + 1.0;
    for (series, age_s) in [
        (r#"reelmill_queue_age_seconds{stage="transcode"}"#, 1234.0),
        (r#"reelmill_queue_age_seconds{stage="assemble"}"#, 77.0),
        (r#"reelmill_entries_oldest_seconds{state="transcode"}"#, 4000.0),
        (r#"reelmill_entries_oldest_seconds{state="awaiting_review"}"#, 86_400.0),
    ] {
        let age = value(&text, series);
        assert!(age >= age_s && age <= age_s + passed, "{series} is {age}, planted was {age_s} {passed} s ago at most");
    }
    for (series, exactly) in [
        // Entries in a final state have no age.
        (r#"reelmill_entries_oldest_seconds{state="published"}"#, 0.0),
        (r#"reelmill_queue_age_seconds{stage="probe"}"#, 0.0),
        (r#"reelmill_queue_parts{stage="transcode",status="pending"}"#, 2.0),
        (r#"reelmill_queue_parts{stage="transcode",status="parked"}"#, 1.0),
        (r#"reelmill_entries{state="transcode"}"#, 2.0),
        (r#"reelmill_entries{state="published"}"#, 1.0),
    ] {
        assert_eq!(value(&text, series), exactly, "{series}");
    }
    process.stop().await;
}

#[tokio::test]
async fn the_backlog_is_the_planned_work_less_progress_or_a_usual_entry() {
    let world = World::new().await;
    let planned = async |state, work_s: f64| {
        let id = standing(&world, state, 1.0).await;
        sql(&world, "insert into estimates (submission, run, work_s) values ($1, 1, $2)", id, &[work_s]).await;
        id
    };
    let begun = planned("transcode", 1000.0).await;
    sql(&world, "insert into progress (submission, run, done, at) values ($1, 1, $2, now())", begun, &[0.25]).await;
    planned("transcode", 500.0).await;
    planned("awaiting_review", 300.0).await;
    // It has ended: it counts only for the usual amount of work.
    planned("published", 600.0).await;
    // What an earlier run had done is not done in this one.
    let remade = planned("assemble", 100.0).await;
    sql(&world, "insert into progress (submission, run, done, at) values ($1, 0, $2, now())", remade, &[0.9]).await;
    // Two without an estimate yet: (1000 + 500 + 300 + 600 + 100) / 5 each.
    standing(&world, "probe", 1.0).await;
    standing(&world, "probe", 1.0).await;
    let process = world.process(Services::new()).await;
    let text = exposed(&world, &process).await;
    for (state, work_s) in
        [("transcode", 1250.0), ("awaiting_review", 300.0), ("assemble", 100.0), ("probe", 1000.0), ("screen", 0.0)]
    {
        let seen = value(&text, &format!(r#"reelmill_backlog_work_seconds{{state="{state}"}}"#));
        assert!((seen - work_s).abs() < 0.001, "{state}: {seen} instead of {work_s}");
    }
    // Of the contest: entries with machines, without those that wait for people and those that have ended.
    assert_eq!(value(&text, r#"reelmill_contest_entries_under_way{contest="demo"}"#), 5.0);
    assert_eq!(value(&text, r#"reelmill_contest_entries_under_way{contest="industry-power-2024"}"#), 0.0);
    process.stop().await;
}

#[tokio::test]
async fn work_that_is_done_is_counted_as_what_it_was_estimated_to_take() {
    let world = World::new().await;
    let process = world.process(all_but_publish()).await;
    let id = world.uploaded().await;
    world.reaches(id, "publish").await;
    let submission = world.store.submission(id).await.unwrap().unwrap();
    let (plan, info) = (submission.plan.unwrap(), submission.media_info.unwrap());
    let expected = pipeline::planner::Estimate::of(&plan, &info).cpu_s();
    let done = |text: &str| -> f64 {
        let series = |stage: Stage| format!(r#"reelmill_work_seconds_total{{stage="{stage}"}}"#);
        Stage::ALL.into_iter().map(|stage| value(text, &series(stage))).sum()
    };
    // Counted after the commit.
    eventually("what was planned is done", async || {
        (done(&get(&process, "/metrics").await.1) - expected).abs() < 0.01 * expected
    })
    .await;
    process.stop().await;
}

#[tokio::test]
async fn the_time_to_live_runs_from_the_whole_upload_until_people_can_see_the_work() {
    let world = World::new().await;
    let begun = Instant::now();
    let process = world.process(all_but_publish()).await;
    let id = world.uploaded().await;
    world.reaches(id, "publish").await;
    process.stop().await;
    sql(
        &world,
        "update parts set created_at = created_at - make_interval(secs => $2) where submission = $1",
        id,
        &[7200.0],
    )
    .await;
    // At one partner the work is live, at another a person must still deliver it.
    let deliveries = world.store.deliveries(id).await.unwrap();
    let (live, other) = (deliveries[0].partner.clone(), deliveries[1].partner.clone());
    let intent = IntentId(Uuid::now_v7());
    let seen = DeliveryEvent::WentLive { receipt: Receipt("BV1".into()), public_url: None };
    for event in [DeliveryEvent::Sending { intent }, seen] {
        world.store.delivery_note(id, &live, &event, Actor::Operator).await.unwrap();
    }
    let process = world.process(whole_line(&world.store)).await;
    world.reaches(id, "published").await;
    let count = format!(r#"reelmill_time_to_live_seconds_count{{partner="{live}"}}"#);
    eventually("it is counted", async || get(&process, "/metrics").await.1.contains(&format!("{count} 1"))).await;
    let text = get(&process, "/metrics").await.1;
    let took = value(&text, &format!(r#"reelmill_time_to_live_seconds_sum{{partner="{live}"}}"#));
    let passed = begun.elapsed().as_secs_f64();
    assert!((7200.0..=7200.0 + passed).contains(&took), "{took}");
    for (le, within) in [("3600", 0.0), ("14400", 1.0)] {
        let bucket = format!(r#"reelmill_time_to_live_seconds_bucket{{partner="{live}",le="{le}"}}"#);
        assert_eq!(value(&text, &bucket), within, "{bucket}");
    }
    assert_eq!(value(&text, &format!(r#"reelmill_delivered_media_seconds_total{{partner="{live}"}}"#)), 61.0);
    let other = format!(r#"reelmill_time_to_live_seconds_count{{partner="{other}"}}"#);
    assert!(!text.contains(&other), "a work that is not live yet has no time to live");
    process.stop().await;
}

#[tokio::test]
async fn due_dates_are_the_catalogues() {
    let mut world = World::new().await;
    let dir = world.directory("catalogue");
    for (name, text) in pipeline::catalogue::Catalogue::builtin_files() {
        let path = dir.join(&name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = if name == "contests/industry-power-2024.toml" {
            text.replace("\ngrace_s =", "\npublish_by = 2030-01-01T00:00:00+08:00\ngrace_s =")
        } else {
            text.to_owned()
        };
        std::fs::write(path, text).unwrap();
    }
    world.config.catalogue.catalogue_dir = Some(dir);
    let process = world.process(Services::new()).await;
    let text = get(&process, "/metrics").await.1;
    let due = |what: &str| {
        value(
            &text,
            &format!(r#"reelmill_contest_due_timestamp_seconds{{contest="industry-power-2024",what="{what}"}}"#),
        )
    };
    assert_eq!(due("publication"), 1_893_427_200.0, "midnight in Beijing");
    let contest = process.runtime.catalogue.contest(&"industry-power-2024".into()).unwrap();
    assert_eq!(due("entries"), contest.deadline.unwrap().timestamp() as f64);
    process.stop().await;
}
