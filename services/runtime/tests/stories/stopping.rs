//! How a process ends.
use std::sync::Arc;

use pipeline::stage::Stage;
use runtime::outcome::Outcome;
use tokio::sync::Notify;

use crate::support::{World, eventually, output, probing};

#[tokio::test]
async fn a_soft_stop_lets_a_part_finish_that_is_nearly_done() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (starting, awaited) = (begun.clone(), go_on.clone());
    let process = world
        .process(probing(move |job| {
            let (begun, go_on) = (starting.clone(), awaited.clone());
            async move {
                begun.notify_one();
                go_on.notified().await;
                Ok(Outcome::Done(output(&job)))
            }
        }))
        .await;
    begun.notified().await;
    process.runtime.shutdown.soft.cancel();
    go_on.notify_one();
    process.ended().await;
    assert_eq!(world.state(id).await, "screen");
}

#[tokio::test]
async fn a_stopping_worker_hands_back_a_part_that_does_not_listen() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let begun = Arc::new(Notify::new());
    let starting = begun.clone();
    // A handler that ignores the signal.
    let process = world
        .process(probing(move |job| {
            starting.notify_one();
            async move {
                let _held = job;
                std::future::pending().await
            }
        }))
        .await;
    begun.notified().await;
    process.stop().await;
    let part = world.part(id, Stage::Probe).await;
    assert_eq!((part.status.as_str(), part.attempt), ("pending", 0));
    // Another process learns of it without waiting for a lease, which would be far longer than this test.
    let other = world.process(probing(async |job| Ok(Outcome::Done(output(&job))))).await;
    world.reaches(id, "screen").await;
    other.stop().await;
}

#[tokio::test]
async fn a_job_whose_submission_is_taken_back_is_cancelled() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let (begun, cancelled) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (starting, seen) = (begun.clone(), cancelled.clone());
    let process = world
        .process(probing(move |job| {
            let (begun, cancelled) = (starting.clone(), seen.clone());
            async move {
                begun.notify_one();
                job.cancelled.cancelled().await;
                cancelled.notify_one();
                Ok(Outcome::Done(output(&job)))
            }
        }))
        .await;
    begun.notified().await;
    let withdrawn = pipeline::submission::Event::Withdrawn;
    world.store.apply(id, &withdrawn, runtime::store::submissions::history::Actor::Entrant).await.unwrap();
    tokio::time::timeout(crate::support::SOON, cancelled.notified()).await.expect("the job is cancelled");
    eventually("the attempt ends", async || {
        process.runtime.metrics.parts.with_label_values(&["probe", "fenced", "none"]).get() == 1
    })
    .await;
    assert_eq!(world.state(id).await, "withdrawn");
    assert_eq!(world.part(id, Stage::Probe).await.status, "cancelled");
    process.stop().await;
}

#[tokio::test]
async fn a_scratch_directory_goes_with_its_job() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let process = world
        .process(probing(async |job| {
            tokio::fs::write(job.scratch.output().join("frame"), b"x").await?;
            Ok(Outcome::Done(output(&job)))
        }))
        .await;
    world.reaches(id, "screen").await;
    eventually("no job's directory is left", async || {
        let root = std::fs::read_dir(&world.config.work.scratch_dir).unwrap();
        root.flatten().all(|process| std::fs::read_dir(process.path()).unwrap().count() == 0)
    })
    .await;
    process.stop().await;
}
