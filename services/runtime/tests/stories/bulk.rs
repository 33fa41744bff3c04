//! New runs of many works: started a few at a time, below new entries, paused and cancelled as one.
use pipeline::id::SubmissionId;
use pipeline::person::Sees;
use pipeline::stage::Stage;
use pipeline::submission::Redo;
use runtime::store::bulk::{self, Ask, Control, Which};
use uuid::Uuid;

use crate::support::{World, eventually, whole_line};

mod kept; // old files, and what partners hold
mod looks; // what a dry run sees
mod order; // which works come first
mod world;

fn ask(from: Stage) -> Ask {
    Ask::Reprocess { from, redo: Redo::default() }
}

fn named(ids: &[SubmissionId]) -> Which {
    Which::Named(ids.to_vec())
}

fn selected(text: &str) -> Which {
    Which::Selected(Box::new(text.parse().unwrap()))
}

#[tokio::test]
async fn a_few_works_are_started_at_a_time_and_the_rest_as_those_end() {
    let world = World::new().await;
    let ids = world.published(5).await;
    let (job, works, skipped) = world.job(&named(&ids), &ask(Stage::Transcode)).await;
    assert_eq!((works, skipped), (5, 0));
    assert_eq!(world.run(ids[0]).await, 1, "asked for, not begun");
    assert_eq!(world.store.bulk_start(2).await.unwrap(), 2);
    assert_eq!(world.store.bulk_start(2).await.unwrap(), 0, "two are under way");
    assert_eq!(world.items(job).await, ["started", "started", "waiting", "waiting", "waiting"]);
    world.work_off(&ids[..2], "published").await;
    world.store.bulk_start(100).await.unwrap();
    world.work_off(&ids, "published").await;
    for id in &ids {
        assert_eq!(world.run(*id).await, 2, "once each");
        assert_eq!(world.in_force(*id).await, [2].into());
    }
    assert_eq!(world.items(job).await, ["done"; 5]);
    world.store.bulk_start(2).await.unwrap();
    assert_eq!(world.job_state(job).await, "done");
}

#[tokio::test]
async fn the_reconciler_starts_what_waits_and_ends_the_job() {
    let world = World::new().await;
    let ids = world.published(3).await;
    let (job, ..) = world.job(&selected("state=published contest=demo"), &ask(Stage::Publish)).await;
    let mut config = world.config.clone();
    config.work.bulk_in_flight = 1;
    let process = world.process_with(config, whole_line(&world.store)).await;
    eventually("the job is done", async || world.job_state(job).await == "done").await;
    process.stop().await;
    for id in ids {
        assert_eq!((world.run(id).await, world.state(id).await.as_str()), (2, "published"));
    }
}

/// Whatever is wrong with a job's row, other jobs continue, and so do all other duties of the reconciler.
#[tokio::test]
async fn a_job_that_cannot_begin_keeps_nothing_else_waiting() {
    let world = World::new().await;
    let ids = world.published(4).await;
    // A job of one work starts immediately, and the reconciler starts nothing of it.
    let (poisoned, _, _) = world.job(&named(&ids[..2]), &ask(Stage::Transcode)).await;
    let (other, _, _) = world.job(&named(&ids[2..]), &ask(Stage::Transcode)).await;
    sqlx::query("update bulk_jobs set actor = 'unknown' where id = $1")
        .bind(poisoned)
        .execute(world.store.pool())
        .await
        .unwrap();
    world.sql("insert into garbage (prefix, keep, due) values ('works/unneeded/', '{}', now())").await;
    world.sql("delete from ticks").await;
    let process = world.process(whole_line(&world.store)).await;
    eventually("the other job is done", async || world.job_state(other).await == "done").await;
    let is_so =
        async |fact: &'static str| -> bool { sqlx::query_scalar(fact).fetch_one(world.store.pool()).await.unwrap() };
    let waits = "select not exists (select from garbage where prefix = 'works/unneeded/' and due <= now())";
    eventually("the garbage is swept", async || is_so(waits).await).await;
    let retained = "select exists (select from ticks where name = 'retention')";
    eventually("retention has its turn", async || is_so(retained).await).await;
    assert_eq!(world.job_state(poisoned).await, "running");
    process.stop().await;
}

#[tokio::test]
async fn paused_and_cancelled_jobs_start_nothing_and_started_works_finish() {
    let world = World::new().await;
    let ids = world.published(3).await;
    let (job, ..) = world.job(&named(&ids), &ask(Stage::Transcode)).await;
    assert_eq!(world.store.bulk_start(1).await.unwrap(), 1);
    assert_eq!(world.control(job, Control::Pause).await, Some(true));
    assert_eq!(world.control(job, Control::Pause).await, Some(false), "once is enough");
    assert_eq!(world.store.bulk_start(9).await.unwrap(), 0);
    world.work_off(&ids[..1], "published").await;
    assert_eq!(world.items(job).await, ["done", "waiting", "waiting"]);
    assert_eq!(world.job_state(job).await, "paused");

    assert_eq!(world.control(job, Control::Resume).await, Some(true));
    assert_eq!(world.store.bulk_start(1).await.unwrap(), 1);
    assert_eq!(world.control(job, Control::Cancel).await, Some(true));
    assert_eq!(world.control(job, Control::Resume).await, Some(false), "cancelled for good");
    assert_eq!(world.store.bulk_start(9).await.unwrap(), 0);
    world.work_off(&ids[1..2], "published").await;
    assert_eq!(world.items(job).await, ["done", "done", "cancelled job_cancelled"]);
    assert_eq!((world.run(ids[1]).await, world.run(ids[2]).await), (2, 1));
    assert_eq!(world.job_state(job).await, "cancelled");
    assert_eq!(world.control(Uuid::now_v7(), Control::Pause).await, None);
}

/// Between its statements, a dry run keeps no row version from vacuum.
#[tokio::test]
async fn a_dry_run_holds_no_snapshot() {
    let world = World::new().await;
    let ids = world.published(2).await;
    let (which, ask) = (&named(&ids), &ask(Stage::Transcode));
    let store = &world.store;
    let held = store.transaction("estimate_job", |tx, _| {
        Box::pin(async move {
            bulk::read_only(tx).await?;
            let looked = bulk::look(tx, which, ask, &Sees::All).await?;
            assert_eq!(looked.works(), 2);
            let pid: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(tx).await?;
            let seen =
                "select state = 'idle in transaction' and backend_xmin is null from pg_stat_activity where pid = $1";
            Ok(sqlx::query_scalar::<_, bool>(seen).bind(pid).fetch_one(store.pool()).await?)
        })
    });
    assert!(held.await.unwrap(), "the transaction is open and holds nothing");
}
