//! What happens to a part that failed.
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::bail;
use pipeline::part::{Part, PartToDo};
use pipeline::stage::Stage;
use runtime::outcome::Outcome;
use runtime::store::submissions::history::Actor;

use crate::support::{World, eventually, output, probing, refusal};

#[tokio::test]
async fn a_failing_part_is_parked_after_five_attempts_and_an_operator_can_retry_it() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let attempts = Arc::new(AtomicU32::new(0));
    let counted = attempts.clone();
    let process = world
        .process(probing(move |job| {
            let attempts = counted.clone();
            async move {
                match attempts.fetch_add(1, Ordering::SeqCst) {
                    0..5 => bail!("the disk is full"),
                    _ => Ok(Outcome::Done(output(&job))),
                }
            }
        }))
        .await;
    eventually("it is parked", async || world.part(id, Stage::Probe).await.status == "parked").await;
    let part = world.part(id, Stage::Probe).await;
    assert_eq!((part.attempt, part.last_error.as_deref()), (5, Some("the disk is full")));
    assert_eq!(attempts.load(Ordering::SeqCst), 5);
    let history = world.store.history(id).await.unwrap();
    let failed = history.iter().filter(|line| line.what == "part_failed").map(|line| line.at).collect::<Vec<_>>();
    let waits: Vec<_> = failed.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // 0.1 s, doubled each time, and at least three quarters of that.
    for (wait, least_ms) in waits.iter().zip([75, 150, 300]) {
        assert!(wait.num_milliseconds() >= least_ms, "{waits:?}");
    }
    let probe = PartToDo { stage: Stage::Probe, part: Part::Mezzanine };
    assert_eq!(world.store.retry(id, Some(&probe), Actor::Operator).await.unwrap(), 1);
    world.reaches(id, "screen").await;
    process.stop().await;
}

#[tokio::test]
async fn a_panicking_handler_is_a_failing_one() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let attempts = Arc::new(AtomicU32::new(0));
    let counted = attempts.clone();
    let process = world
        .process(probing(move |job| {
            let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
            async move {
                assert!(!first, "so that it panics");
                Ok(Outcome::Done(output(&job)))
            }
        }))
        .await;
    world.reaches(id, "screen").await;
    let history = world.store.history(id).await.unwrap();
    let failed = history.iter().find(|line| line.what == "part_failed").unwrap();
    assert!(failed.detail["error"].as_str().unwrap().contains("panicked: so that it panics"), "{failed:?}");
    process.stop().await;
}

#[tokio::test]
async fn later_is_not_an_attempt() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let asked = Arc::new(AtomicU32::new(0));
    let counted = asked.clone();
    let process = world
        .process(probing(move |job| {
            let asked = counted.clone();
            async move {
                assert_eq!(job.attempt, 1);
                match asked.fetch_add(1, Ordering::SeqCst) {
                    // More often than the permitted number of attempts.
                    0..7 => Ok(Outcome::Later(Duration::from_millis(50))),
                    _ => Ok(Outcome::Done(output(&job))),
                }
            }
        }))
        .await;
    world.reaches(id, "screen").await;
    assert_eq!(world.part(id, Stage::Probe).await.attempt, 0);
    process.stop().await;
}

#[tokio::test]
async fn a_refusal_is_final_and_says_why() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let process = world.process(probing(async |_| Ok(Outcome::Rejected(refusal())))).await;
    world.reaches(id, "rejected").await;
    let history = world.store.history(id).await.unwrap();
    assert_eq!(history.last().unwrap().detail["reason"]["code"], refusal().code());
    // Counted after the commit, which the test has waited for.
    eventually("it is counted", async || {
        process.runtime.metrics.parts.with_label_values(&["probe", "rejected", refusal().code()]).get() == 1
    })
    .await;
    process.stop().await;
}

#[tokio::test]
async fn an_output_of_another_stage_is_a_failure_and_not_a_success() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let process = world.process(probing(async |_| Ok(Outcome::Done(crate::support::screened())))).await;
    eventually("the attempt ends", async || {
        process.runtime.metrics.parts.with_label_values(&["probe", "failed", "other"]).get() > 0
    })
    .await;
    assert_eq!(world.state(id).await, "probe");
    process.stop().await;
}
