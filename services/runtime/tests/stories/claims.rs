//! Which worker gets which part, and what a claim means.
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use futures::future::join_all;
use pipeline::part::Part;
use pipeline::screening::Verdict;
use pipeline::stage::Stage;
use pipeline::submission::Event;
use runtime::outcome::{Outcome, Output};
use runtime::store::submissions;
use runtime::store::submissions::history::By;
use runtime::store::work::parts::{Commit, Failed};
use tokio_util::sync::CancellationToken;

use crate::support::{World, eventually, output, probed, probing, refusal, screened};

#[tokio::test]
async fn a_commit_with_an_old_fence_changes_nothing() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let zombie = world.store.claim(Stage::Probe, "zombie").await.unwrap().unwrap();
    eventually("the lease expires", async || !world.store.expire_leases().await.unwrap().is_empty()).await;
    let heir = world.store.claim(Stage::Probe, "heir").await.unwrap().unwrap();
    assert!(heir.fence > zombie.fence);
    let before = world.snapshot(id).await;
    assert_eq!(world.store.finish(&zombie, &probed()).await.unwrap(), Commit::Fenced);
    assert_eq!(world.store.reject(&zombie, &refusal()).await.unwrap(), Commit::Fenced);
    assert_eq!(world.store.fail(&zombie, "late").await.unwrap(), Failed::Fenced);
    assert_eq!(world.store.later(&zombie, Duration::ZERO).await.unwrap(), Commit::Fenced);
    assert_eq!(world.store.hand_back(&zombie).await.unwrap(), Commit::Fenced);
    assert_eq!(world.store.renew(&zombie, 1.0).await.unwrap(), Commit::Fenced);
    assert_eq!(world.snapshot(id).await, before);
    assert_eq!(world.store.finish(&heir, &probed()).await.unwrap(), Commit::Committed);
    assert_eq!(world.state(id).await, "screen");
    assert_eq!(world.store.finish(&heir, &probed()).await.unwrap(), Commit::Fenced, "twice is once");
}

/// Each part in progress is renewed every few seconds. What a renewal changes is in no index, so PostgreSQL stores the
/// new version of the row beside the old one and writes to no index.
#[tokio::test]
async fn what_a_renewal_changes_is_in_no_index() {
    let world = World::new().await;
    let query = "select indexdef from pg_indexes where tablename = 'parts' and indexdef ~ 'lease_until|progress'";
    let found: Vec<String> = sqlx::query_scalar(query).fetch_all(world.store.pool()).await.unwrap();
    assert_eq!(found, [""; 0]);
}

/// Most parts that end leave their work in its state. That update of the work writes to no index either.
#[tokio::test]
async fn a_part_that_is_done_and_moves_its_work_nowhere_writes_to_no_index_of_works() {
    let world = World::new().await;
    let id = world.uploaded().await;
    for (stage, output) in [(Stage::Probe, probed()), (Stage::Screen, screened())] {
        let claim = world.store.claim(stage, "me").await.unwrap().unwrap();
        assert_eq!(world.store.finish(&claim, &output).await.unwrap(), Commit::Committed);
    }
    // The event comes without its part, and its transaction is rolled back.
    world.rows_are_planted();
    let done = Event::PartDone { run: 1, stage: Stage::Transcode, part: Part::Segment(0) };
    let (world, done) = (&world, &done);
    eventually("the new version is beside the old one", async || {
        // The versions before may have filled the row's page, and are removed once no process on the server can see them.
        sqlx::query("vacuum full submissions").execute(world.store.pool()).await.unwrap();
        let mut tx = world.store.pool().begin().await.unwrap();
        // The counts are the connection's, of what it did before as well.
        let counted = "select n_tup_upd, n_tup_hot_upd from pg_stat_xact_user_tables where relname = 'submissions'";
        let before: (i64, i64) = sqlx::query_as(counted).fetch_one(&mut *tx).await.unwrap();
        let applied = submissions::apply(&mut tx, world.store.policy(), id, done, &By::WORKER).await.unwrap();
        assert!(applied.changed && applied.machine.state.name() == "transcode", "other parts are left");
        let after: (i64, i64) = sqlx::query_as(counted).fetch_one(&mut *tx).await.unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(after.0 - before.0, 1);
        after.1 - before.1 == 1
    })
    .await;
}

#[tokio::test]
async fn a_first_look_is_kept_only_for_the_holder_of_the_claim() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let zombie = world.store.claim(Stage::Probe, "zombie").await.unwrap().unwrap();
    let Output::Screened { verdict: late, .. } = screened() else { panic!("screening gives a verdict") };
    eventually("the lease expires", async || !world.store.expire_leases().await.unwrap().is_empty()).await;
    let heir = world.store.claim(Stage::Probe, "heir").await.unwrap().unwrap();
    world.store.keep_first_look(&zombie, &late).await.unwrap();
    assert_eq!(world.store.first_look(id).await.unwrap(), None);
    let look = Verdict { rules: late.rules[..2].to_vec() };
    world.store.keep_first_look(&heir, &look).await.unwrap();
    world.store.keep_first_look(&zombie, &late).await.unwrap();
    assert_eq!(world.store.first_look(id).await.unwrap(), Some(look));
    assert_eq!(world.store.finish(&heir, &probed()).await.unwrap(), Commit::Committed);
}

#[tokio::test]
async fn parts_are_claimed_by_rank_and_then_by_age() {
    let world = World::new().await;
    let (old, young, urgent) = (world.uploaded().await, world.uploaded().await, world.uploaded().await);
    sqlx::query("update parts set rank = -1 where submission = $1")
        .bind(urgent.0)
        .execute(world.store.pool())
        .await
        .unwrap();
    for expected in [urgent, old, young] {
        assert_eq!(world.store.claim(Stage::Probe, "me").await.unwrap().unwrap().submission, expected);
    }
    assert!(world.store.claim(Stage::Probe, "me").await.unwrap().is_none());
}

#[tokio::test]
async fn of_a_works_parts_what_is_expected_to_take_longest_is_claimed_first() {
    let world = World::new().await;
    world.uploaded().await;
    for (stage, output) in [(Stage::Probe, probed()), (Stage::Screen, screened())] {
        let claim = world.store.claim(stage, "me").await.unwrap().unwrap();
        assert_eq!(world.store.finish(&claim, &output).await.unwrap(), Commit::Committed);
    }
    let Output::Screened { plan: Some(plan), .. } = screened() else { panic!("screening makes a plan") };
    let mut wanted: Vec<u64> = plan.segments.iter().map(|it| plan.effort_ms[&Part::Segment(it.index)]).collect();
    wanted.push(plan.effort_ms[&Part::Audio]);
    wanted.sort_unstable_by(|one, other| other.cmp(one));
    assert!(wanted.first() > wanted.last(), "efforts differ: {wanted:?}");
    for expected in wanted {
        let claim = world.store.claim(Stage::Transcode, "me").await.unwrap().unwrap();
        assert_eq!(plan.effort_ms[&claim.part], expected, "{}", claim.part);
    }
    assert!(world.store.claim(Stage::Transcode, "me").await.unwrap().is_none());
}

#[tokio::test]
async fn a_message_that_is_not_sent_yet_is_not_sent_once_more() {
    let world = World::new().await;
    world.uploaded().await;
    world.uploaded().await;
    let short = async |limit| world.store.lasting_pending(Stage::Probe, limit, Duration::ZERO).await.unwrap();
    assert_eq!(short(100).await, 0, "both have theirs in the outbox");
    sqlx::query("delete from outbox").execute(world.store.pool()).await.unwrap();
    assert_eq!((short(100).await, short(1).await), (2, 1), "both were lost");
}

#[tokio::test]
async fn many_who_claim_at_once_get_a_part_each() {
    let world = World::new().await;
    for _ in 0..10 {
        world.uploaded().await;
    }
    let claims = join_all((0..16).map(|_| world.store.claim(Stage::Probe, "me"))).await;
    let mut claimed: Vec<_> = claims.into_iter().filter_map(|claim| claim.unwrap()).map(|c| c.submission).collect();
    claimed.sort();
    claimed.dedup();
    assert_eq!(claimed.len(), 10);
}

#[tokio::test]
async fn a_silent_workers_part_runs_elsewhere() {
    let world = World::new().await;
    let id = world.uploaded().await;
    world.store.claim(Stage::Probe, "dead").await.unwrap().unwrap();
    let process = world.process(probing(async |job| Ok(Outcome::Done(output(&job))))).await;
    world.reaches(id, "screen").await;
    let part = world.part(id, Stage::Probe).await;
    assert_eq!((part.status.as_str(), part.attempt), ("done", 1));
    assert_eq!(process.runtime.metrics.leases_expired.with_label_values(&["probe"]).get(), 1);
    process.stop().await;
}

#[tokio::test]
async fn a_part_that_kills_its_workers_ends_parked() {
    let world = World::new().await;
    let id = world.uploaded().await;
    for _ in 0..5 {
        world.store.claim(Stage::Probe, "victim").await.unwrap().expect("claimable again");
        // The lease expires.
        sqlx::query("update parts set lease_until = clock_timestamp() where submission = $1")
            .bind(id.0)
            .execute(world.store.pool())
            .await
            .unwrap();
        eventually("the lease expires", async || !world.store.expire_leases().await.unwrap().is_empty()).await;
    }
    let part = world.part(id, Stage::Probe).await;
    assert_eq!((part.status.as_str(), part.attempt), ("parked", 5));
    assert!(part.last_error.unwrap().contains("victim"));
}

#[tokio::test]
async fn a_part_that_takes_longer_than_its_lease_is_done_once() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let (runs, done) = (Arc::new(AtomicU32::new(0)), CancellationToken::new());
    let (counted, ends) = (runs.clone(), done.clone());
    let process = world
        .process(probing(move |job| {
            let (runs, ends) = (counted.clone(), ends.clone());
            async move {
                runs.fetch_add(1, Ordering::SeqCst);
                job.progress.set(0.5);
                ends.cancelled().await;
                Ok(Outcome::Done(output(&job)))
            }
        }))
        .await;
    eventually("the progress is stored", async || world.part(id, Stage::Probe).await.progress == 0.5).await;
    eventually("two leases and a half have passed", async || {
        let begun = world.part(id, Stage::Probe).await.started_at.expect("it is claimed");
        world.store.time().await.unwrap() - begun > TimeDelta::seconds(5)
    })
    .await;
    done.cancel();
    world.reaches(id, "screen").await;
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    process.stop().await;
}
