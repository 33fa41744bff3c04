//! The progress of an entry, as viewers and subscribers see it, and the choice that a run makes once for each of its
//! files.
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use pipeline::id::SubmissionId;
use pipeline::part::Part;
use pipeline::progress::Reached;
use pipeline::stage::Stage;
use pipeline::submission::Event;
use runtime::outcome::{Outcome, StoredFile, StoredRendition};
use runtime::service::Services;
use runtime::store::Store;
use runtime::store::files::reuse::Choice;
use runtime::store::submissions::history::Actor;
use runtime::wire;
use runtime::worker::Job;
use serde_json::Value;

use crate::support::{Doing, World, eventually, hand_over, output, probed, screened};

/// Steps of one part in these tests.
const STEPS: u32 = 6;

/// Performs a step, reports its progress, and waits until an event reports it too; the sound fails once at half of its
/// work.
fn at_length(
    store: Store,
    failed: Arc<AtomicBool>,
) -> impl Fn(Job) -> BoxFuture<'static, anyhow::Result<Outcome>> + Send + Sync {
    move |job| {
        let (store, failed) = (store.clone(), failed.clone());
        Box::pin(async move {
            for step in 1..STEPS {
                let done = f64::from(step) / f64::from(STEPS);
                job.progress.set(done);
                is_heard(&store, &job, done).await;
                if job.part == Part::Audio && step == STEPS / 2 && !failed.swap(true, Ordering::SeqCst) {
                    anyhow::bail!("once");
                }
            }
            Ok(Outcome::Done(output(&job)))
        })
    }
}

/// Waits until the part's row contains `done`, and then until there is one more event.
async fn is_heard(store: &Store, job: &Job, done: f64) {
    let (submission, stage, part) = (job.claim.submission.0, job.claim.stage.name(), job.part.to_string());
    eventually("the row says how far the part is", async || {
        let query = "select max(progress)::float8 from parts where submission = $1 and stage = $2 and part = $3";
        let query = sqlx::query_scalar::<_, Option<f64>>(query).bind(submission).bind(stage).bind(&part);
        query.fetch_one(store.pool()).await.unwrap().is_some_and(|progress| progress >= done - 0.01)
    })
    .await;
    let newest = async || {
        let query = sqlx::query_scalar::<_, i64>(
            "select coalesce(max(id), 0) from heard where kind like '%SubmissionProgressed'",
        );
        query.fetch_one(store.pool()).await.unwrap()
    };
    let before = newest().await;
    eventually("an event says how far the entry is", async || newest().await > before).await;
}

/// All five stages; the long ones need [`keep_messages`].
fn slow_line(store: &Store) -> Services {
    let store = store.clone();
    let failed = Arc::new(AtomicBool::new(false));
    let at_length = |failed: Arc<AtomicBool>| at_length(store.clone(), failed);
    Services::new()
        .worker(Doing::<0, _>(at_length(failed.clone())))
        .worker(Doing::<1, _>(|job| -> BoxFuture<'static, _> {
            Box::pin(async move { Ok(Outcome::Done(output(&job))) })
        }))
        .worker(Doing::<2, _>(at_length(failed.clone())))
        .worker(Doing::<3, _>(at_length(failed)))
        .worker(Doing::<4, _>(move |job| -> BoxFuture<'static, _> {
            let store = store.clone();
            Box::pin(async move {
                hand_over(&store, &job).await?;
                Ok(Outcome::Done(output(&job)))
            })
        }))
}

/// Copies every message that is added to the outbox, because the relay deletes it there.
async fn keep_messages(world: &World) {
    for statement in [
        "create table heard (id bigint, kind text, body bytea, routing_key text)",
        "create function hear() returns trigger language plpgsql as $$ begin
            insert into heard values (new.id, new.kind, new.body, new.routing_key); return new; end $$",
        "create trigger hear after insert on outbox for each row execute function hear()",
    ] {
        sqlx::query(statement).execute(world.store.pool()).await.unwrap();
    }
}

async fn announced(world: &World, id: SubmissionId) -> Vec<Value> {
    let query = "select kind, body, routing_key from heard where kind like '%SubmissionProgressed' order by id";
    let rows: Vec<(String, Vec<u8>, String)> = sqlx::query_as(query).fetch_all(world.store.pool()).await.unwrap();
    let events = rows.into_iter().map(|(kind, body, key)| {
        assert_eq!(key, "progress.demo");
        wire::describe(&kind, &body).expect("an event that live views know")
    });
    events.filter(|event| event["submission"] == id.to_string()).collect()
}

#[tokio::test]
async fn a_watcher_sees_it_advance_to_the_end_with_a_remaining_time() {
    let world = World::new().await;
    keep_messages(&world).await;
    let process = world.process(slow_line(&world.store)).await;
    let id = world.uploaded().await;
    let watched = Mutex::new(Vec::<Reached>::new());
    eventually("its files are finished", async || {
        let reached = world.store.progress(id).await.unwrap().expect("an entry");
        watched.lock().unwrap().push(reached);
        reached.done >= 1.0
    })
    .await;
    let seen = watched.into_inner().unwrap();
    world.reaches(id, "published").await;
    for pair in seen.windows(2) {
        assert!(pair[0].done <= pair[1].done, "{pair:?}");
    }
    assert_eq!(seen.last(), Some(&Reached::END));

    let events = announced(&world, id).await;
    let number = |event: &Value, name: &str| event[name].as_f64();
    let done: Vec<f64> = events.iter().map(|event| number(event, "done").unwrap()).collect();
    assert!(done.is_sorted() && done.last() == Some(&1.0), "{done:?}");
    // The probe ends below a tenth. Segments that advance together are seen once for each of their steps, others more
    // often.
    let between = done.iter().filter(|done| (0.1..0.9).contains(*done)).map(|done| done.to_bits());
    let between: std::collections::BTreeSet<_> = between.collect();
    assert!(between.len() >= STEPS as usize - 1, "in steps that people see: {done:?}");
    assert_eq!(number(events.last().unwrap(), "remaining_s"), Some(0.0));
    let left: Vec<f64> = events.iter().filter_map(|event| number(event, "remaining_s")).collect();
    assert!(left.iter().all(|left| left.is_finite() && *left >= 0.0), "{left:?}");
    // `pipeline::progress` tests the accuracy; here a busy machine may delay any part.
    let making = events.iter().filter(|event| (0.2..1.0).contains(&number(event, "done").unwrap()));
    assert!(
        making.clone().count() >= 4 && making.clone().all(|event| number(event, "remaining_s") > Some(0.0)),
        "{events:?}"
    );
    process.stop().await;
}

#[tokio::test]
async fn an_entry_that_is_done_in_a_moment_is_announced_once_and_costs_no_look() {
    let world = World::new().await;
    keep_messages(&world).await;
    let process = world.process(crate::support::whole_line(&world.store)).await;
    let ids = [world.uploaded().await, world.uploaded().await];
    for id in ids {
        world.reaches(id, "published").await;
        let events = announced(&world, id).await;
        assert_eq!(events.iter().map(|event| event["done"].as_f64()).collect::<Vec<_>>(), [Some(1.0)]);
    }
    process.stop().await;
}

#[tokio::test]
async fn a_new_run_begins_at_nothing() {
    let world = World::new().await;
    let process = world.process(crate::support::whole_line(&world.store)).await;
    let id = world.uploaded().await;
    world.reaches(id, "published").await;
    process.stop().await;
    assert_eq!(world.store.progress(id).await.unwrap(), Some(Reached::END));
    let again = Event::Reprocess { from: Stage::Transcode, redo: Default::default() };
    world.store.apply(id, &again, Actor::Operator).await.unwrap();
    assert_eq!(world.store.progress(id).await.unwrap().unwrap().done, 0.0);
    assert_eq!(world.store.progress(SubmissionId(uuid::Uuid::nil())).await.unwrap(), None);
}

#[tokio::test]
async fn how_a_file_is_come_by_is_chosen_once_and_only_by_who_holds_a_part() {
    let world = World::new().await;
    let id = world.uploaded().await;
    for (stage, output) in [(Stage::Probe, probed()), (Stage::Screen, screened())] {
        let claim = world.store.claim(stage, "me").await.unwrap().unwrap();
        let _ = world.store.finish(&claim, &output).await.unwrap();
    }
    let one = world.store.claim(Stage::Transcode, "one").await.unwrap().unwrap();
    let other = world.store.claim(Stage::Transcode, "other").await.unwrap().unwrap();
    let found = StoredRendition {
        video: StoredFile { key: "renditions/x".into(), bytes: 1, sha256: "cd".repeat(32) },
        cover: None,
        covers: Vec::new(),
        comparison: Vec::new(),
        width: 2,
        height: 2,
        duration_ms: 1,
        qc: Vec::new(),
        engine: "test".into(),
        artefact: Some("ab".repeat(32)),
        reused_from: None,
    };
    let taken_over = Choice { name: "web-720".into(), rendition: Some(found) };
    let made = Choice { name: "web-720".into(), rendition: None };
    let address = [0xab; 32];
    assert_eq!(world.store.choose(&one, &address, &taken_over).await.unwrap().as_ref(), Some(&taken_over));
    assert_eq!(
        world.store.choose(&other, &address, &made).await.unwrap().as_ref(),
        Some(&taken_over),
        "the first holds"
    );
    assert_eq!(world.store.choices(id, 1).await.unwrap(), [taken_over]);
    let _ = world.store.hand_back(&one).await.unwrap();
    assert_eq!(world.store.choose(&one, &address, &made).await.unwrap(), None, "its claim is over");
}
