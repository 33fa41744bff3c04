//! Workers that are killed, paused or stopped, at every point where it could matter: nothing is lost, made twice or
//! left behind.
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use uuid::Uuid;

use crate::support::process::is_alive;
use crate::support::truth::PartRow;
use crate::support::wait::{holds_for, wait_until_true};
use crate::support::{Direction, Pause, Service, TestPipeline, leftovers};

/// The deadline of every wait: long compared with a lease and a short work on a busy machine. Speed is not judged here.
const SOON: Duration = Duration::from_secs(180);
/// A lease for tests that wait until one expires. Its holder renews it at every third of it, which a busy machine still
/// manages.
const SHORT_LEASE: (&str, &str) = ("LEASE_S", "10");
/// A lease that outlasts every test: work that continues did not wait for it.
const ENDLESS_LEASE: (&str, &str) = ("LEASE_S", "3600");
/// Parts that a worker has at a time: its slots, and the number of parts in the transcode stage of a short work (one
/// segment, and the sound).
const AT_A_TIME: usize = 2;
/// Roles of the service that does all but the stages in question.
const OTHERS: [&str; 3] = ["upload", "probe", "publish"];

/// A submission whose transcode parts wait for a worker, and the service that did the earlier stages.
async fn waiting_for_transcode(pipeline: &TestPipeline) -> (Arc<Service>, Uuid) {
    let others = pipeline.serve("others", &OTHERS).await;
    let work = pipeline.submit(&others, 3).await;
    pipeline.truth.reaches(work, "transcode", SOON).await;
    (others, work)
}

/// Starts a second worker for `roles` and waits until everything is published. Every open part of `stage` must have begun
/// there under a new fence.
async fn finished_elsewhere(pipeline: &TestPipeline, work: Uuid, roles: &[&str], stage: &str) {
    let before = fences(&pipeline.truth.parts(work).await, stage);
    pipeline.serve("heir", roles).await;
    wait_until_true(&format!("every part of {stage} has begun elsewhere"), SOON, async || {
        let now = pipeline.truth.parts(work).await;
        now.iter()
            .filter(|part| part.stage == stage)
            .all(|part| part.fence.is_some_and(|fence| !before.contains(&fence)))
    })
    .await;
    pipeline.truth.reaches(work, "published", SOON).await;
}

/// Fences under which open parts of a stage are held.
fn fences(parts: &[PartRow], stage: &str) -> Vec<i64> {
    parts.iter().filter(|part| part.stage == stage && part.status == "claimed").filter_map(|part| part.fence).collect()
}

async fn die(children: &[Pid]) {
    wait_until_true("the dead worker's children are dead too", SOON, async || {
        !children.iter().any(|pid| is_alive(*pid))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_its_claim_costs_a_lease_and_nothing_else() {
    let pipeline = TestPipeline::new().await;
    let (_others, work) = waiting_for_transcode(&pipeline).await;
    let gate = pipeline.truth.gate("parts", "new.status = 'claimed' and new.stage = 'transcode'").await;
    let victim = pipeline.start("victim", &["transcode"], &[SHORT_LEASE]);
    pipeline.truth.reaches_gate(SOON).await;
    victim.kill();
    // The pending statement now succeeds: the dead worker has claimed the part.
    gate.open().await;
    finished_elsewhere(&pipeline, work, &["transcode"], "transcode").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_during_its_child_leaves_no_process_and_the_part_runs_elsewhere() {
    let pipeline = TestPipeline::new().await;
    let pause = Pause::new(pipeline.dir());
    let (_others, work) = waiting_for_transcode(&pipeline).await;
    let victim = pipeline.start("victim", &["transcode"], &[pause.env(), SHORT_LEASE]);
    let children = victim.paused_children(AT_A_TIME, SOON).await;
    victim.kill();
    die(&children).await;
    finished_elsewhere(&pipeline, work, &["transcode"], "transcode").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn segments_put_by_a_worker_that_died_before_its_commit_are_made_anew_and_swept() {
    killed_between_put_and_commit("transcode", "work/").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rendition_put_by_a_worker_that_died_before_its_commit_is_made_anew_and_swept() {
    killed_between_put_and_commit("assemble", "renditions/").await;
}

async fn killed_between_put_and_commit(stage: &str, prefix: &str) {
    let pipeline = TestPipeline::new().await;
    let (_others, work) = waiting_for_transcode(&pipeline).await;
    let gate = pipeline.truth.gate("parts", &format!("new.status = 'done' and new.stage = '{stage}'")).await;
    let victim = pipeline.start("victim", &["transcode"], &[SHORT_LEASE]);
    pipeline.truth.reaches_gate(SOON).await;
    let put = objects_of(&pipeline, prefix, work).await;
    assert!(!put.is_empty(), "the victim commits before it has put anything");
    victim.kill();
    gate.open().await;
    finished_elsewhere(&pipeline, work, &["transcode"], stage).await;
    // The successor's attempt has a key of its own. Drop checks that the victim's is removed.
    let now = objects_of(&pipeline, prefix, work).await;
    assert!(
        prefix != "renditions/" || put.iter().all(|key| now.contains(key)),
        "the victim's files were touched: {now:?}"
    );
}

async fn objects_of(pipeline: &TestPipeline, prefix: &str, work: Uuid) -> Vec<String> {
    let keys = leftovers::keys(&pipeline.objects).await;
    keys.into_iter().filter(|key| key.starts_with(prefix) && key.contains(&work.to_string())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drop_whose_sender_died_before_noting_it_is_read_back_and_not_sent_twice() {
    let pipeline = TestPipeline::new().await;
    let others = pipeline.serve("others", &["upload", "probe", "transcode"]).await;
    let work = pipeline.submit(&others, 3).await;
    pipeline.truth.reaches(work, "publish", SOON).await;
    let gate = pipeline.truth.gate("deliveries", "new.state = 'live'").await;
    let victim = pipeline.start("victim", &["publish"], &[SHORT_LEASE]);
    pipeline.truth.reaches_gate(SOON).await;
    let dropped = pipeline.partner_files();
    assert!(dropped.keys().any(|file| file.ends_with(".done")), "the drop is noted before it is complete: {dropped:?}");
    victim.kill();
    gate.open().await;
    finished_elsewhere(&pipeline, work, &["publish"], "publish").await;
    assert_eq!(pipeline.partner_files(), dropped, "the drop was written again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_redelivered_after_the_commit_finds_no_work() {
    let pipeline = TestPipeline::new().await;
    let (_others, work) = waiting_for_transcode(&pipeline).await;
    let (proxy, through) = pipeline.proxy_to(&pipeline.amqp_url).await;
    let pause = Pause::new(pipeline.dir());
    let victim =
        pipeline.serve_with("victim", &["transcode"], &[("AMQP_URL", &through), pause.env(), SHORT_LEASE]).await;
    victim.paused_children(AT_A_TIME, SOON).await;
    // From here on the broker receives nothing from the victim.
    proxy.swallow(Direction::ToServer);
    pause.off();
    victim.continue_children();
    let done = pipeline.truth.part_is(work, "transcode", "done", SOON).await;
    victim.kill();
    finished_elsewhere(&pipeline, work, &["transcode"], "assemble").await;
    let after = pipeline.truth.parts(work).await;
    let after =
        after.iter().find(|part| part.stage == done.stage && part.part == done.part).expect("the part is there");
    assert_eq!((after.fence, &after.output), (done.fence, &done.output), "what was committed was done again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_resumed_after_three_leases_in_its_child_changes_nothing() {
    let pipeline = TestPipeline::new().await;
    let pause = Pause::new(pipeline.dir());
    let (others, work) = waiting_for_transcode(&pipeline).await;
    let zombie = pipeline.serve_with("zombie", &["transcode"], &[pause.env(), SHORT_LEASE]).await;
    let children = zombie.paused_children(AT_A_TIME, SOON).await;
    zombie.signal(Signal::STOP);
    finished_elsewhere(&pipeline, work, &["transcode"], "transcode").await;
    sleeps_on_and_changes_nothing(&pipeline, work, async || {
        pause.off();
        for child in &children {
            let _ = kill_process(*child, Signal::CONT);
        }
        zombie.signal(Signal::CONT);
        fenced_off(&zombie).await;
    })
    .await;
    works_again(&pipeline, &others, &zombie).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_resumed_after_three_leases_in_its_commit_changes_nothing() {
    let pipeline = TestPipeline::new().await;
    let (others, work) = waiting_for_transcode(&pipeline).await;
    let gate = pipeline.truth.gate("parts", "new.status = 'done' and new.stage = 'assemble'").await;
    let zombie = pipeline.serve_with("zombie", &["transcode"], &[SHORT_LEASE]).await;
    pipeline.truth.reaches_gate(SOON).await;
    zombie.signal(Signal::STOP);
    // Its transaction continues to the next answer that it cannot read, and holds its locks until the database ends it.
    gate.open().await;
    finished_elsewhere(&pipeline, work, &["transcode"], "assemble").await;
    sleeps_on_and_changes_nothing(&pipeline, work, async || {
        zombie.signal(Signal::CONT);
        wait_until_true("the zombie has given up its parts", SOON, async || {
            zombie.metric("reelmill_parts_running{stage=\"assemble\"}").await == 0.0 && zombie.is_ready().await
        })
        .await;
    })
    .await;
    works_again(&pipeline, &others, &zombie).await;
}

/// Lets a stopped worker, whose lease has already expired once, sleep for two more leases, wakes it, and compares the
/// submission before and after.
async fn sleeps_on_and_changes_nothing(pipeline: &TestPipeline, work: Uuid, wake: impl AsyncFnOnce()) {
    let two_leases = Duration::from_secs(20);
    holds_for("published", two_leases, async || pipeline.truth.state(work).await == "published").await;
    let before = state_of(pipeline, work).await;
    wake().await;
    assert_eq!(state_of(pipeline, work).await, before, "the zombie changed something");
}

/// The whole stored state of a submission, as one text.
async fn state_of(pipeline: &TestPipeline, work: Uuid) -> String {
    let parts = pipeline.truth.parts(work).await;
    let renditions =
        pipeline.truth.texts("select row_to_json(renditions)::text from renditions order by run, name").await;
    let deliveries =
        pipeline.truth.texts("select row_to_json(deliveries)::text from deliveries order by partner").await;
    let history = pipeline.truth.texts("select row_to_json(history)::text from history order by id").await;
    format!("{parts:#?}\n{renditions:#?}\n{deliveries:#?}\n{history:#?}")
}

async fn fenced_off(zombie: &Service) {
    wait_until_true("the zombie has found that its part has a new owner", SOON, async || {
        zombie.metric("reelmill_parts_total{outcome=\"fenced\",reason=\"none\",stage=\"transcode\"}").await > 0.0
    })
    .await;
}

/// Ends the successor and shows that the woken worker works as before.
async fn works_again(pipeline: &TestPipeline, upload: &Service, zombie: &Service) {
    let heir = pipeline.services().into_iter().find(|service| service.name == "heir").expect("there is an heir");
    heir.stop();
    let next = pipeline.submit(upload, 2).await;
    pipeline.truth.reaches(next, "published", SOON).await;
    assert!(zombie.ended().is_none(), "the zombie has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_asked_to_stop_hands_its_part_back_before_its_lease_ends() {
    let pipeline = TestPipeline::new().await;
    let pause = Pause::new(pipeline.dir());
    let (_others, work) = waiting_for_transcode(&pipeline).await;
    let worker = pipeline.serve_with("worker", &["transcode"], &[pause.env(), ENDLESS_LEASE]).await;
    let children = worker.paused_children(AT_A_TIME, SOON).await;
    // Panics unless it exits with 0.
    worker.stop();
    assert!(!children.iter().any(|pid| is_alive(*pid)), "a media child outlives its worker");
    for part in pipeline.truth.parts(work).await.iter().filter(|part| part.stage == "transcode") {
        assert_eq!((part.status.as_str(), part.attempt), ("pending", 0), "not handed back: {part:?}");
    }
    finished_elsewhere(&pipeline, work, &["transcode"], "transcode").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_asked_twice_stops_at_once_and_hands_its_part_back() {
    let pipeline = TestPipeline::new().await;
    let pause = Pause::new(pipeline.dir());
    let (_others, work) = waiting_for_transcode(&pipeline).await;
    // With a grace period this long, only the second signal can end its parts; what outlasts the service's own limit is
    // abandoned.
    let env = [pause.env(), ENDLESS_LEASE, ("STOP_GRACE_S", "3600")];
    let worker = pipeline.serve_with("worker", &["transcode"], &env).await;
    let children = worker.paused_children(AT_A_TIME, SOON).await;
    worker.signal(Signal::TERM);
    wait_until_true("it has heard the first signal", SOON, async || worker.log_text().contains("stopping")).await;
    worker.signal(Signal::TERM);
    let status = worker.end(SOON).await;
    assert!(status.success(), "it ended with {status}");
    assert!(!worker.log_text().contains("did not stop in time"), "the second signal was not heard");
    assert!(!children.iter().any(|pid| is_alive(*pid)), "a media child outlives its worker");
    for part in pipeline.truth.parts(work).await.iter().filter(|part| part.stage == "transcode") {
        assert_eq!((part.status.as_str(), part.attempt), ("pending", 0), "not handed back: {part:?}");
    }
    finished_elsewhere(&pipeline, work, &["transcode"], "transcode").await;
}
