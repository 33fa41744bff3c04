//! New runs of many works: started a few at a time, below new entries, paused and cancelled as one.
use std::collections::BTreeSet;
use std::time::Duration;

use pipeline::delivery::Desired;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::part::Part;
use pipeline::person::Sees;
use pipeline::rejection::Rejection;
use pipeline::stage::Stage;
use pipeline::submission::{Event, Redo};
use runtime::store::bulk;
use runtime::store::bulk::{Ask, BULK_RANK, Control, Refusal, Which};
use runtime::store::history::Actor;
use uuid::Uuid;

use crate::support::{World, all_but_publish, eventually, probed, whole_line};

mod looks; // what a dry run sees
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
    let config = runtime::config::Config { bulk_in_flight: 1, ..world.config.clone() };
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

#[tokio::test]
async fn of_two_jobs_over_the_same_work_the_second_leaves_it_to_the_first() {
    let world = World::new().await;
    let ids = world.published(3).await;
    let (first, ..) = world.job(&named(&ids[..2]), &ask(Stage::Transcode)).await;
    let (second, works, skipped) = world.job(&selected("state=published"), &ask(Stage::Probe)).await;
    assert_eq!((works, skipped), (1, 2));
    assert_eq!(world.items(second).await, ["skipped in_another_job", "skipped in_another_job", "waiting"]);
    let said = world.store.bulk_items(second, None, 1000).await.unwrap()[0].detail.clone();
    assert_eq!(said, Some(first.to_string()));
    assert_eq!(
        world.create(&named(&ids[..1]), &ask(Stage::Probe)).await,
        Err(Refusal::InAnotherJob(first)),
        "a single one that waits in a job is the job's"
    );
    world.store.bulk_start(9).await.unwrap();
    for (id, run_parts) in ids.iter().zip(["transcode", "transcode", "probe"]) {
        assert_eq!((world.run(*id).await, world.state(*id).await.as_str()), (2, run_parts));
    }
}

#[tokio::test]
async fn bulk_work_goes_after_new_entries_until_it_has_waited_too_long() {
    let world = World::new().await;
    let ids = world.published(4).await;
    world.job(&named(&ids), &ask(Stage::Probe)).await;
    world.store.bulk_start(9).await.unwrap();
    assert_eq!(world.rank(ids[0], 2).await, [BULK_RANK]);
    let claim = async || world.store.claim(Stage::Probe, "me").await.unwrap().unwrap().submission;
    let (new, newer) = (world.uploaded().await, world.uploaded().await);
    assert_eq!(claim().await, new, "older bulk work lets a new entry pass");

    // A quarter of an hour passes.
    world.sql("update parts set not_before = not_before - interval '15 minutes' where rank > 0").await;
    let age = Duration::from_secs(900);
    assert_eq!(world.store.age_parts(age).await.unwrap(), 2, "a few of a stage at a time");
    assert_eq!(world.store.age_parts(age).await.unwrap(), 0, "those wait still");
    assert_eq!([claim().await, claim().await], [ids[0], ids[1]]);
    assert_eq!(claim().await, newer, "then the new entry, not all of the bulk work");
    assert_eq!(world.store.age_parts(age).await.unwrap(), 2);
    assert_eq!([claim().await, claim().await], [ids[2], ids[3]]);
}

#[tokio::test]
async fn what_a_bulk_run_does_later_has_its_rank_and_a_single_works_run_has_none() {
    let world = World::new().await;
    let ids = world.published(3).await;
    world.job(&named(&ids[..2]), &ask(Stage::Transcode)).await;
    world.store.bulk_start(9).await.unwrap();
    let (_, works, _) = world.job(&named(&ids[2..]), &ask(Stage::Transcode)).await;
    assert_eq!((works, world.state(ids[2]).await.as_str()), (1, "transcode"), "one is begun at once");
    world.work_off(&ids, "published").await;
    assert_eq!(world.rank(ids[0], 2).await, [BULK_RANK], "every stage of it");
    assert_eq!((world.rank(ids[0], 1).await, world.rank(ids[2], 2).await), (vec![0], vec![0]));
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

#[tokio::test]
async fn claiming_reads_one_index_in_order_whatever_the_ranks() {
    let world = World::new().await;
    world.rows_are_planted();
    world.uploaded().await;
    world
        .sql(
            "insert into parts (submission, run, stage, part, status, rank)
        select s.id, n, 'probe', 'mezzanine', 'pending', n % 3 * 100 from submissions s, generate_series(2, 20000) n",
        )
        .await;
    world.sql("analyze parts").await;
    let plan: Vec<String> = sqlx::query_scalar(
        "explain select submission, run, stage, part from parts where stage = 'probe' and status = 'pending'
        order by rank, created_at limit 1 for update skip locked",
    )
    .fetch_all(world.store.pool())
    .await
    .unwrap();
    let plan = plan.join("\n");
    assert!(plan.contains("Index Scan using parts_to_claim") && !plan.contains("Sort"), "{plan}");
}

#[tokio::test]
async fn old_renditions_stay_in_force_until_all_new_ones_exist() {
    let world = World::new().await;
    let id = world.published(1).await[0];
    let (job, ..) = world.job(&named(&[id]), &ask(Stage::Screen)).await;
    world.store.claim(Stage::Screen, "me").await.unwrap().expect("the screen part");
    assert_eq!(world.in_force(id).await, [1].into());
    // Superseded by another run.
    let (next, ..) = world.job(&named(&[id]), &ask(Stage::Probe)).await;
    assert_eq!(world.items(job).await, ["cancelled overtaken"]);
    // Refused.
    let claim = world.store.claim(Stage::Probe, "me").await.unwrap().expect("the probe part");
    assert_eq!(
        world.store.reject(&claim, &Rejection::NoVideo).await.unwrap(),
        runtime::store::parts::Commit::Committed
    );
    assert_eq!(
        (world.items(next).await, world.state(id).await.as_str()),
        (vec!["failed rejected".to_owned()], "rejected")
    );
    assert_eq!(world.in_force(id).await, [1].into());
    // A run that succeeds.
    world.job(&named(&[id]), &ask(Stage::Probe)).await;
    let claim = world.store.claim(Stage::Probe, "me").await.unwrap().expect("the probe part");
    let _ = world.store.finish(&claim, &probed()).await.unwrap();
    assert_eq!(world.in_force(id).await, [1].into());
    world.work_off(&[id], "published").await;
    assert_eq!(world.in_force(id).await, [4].into());
}

#[tokio::test]
async fn a_work_that_cannot_begin_or_is_being_made_is_left_out_and_that_is_said() {
    let world = World::new().await;
    let mut ids = world.published(1).await;
    let early = world.entered(pipeline::submission::Gate::Automatic).await;
    let busy = world.uploaded().await;
    ids.extend([early, busy]);
    let (looked, _) = world.estimate(&named(&ids), &ask(Stage::Probe), None).await;
    assert_eq!((looked.works(), looked.under_way), (1, 1));
    assert_eq!(looked.cannot_begin, [("uploading".to_owned(), 1)].into());
    let (job, ..) = world.job(&named(&ids), &ask(Stage::Probe)).await;
    assert_eq!(world.store.bulk_start(9).await.unwrap(), 1);
    assert_eq!(world.items(job).await, ["started", "skipped cannot_begin", "skipped run_under_way"]);
    assert_eq!((world.run(busy).await, world.run(early).await), (1, 1));
}

#[tokio::test]
async fn partners_keep_what_they_hold_unless_asked_to_make_room() {
    let world = World::new().await;
    let id = world.published(1).await[0];
    for partner in ["bilibili", "tiangong"] {
        world.goes_live(id, partner).await;
    }
    let replace: BTreeSet<PartnerId> = ["bilibili".into()].into();
    let ask = Ask::Reprocess { from: Stage::Transcode, redo: Redo { partners: None, replace } };
    let (_, estimate) = world.estimate(&named(&[id]), &ask, None).await;
    // For the others, a person has it, who may have delivered it.
    assert!(estimate.holdings.len() == 9 && estimate.holdings.values().all(|held| held.holds == 1));
    let replaced = estimate.holdings.iter().filter(|(_, held)| held.replaced > 0).map(|(id, _)| id.as_str());
    assert_eq!(replaced.collect::<Vec<_>>(), ["bilibili"]);
    world.job(&named(&[id]), &ask).await;
    let delivery = async |partner: &str| world.store.delivery(id, &partner.into()).await.unwrap().unwrap().machine;
    assert_eq!((delivery("bilibili").await.desired, delivery("bilibili").await.then), (Desired::Live, None), "not yet");
    let process = world.process(all_but_publish()).await;
    world.reaches(id, "publish").await;
    process.stop().await;
    let (bilibili, tiangong) = (delivery("bilibili").await, delivery("tiangong").await);
    assert_eq!((bilibili.desired, bilibili.then, bilibili.run), (Desired::Gone, Some(2), 1), "makes room first");
    assert_eq!((tiangong.desired, tiangong.then, tiangong.run), (Desired::Live, None, 1));
}

#[tokio::test]
async fn a_delivery_continues_until_the_next_run_reaches_the_partner() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let process = world.process(all_but_publish()).await;
    world.reaches(id, "publish").await;
    process.stop().await;
    let status = async |run: u32, partner: &str| {
        let name = Part::Partner(partner.into()).to_string();
        let parts = world.parts_of_run(id, run).await;
        parts.into_iter().find(|part| part.part == name).map(|part| part.status)
    };
    let one = Redo { partners: Some(["bilibili".into()].into()), ..Redo::default() };
    world.job(&named(&[id]), &Ask::Reprocess { from: Stage::Transcode, redo: one }).await;
    assert_eq!(world.state(id).await, "transcode");
    assert_eq!(status(1, "bilibili").await.as_deref(), Some("pending"), "it may be looked at there");
    let process = world.process(all_but_publish()).await;
    world.reaches(id, "publish").await;
    process.stop().await;
    assert_eq!(status(1, "bilibili").await.as_deref(), Some("cancelled"));
    assert_eq!(status(2, "bilibili").await.as_deref(), Some("pending"));
    assert_eq!(status(1, "tiangong").await.as_deref(), Some("pending"), "the run does not come to this one");
    assert_eq!(status(2, "tiangong").await, None);
    world.store.apply(id, &Event::Revoked, Actor::Operator).await.unwrap();
    assert_eq!(status(1, "tiangong").await.as_deref(), Some("cancelled"));
}
