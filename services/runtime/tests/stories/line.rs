//! The complete course of a submission, and the effects of each step.
use futures::future::join_all;
use pipeline::delivery::{Desired, Observed};
use pipeline::stage::Stage;
use pipeline::submission::{Event, Gate};
use runtime::metrics::Metrics;
use runtime::outcome::Output;
use runtime::store::submissions::history::Actor;
use runtime::store::work::parts::{Claim, Commit};
use runtime::store::{Policy, Store};
use serde_json::json;

use crate::support::{World, all_but_publish, eventually, probed, screened, whole_line};

/// Claims and finishes the only pending part.
async fn step(world: &World, stage: Stage, output: Output) -> Claim {
    let claim = world.store.claim(stage, "me").await.unwrap().expect("a pending part");
    assert_eq!(world.store.finish(&claim, &output).await.unwrap(), Commit::Committed);
    claim
}

#[tokio::test]
async fn an_entry_goes_from_upload_to_every_partner() {
    let world = World::new().await;
    let process = world.process(whole_line(&world.store)).await;
    let id = world.uploaded().await;
    world.reaches(id, "published").await;
    let parts = world.store.parts(id).await.unwrap();
    assert!(parts.iter().all(|part| part.status == "done" && part.attempt == 0), "{parts:?}");
    for stage in Stage::ALL {
        assert!(parts.iter().any(|part| part.stage == stage.name()), "{stage}");
    }
    let submission = world.store.submission(id).await.unwrap().unwrap();
    let plan = submission.plan.unwrap();
    assert_eq!(world.store.renditions(id).await.unwrap().len(), plan.renditions.len());
    let deliveries = world.store.deliveries(id).await.unwrap();
    assert_eq!(deliveries.len(), plan.partners.len());
    assert!(deliveries.iter().all(|delivery| delivery.receipt == Some(json!({ "attempt": 1 }))));
    eventually("every message is sent", async || world.store.backlog().await.unwrap().messages == 0).await;
    process.stop().await;
}

#[tokio::test]
async fn the_last_of_many_who_finish_at_once_moves_the_submission_on_once() {
    let world = World::new().await;
    let id = world.uploaded().await;
    step(&world, Stage::Probe, probed()).await;
    step(&world, Stage::Screen, screened()).await;
    let mut claims = Vec::new();
    while let Some(claim) = world.store.claim(Stage::Transcode, "me").await.unwrap() {
        claims.push(claim);
    }
    assert!(claims.len() >= 2, "picture and sound");
    let encoded = Output::Encoded { files: Default::default(), report: json!({}) };
    let commits = join_all(claims.iter().map(|claim| world.store.finish(claim, &encoded))).await;
    assert!(commits.into_iter().all(|commit| commit.unwrap() == Commit::Committed));
    assert_eq!(world.state(id).await, "assemble");
    let history = world.store.history(id).await.unwrap();
    assert_eq!(history.iter().filter(|line| line.detail["state"] == "assemble").count(), 1);
    let renditions = world.store.submission(id).await.unwrap().unwrap().plan.unwrap().renditions.len();
    let parts = world.store.parts(id).await.unwrap();
    assert_eq!(parts.iter().filter(|part| part.stage == "assemble").count(), renditions);
}

#[tokio::test]
async fn a_closed_gate_waits_for_a_person() {
    let world = World::new().await;
    let id = world.entered(Gate::Manual).await;
    let process = world.process(whole_line(&world.store)).await;
    world.store.apply(id, &Event::Uploaded, Actor::Entrant).await.unwrap();
    world.reaches(id, "awaiting_review").await;
    world.store.apply(id, &Event::ReviewAccepted, Actor::Operator).await.unwrap();
    world.reaches(id, "awaiting_release").await;
    assert!(!world.store.apply(id, &Event::ReviewAccepted, Actor::Operator).await.unwrap().changed, "once is enough");
    world.store.apply(id, &Event::Released { partners: None }, Actor::Operator).await.unwrap();
    world.reaches(id, "published").await;
    process.stop().await;
}

#[tokio::test]
async fn a_new_run_replaces_the_renditions_only_when_all_of_its_own_are_ready() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let process = world.process(whole_line(&world.store)).await;
    world.reaches(id, "published").await;
    process.stop().await;
    world
        .store
        .apply(id, &Event::Reprocess { from: Stage::Transcode, redo: Default::default() }, Actor::Operator)
        .await
        .unwrap();
    let runs = async || world.store.renditions(id).await.unwrap().iter().map(|row| row.run).collect::<Vec<_>>();
    assert!(runs().await.iter().all(|run| *run == 1) && !runs().await.is_empty());
    let process = world.process(whole_line(&world.store)).await;
    world.reaches(id, "published").await;
    assert!(runs().await.iter().all(|run| *run == 2) && !runs().await.is_empty());
    process.stop().await;
}

#[tokio::test]
async fn taking_back_recalls_what_was_sent_and_only_that() {
    let world = World::new().await;
    let id = world.uploaded().await;
    step(&world, Stage::Probe, probed()).await;
    step(&world, Stage::Screen, screened()).await;
    world.store.apply(id, &Event::Withdrawn, Actor::Entrant).await.unwrap();
    let parts = world.store.parts(id).await.unwrap();
    assert!(parts.iter().all(|part| matches!(part.status.as_str(), "done" | "cancelled")), "{parts:?}");
    assert!(world.store.deliveries(id).await.unwrap().is_empty(), "nothing was planned yet");

    let sent = world.uploaded().await;
    let process = world.process(all_but_publish()).await;
    world.reaches(sent, "publish").await;
    process.stop().await;
    let planned = world.store.deliveries(sent).await.unwrap();
    let partner = planned[0].partner.clone();
    let handed = pipeline::delivery::DeliveryEvent::HandedToOperator { intent: pipeline::delivery::IntentId(sent.0) };
    world.store.delivery_note(sent, &partner, &handed, Actor::Operator).await.unwrap();
    world.store.apply(sent, &Event::Revoked, Actor::Operator).await.unwrap();
    for delivery in world.store.deliveries(sent).await.unwrap() {
        assert_eq!(delivery.machine.desired, Desired::Gone);
        let settled = matches!(delivery.machine.observed, Observed::Recalled { .. });
        assert_eq!(settled, delivery.partner != partner, "what never left needs no recall");
    }
    let claim = world.store.claim(Stage::Publish, "me").await.unwrap().expect("a part that takes it back");
    assert_eq!(claim.part, pipeline::part::Part::Partner(partner));
    assert!(world.store.claim(Stage::Publish, "me").await.unwrap().is_none());
}

#[tokio::test]
async fn two_transactions_that_deadlock_both_succeed() {
    let world = World::new().await;
    let (one, other) = (world.uploaded().await, world.uploaded().await);
    let meet = tokio::sync::Barrier::new(2);
    let met = std::sync::atomic::AtomicU32::new(0);
    let lock_both = async |first: uuid::Uuid, second: uuid::Uuid| {
        let (meet, met) = (&meet, &met);
        world
            .store
            .transaction("lock_both", |tx, _| {
                Box::pin(async move {
                    let lock = "select 1 from submissions where id = $1 for update";
                    sqlx::query(lock).bind(first).execute(&mut *tx).await?;
                    // Only the first attempts meet; the one that must give way comes alone the second time.
                    if met.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 2 {
                        meet.wait().await;
                    }
                    sqlx::query(lock).bind(second).execute(&mut *tx).await?;
                    Ok(())
                })
            })
            .await
    };
    let (a, b) = tokio::join!(lock_both(one.0, other.0), lock_both(other.0, one.0));
    assert!(a.is_ok() && b.is_ok(), "{a:?} {b:?}");
    assert!(met.load(std::sync::atomic::Ordering::SeqCst) >= 3, "one of them was run again");
}

#[tokio::test]
async fn a_move_is_planned_for_each_connection_and_not_for_each_work() {
    const WORKS: i64 = 12;
    // PostgreSQL then compares what planning for the values has saved.
    const TRIED: i64 = 5;
    let world = World::new().await;
    for _ in 0..WORKS {
        world.uploaded().await;
    }
    let (config, metrics) = (&world.config, Metrics::new().unwrap());
    let mut database = config.database.clone();
    database.database_connections = 1;
    let store = Store::new(&database, &config.allow_plaintext, Policy::from(&config.work), metrics).unwrap();
    while let Some(claim) = store.claim(Stage::Probe, "me").await.unwrap() {
        assert_eq!(store.finish(&claim, &probed()).await.unwrap(), Commit::Committed);
    }
    let plans = "select custom_plans, generic_plans from pg_prepared_statements
        where statement like '/* move_submission */%'";
    let plans: (i64, i64) = sqlx::query_as(plans).fetch_one(store.pool()).await.unwrap();
    assert_eq!(plans, (TRIED, WORKS - TRIED));
}
