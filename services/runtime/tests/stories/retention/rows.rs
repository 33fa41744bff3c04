//! What remains of rows that are past their time: of parts, history, exchanges with partners, uploads.
use std::time::Duration;

use chrono::{DateTime, Utc};
use pipeline::delivery::IntentId;
use pipeline::id::SubmissionId;
use pipeline::stage::Stage;
use runtime::retention::{Line, by_policy, preview, run};
use runtime::store::partners::exchanges::{ExchangeOutcome, NewExchange};
use runtime::store::watching::trace::Move;
use runtime::store::work::parts::Failed;
use uuid::Uuid;

use super::made::{POLICY, later, line, named_file, over, sql};
use crate::support::{World, whole_line};

/// A finished part, with its output.
async fn made(world: &World, id: SubmissionId, stage: &str, part: &str) {
    let query = "insert into parts (submission, run, stage, part, status, output, finished_at)
        values ($1, 1, $2, $3, 'done', jsonb_build_object('kind', $2::text), clock_timestamp())";
    let query = sqlx::query(query).bind(id.0).bind(stage).bind(part);
    query.execute(world.store.pool()).await.unwrap();
}

/// Stages of a work's parts whose outputs are kept.
async fn kept(world: &World, id: SubmissionId) -> Vec<String> {
    let query = "select stage from parts where submission = $1 and output is not null order by stage";
    sqlx::query_scalar(query).bind(id.0).fetch_all(world.store.pool()).await.unwrap()
}

async fn all(world: &World, now: DateTime<Utc>) -> Vec<Line> {
    run(&world.store, &POLICY, now, &by_policy(), Duration::MAX).await.unwrap().lines
}

#[tokio::test]
async fn what_parts_made_goes_once_no_stage_reads_it_and_verdicts_and_receipts_stay() {
    let world = World::new().await;
    world.rows_are_planted();
    let (ended, working) = (over(&world).await, over(&world).await);
    sql(&world, "update submissions set state = 'assemble' where id = $1", working).await;
    for id in [ended, working] {
        for (stage, part) in [
            ("screen", "mezzanine"),
            ("transcode", "segment/0"),
            ("transcode", "audio"),
            ("assemble", "rendition/web-720"),
            ("publish", "partner/cctv"),
        ] {
            made(&world, id, stage, part).await;
        }
    }
    assert_eq!(line(&all(&world, later(29)).await, "outputs_days").count, 0);
    let due = preview(&world.store, &POLICY, later(31), &world.directory("none")).await.unwrap();
    assert_eq!(line(&due, "outputs_days").count, 3);
    assert_eq!(line(&all(&world, later(31)).await, "outputs_days").count, 3);
    assert_eq!(kept(&world, ended).await, ["publish", "screen"]);
    assert_eq!(kept(&world, working).await.len(), 5, "its run is not over");
    assert_eq!(world.store.parts(ended).await.unwrap().len(), 6, "the parts stay");
}

#[tokio::test]
async fn what_the_works_own_rows_say_is_not_written_to_its_parts() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let process = world.process(whole_line(&world.store)).await;
    world.reaches(id, "published").await;
    process.stop().await;
    assert!(kept(&world, id).await.iter().all(|stage| ["screen", "transcode", "publish"].contains(&stage.as_str())));
    let keys = "select string_agg(key, ' ' order by key) from parts, jsonb_object_keys(output) as key
        where submission = $1 and stage = 'screen'";
    let keys = sqlx::query_scalar::<_, String>(keys).bind(id.0).fetch_one(world.store.pool()).await.unwrap();
    assert_eq!(keys, "kind verdict");
    let work = world.store.submission(id).await.unwrap().expect("the work");
    assert!(work.media_info.is_some() && work.verdict.is_some() && work.plan.is_some());
}

#[tokio::test]
async fn lines_of_history_about_single_parts_go_after_their_time_and_every_move_stays() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let claim = world.store.claim(Stage::Probe, "me").await.unwrap().expect("its part");
    assert!(matches!(world.store.fail(&claim, "no room").await.unwrap(), Failed::Retrying { .. }));
    let process = world.process(whole_line(&world.store)).await;
    world.reaches(id, "published").await;
    process.stop().await;
    let (before, moves) = (world.store.history(id).await.unwrap(), world.store.moves(id).await.unwrap());
    assert_eq!(line(&all(&world, later(364)).await, "history_days").count, 0);
    let gone = line(&all(&world, later(366)).await, "history_days").count as usize;
    let after = world.store.history(id).await.unwrap();
    // The entrant's data is deleted at that time, too, which has a line of its own if there was any.
    assert_eq!(after.len() + gone, before.len());
    assert!(gone > 0 && !after.iter().any(|line| line.what == "part_failed"));
    let of = |moves: Vec<Move>| moves.into_iter().map(|it| (it.at, it.state)).collect::<Vec<_>>();
    assert_eq!(of(world.store.moves(id).await.unwrap()), of(moves));
    assert!(world.store.moves(id).await.unwrap().len() > 4, "each stage is one");
}

/// An exchange about the work's delivery.
async fn exchange(world: &World, id: SubmissionId, step: &str, intent: Option<IntentId>) {
    let passing = intent.is_none() && step != "delete";
    let (partner, request) = ("bilibili".into(), serde_json::json!({}));
    let new = NewExchange { submission: Some(id), partner: &partner, intent, step, request: &request, passing };
    let exchange = world.store.open_exchange(&new).await.unwrap();
    world.store.close_exchange(exchange, ExchangeOutcome::Answered, &request).await.unwrap();
}

#[tokio::test]
async fn looks_at_a_partner_go_once_another_one_followed_and_what_proves_a_delivery_stays() {
    let world = World::new().await;
    world.rows_are_planted();
    let (ended, open, held) = (over(&world).await, over(&world).await, over(&world).await);
    for (id, state) in [(ended, "live"), (open, "in_review"), (held, "live")] {
        let query =
            "insert into deliveries (submission, partner, machine, state, run) values ($1, 'bilibili', '{}', $2, 1)";
        sqlx::query(query).bind(id.0).bind(state).execute(world.store.pool()).await.unwrap();
        for step in ["list", "view", "view", "delete", "view", "delete"] {
            exchange(&world, id, step, None).await;
        }
        for _ in 0..2 {
            exchange(&world, id, "add", Some(IntentId(Uuid::now_v7()))).await;
        }
    }
    sql(&world, "update submissions set held_at = now(), held_reason = 'an appeal' where id = $1", held).await;
    assert_eq!(line(&all(&world, later(179)).await, "exchanges_days").count, 0);
    let due = preview(&world.store, &POLICY, later(181), &world.directory("none")).await.unwrap();
    assert_eq!(line(&due, "exchanges_days").count, 2);
    assert_eq!(line(&all(&world, later(181)).await, "exchanges_days").count, 2);
    let steps = async |id| {
        let rows = world.store.exchanges(id, None).await.unwrap();
        rows.into_iter().map(|row| row.step).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(steps(ended).await, "list delete view delete add add");
    for id in [open, held] {
        assert_eq!(steps(id).await, "list view view delete view delete add add");
    }
}

#[tokio::test]
async fn parts_of_films_that_are_whole_are_not_kept_and_those_of_open_uploads_are() {
    let world = World::new().await;
    let mut uploads = Vec::new();
    for state in ["finished", "open"] {
        let upload = named_file(&world, over(&world).await, state).await;
        let part = "insert into upload_parts (upload, number, etag, bytes, sha256) values ($1, 1, 'x', 8, '')";
        sqlx::query(part).bind(upload).execute(world.store.pool()).await.unwrap();
        uploads.push(upload);
    }
    all(&world, later(0)).await;
    let left = sqlx::query_scalar::<_, Uuid>("select upload from upload_parts").fetch_all(world.store.pool()).await;
    assert_eq!(left.unwrap(), uploads[1..]);
}
