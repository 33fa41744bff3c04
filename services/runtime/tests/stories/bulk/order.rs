//! Which works come first: two jobs over the same work, ranks, and the claim.
use std::time::Duration;

use pipeline::stage::Stage;
use runtime::store::bulk::{BULK_RANK, Refusal};

use super::{ask, named, selected};
use crate::support::World;

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
