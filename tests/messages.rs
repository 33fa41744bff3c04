//! RabbitMQ repeats messages, loses everything, times out, or dies: the table of parts is authoritative.
use std::time::Duration;

use pipeline::stage::Stage;

use crate::support::wait::{holds_for, wait_until_true};
use crate::support::{Direction, Pause, Servers, Setup, TestPipeline, wait_until};

/// The deadline of every wait, on a machine shared by ten tests. Speed is not judged here.
const SOON: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread")]
async fn every_message_sent_three_times_and_out_of_order_does_each_part_once() {
    let pipeline = TestPipeline::with(Setup { segment_s: 1, ..Setup::default() }).await;
    let one = pipeline.serve("one", &[]).await;
    let _other = pipeline.serve("other", &[]).await;
    let broker = pipeline.broker().await;
    broker.repeat_everything().await;
    let mut works = Vec::new();
    for _ in 0..3 {
        works.push(pipeline.submit(&one, 3).await);
        // Messages about parts that do not exist, last stage first.
        for stage in Stage::ALL.into_iter().rev() {
            broker.say_there_is_work(stage, 3).await;
        }
    }
    for work in works {
        pipeline.truth.reaches(work, "published", SOON).await;
        for part in pipeline.truth.parts(work).await {
            assert_eq!((part.status.as_str(), part.attempt), ("done", 0), "{part:?}");
        }
    }
    // Each part was claimed once: there are as many fences as parts.
    let claims = pipeline.truth.count("select last_value from part_fences").await;
    assert_eq!(claims, pipeline.truth.count("select count(*) from parts").await, "parts were claimed more than once");
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_deleted_while_work_is_pending_are_rebuilt_from_the_table() {
    let pipeline = TestPipeline::new().await;
    let others = pipeline.serve("others", &["upload", "probe", "publish"]).await;
    let work = pipeline.submit(&others, 3).await;
    pipeline.truth.reaches(work, "transcode", SOON).await;
    let broker = pipeline.broker().await;
    broker.delete_queues().await;
    // The consumers are back, and the messages of the pending parts are back, without an operator.
    for stage in [Stage::Probe, Stage::Screen, Stage::Publish] {
        wait_until(&format!("{stage} is listened to again"), SOON, async || {
            broker.queue_state(stage).await.filter(|(_, consumers)| *consumers > 0)
        })
        .await;
    }
    wait_until("the queue of transcode has messages again", SOON, async || {
        broker.queue_state(Stage::Transcode).await.filter(|(messages, _)| *messages > 0)
    })
    .await;
    pipeline.serve("transcode", &["transcode"]).await;
    pipeline.truth.reaches(work, "published", SOON).await;
    let later = pipeline.submit(&others, 2).await;
    pipeline.truth.reaches(later, "published", SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consuming_resumes_after_a_killed_brokers_return_without_a_restart() {
    let pipeline = TestPipeline::with(Setup { servers: Some(Servers::own("")), ..Setup::default() }).await;
    let service = pipeline.serve("all", &[]).await;
    let before = pipeline.submit(&service, 3).await;
    // Moments after the queues were declared: the last one comes back without a leader, and has to be replaced in that
    // time.
    pipeline.servers.kill_rabbitmq();
    wait_until_true("it says that it is not ready", SOON, async || !service.is_ready().await).await;
    // Entries are accepted all the same: they need only the database.
    let during = pipeline.submit(&service, 2).await;
    pipeline.servers.start_rabbitmq();
    let broker = pipeline.broker().await;
    for stage in Stage::ALL {
        wait_until(&format!("{stage} is listened to again"), SOON, async || {
            broker.queue_state(stage).await.filter(|(_, consumers)| *consumers > 0)
        })
        .await;
    }
    for work in [before, during] {
        pipeline.truth.reaches(work, "published", SOON).await;
    }
    wait_until_true("it is ready again", SOON, async || service.is_ready().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_nobody_hears_any_more_is_left_and_found_again() {
    let pipeline = TestPipeline::new().await;
    let (proxy, through) = pipeline.proxy_to(&pipeline.amqp_url).await;
    let service = pipeline.serve_with("all", &[], &[("AMQP_URL", &through)]).await;
    // The connection stays open and silent: only heartbeats detect it.
    proxy.swallow(Direction::ToClient);
    wait_until_true("it says that it is not ready", SOON, async || !service.is_ready().await).await;
    let work = pipeline.submit(&service, 2).await;
    proxy.cut();
    holds_for("not ready", Duration::from_secs(2), async || !service.is_ready().await).await;
    proxy.mend();
    wait_until_true("it is ready again", SOON, async || service.is_ready().await).await;
    pipeline.truth.reaches(work, "published", SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_outlasts_two_periods_of_a_brokers_patience() {
    let servers = Servers::own_impatient(20);
    let pipeline = TestPipeline::with(Setup { servers: Some(servers), ..Setup::default() }).await;
    let others = pipeline.serve("others", &["upload", "probe", "publish"]).await;
    let pause = Pause::new(pipeline.dir());
    let worker = pipeline.serve_with("worker", &["transcode"], &[pause.env(), ("SLOTS", "2")]).await;
    let long = pipeline.submit(&others, 3).await;
    worker.paused_children(2, SOON).await;
    let held = pipeline.truth.part_is(long, "transcode", "claimed", SOON).await;
    pause.off();
    wait_until_true("the broker has lost its patience", SOON, async || {
        worker.log_text().contains("the session for transcode ended")
    })
    .await;
    let another_period = Duration::from_secs(25);
    holds_for("the part stays with its worker", another_period, async || {
        let parts = pipeline.truth.parts(long).await;
        parts.iter().any(|part| part.part == held.part && part.status == "claimed" && part.fence == held.fence)
    })
    .await;
    worker.continue_children();
    pipeline.truth.reaches(long, "published", SOON).await;
    let done = pipeline.truth.parts(long).await;
    let done = done.iter().find(|part| part.stage == "transcode" && part.part == held.part).expect("the part is there");
    assert_eq!((done.fence, done.attempt), (held.fence, 0), "the part was done again");
    assert!(worker.is_ready().await, "the worker does not listen any more");
}
