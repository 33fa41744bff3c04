//! Failures of the broker.
use std::time::Duration;

use pipeline::stage::Stage;
use runtime::broker::{Broker, Followed, SendError};
use runtime::metrics::Metrics;
use runtime::outcome::Outcome;
use runtime::store::outgoing::messages::{self, Stored};
use runtime::wire::Announced;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::{World, eventually, output, probing};

/// The longest time for a message.
const PATIENCE: Duration = Duration::from_secs(60);

async fn stored(world: &World) -> Vec<Stored> {
    world.store.transaction("look", |tx, _| Box::pin(messages::take(tx, 100))).await.unwrap()
}

#[tokio::test]
async fn a_message_that_no_queue_takes_is_an_error() {
    let world = World::new().await;
    world.uploaded().await;
    let mut messages = stored(&world).await;
    messages.retain(|message| message.exchange == "reelmill.work");
    assert!(matches!(world.broker.send(&messages).await.as_slice(), [Ok(())]));
    messages[0].routing_key = "nowhere".into();
    assert!(matches!(world.broker.send(&messages).await.as_slice(), [Err(SendError::Returned(_))]));
}

#[tokio::test]
async fn an_event_without_a_listener_is_sent_without_an_error() {
    let world = World::new().await;
    world.uploaded().await;
    let mut messages = stored(&world).await;
    messages.retain(|message| message.exchange == "reelmill.events");
    assert!(matches!(world.broker.send(&messages).await.as_slice(), [Ok(())]));
}

#[tokio::test]
async fn each_follower_hears_of_every_change_that_is_announced() {
    let world = World::new().await;
    let stop = CancellationToken::new();
    let mut followers = [world.broker.follow(stop.clone()), world.broker.follow(stop.clone())];
    for follower in &mut followers {
        assert_eq!(heard(follower).await, Followed::Missed, "what was before it is not known");
    }
    let id = world.uploaded().await;
    let mut messages = stored(&world).await;
    messages.retain(|message| message.exchange == "reelmill.events");
    assert!(matches!(world.broker.send(&messages).await.as_slice(), [Ok(())]));
    for follower in &mut followers {
        let Followed::Changed(Announced::Work { submission, state, .. }) = heard(follower).await else {
            panic!("another event")
        };
        assert_eq!((submission, state.as_deref()), (id, Some("probe")));
    }
    stop.cancel();
    for follower in &mut followers {
        assert!(tokio::time::timeout(PATIENCE, follower.recv()).await.unwrap().is_none());
    }
}

async fn heard(follower: &mut mpsc::Receiver<Followed>) -> Followed {
    tokio::time::timeout(PATIENCE, follower.recv()).await.expect("an event").expect("a follower")
}

#[tokio::test]
async fn without_a_broker_messages_stay_in_the_outbox_and_the_process_is_not_ready() {
    let world = World::new().await;
    world.uploaded().await;
    let mut config = world.config.clone();
    // Port 9 is the discard port; no program listens there.
    config.broker.amqp_url = "amqp://guest:guest@127.0.0.1:9/%2f".into();
    let unreachable = Broker::new(&config.broker, &config.allow_plaintext, Metrics::new().unwrap()).unwrap();
    let results = unreachable.send(&stored(&world).await).await;
    assert!(results.iter().all(|result| matches!(result, Err(SendError::Closed(_)))), "{results:?}");
    assert!(unreachable.check().await.is_err());
    assert_eq!(world.store.backlog().await.unwrap().messages, 2);
}

#[tokio::test]
async fn deleted_queues_are_rebuilt_and_pending_work_is_done() {
    let world = World::new().await;
    let process = world.process(probing(async |job| Ok(Outcome::Done(output(&job))))).await;
    eventually("the consumer stands", async || process.runtime.broker.check().await.is_ok()).await;
    let before = world.uploaded().await;
    world.reaches(before, "screen").await;
    world.broker.delete_all().await.unwrap();
    let after = world.uploaded().await;
    world.reaches(after, "screen").await;
    eventually("the consumer stands again", async || process.runtime.broker.check().await.is_ok()).await;
    process.stop().await;
}

#[tokio::test]
async fn queues_deleted_while_no_service_runs_cost_nothing() {
    let world = World::new().await;
    let relaying = world.process(probing(async |_| std::future::pending().await)).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.uploaded().await);
    }
    eventually("all messages are sent", async || world.store.backlog().await.unwrap().messages == 0).await;
    relaying.stop().await;
    world.broker.delete_all().await.unwrap();
    let process = world.process(probing(async |job| Ok(Outcome::Done(output(&job))))).await;
    for id in ids {
        world.reaches(id, "screen").await;
    }
    process.stop().await;
}

#[tokio::test]
async fn two_relays_send_each_message_once() {
    let world = World::new().await;
    for _ in 0..40 {
        world.uploaded().await;
    }
    let messages = world.store.backlog().await.unwrap().messages;
    assert_eq!(messages, 80, "a hint and an event each");
    let mut config = world.config.clone();
    config.work.reconcile_s = 3600.0;
    let (one, other) = tokio::join!(
        world.process_with(config.clone(), runtime::service::Services::new()),
        world.process_with(config, runtime::service::Services::new()),
    );
    eventually("all are sent", async || world.store.backlog().await.unwrap().messages == 0).await;
    let sent = |process: &crate::support::Process| {
        process.runtime.metrics.messages_sent.with_label_values(&["confirmed"]).get()
    };
    assert_eq!(sent(&one) + sent(&other), 80);
    let waiting = world.broker.survey().await.unwrap();
    assert_eq!(waiting.iter().find(|(stage, _)| *stage == Stage::Probe).unwrap().1, 40);
    one.stop().await;
    other.stop().await;
}
