//! What is recorded about attempts that did not finish their part, and about the whole course of an entry.
use std::time::Duration;

use pipeline::stage::Stage;
use runtime::store::work::parts::Claim;

use crate::support::{World, eventually, found, probed};

/// Claims the only part, once it is due.
async fn claim(world: &World) -> Claim {
    found("the part is claimed", async || {
        world.store.wake_due().await.unwrap();
        world.store.claim(Stage::Probe, "host:1").await.unwrap()
    })
    .await
}

#[tokio::test]
async fn every_attempt_that_did_not_end_its_part_is_written_down_with_how_it_ended() {
    let world = World::new().await;
    let id = world.uploaded().await;
    assert!(matches!(
        world.store.fail(&claim(&world).await, "a full disk").await.unwrap(),
        runtime::store::work::parts::Failed::Retrying { .. }
    ));
    let _ = world.store.later(&claim(&world).await, Duration::from_millis(50)).await.unwrap();
    let _ = world.store.hand_back(&claim(&world).await).await.unwrap();
    claim(&world).await;
    eventually("the lease expires", async || !world.store.expire_leases().await.unwrap().is_empty()).await;
    let last = claim(&world).await;
    let _ = world.store.finish(&last, &probed()).await.unwrap();

    let attempts = world.store.attempts(id).await.unwrap();
    let outcomes: Vec<_> = attempts.iter().map(|it| it.outcome.as_str()).collect();
    assert_eq!(outcomes, ["failed", "later", "handed_back", "silent"]);
    for (attempt, next) in attempts.iter().zip(&attempts[1..]) {
        assert!(attempt.started_at < attempt.ended_at && attempt.ended_at <= next.started_at, "{attempts:?}");
        assert_eq!(attempt.holder.as_deref(), Some("host:1"));
    }
    let part = world.part(id, Stage::Probe).await;
    assert!(part.started_at.unwrap() >= attempts[3].ended_at, "the attempt that ended it stands in the part");
    // A commit that comes too late has no effect and leaves nothing.
    let _ = world.store.later(&last, Duration::ZERO).await.unwrap();
    assert_eq!(world.store.attempts(id).await.unwrap().len(), 4);
}

#[tokio::test]
async fn moves_are_changes_of_state_and_nothing_else() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let _ = world.store.fail(&claim(&world).await, "a full disk").await.unwrap();
    let _ = world.store.finish(&claim(&world).await, &probed()).await.unwrap();
    let moves = world.store.moves(id).await.unwrap();
    let states: Vec<_> = moves.iter().map(|it| (it.what.as_str(), it.state.as_str(), it.run)).collect();
    assert_eq!(states, [("entered", "uploading", 1), ("uploaded", "probe", 1), ("part_done", "screen", 1)]);
    let now = world.store.time().await.unwrap();
    assert!(moves.windows(2).all(|pair| pair[0].at <= pair[1].at) && moves[2].at <= now, "{moves:?}");
}

#[tokio::test]
async fn an_outage_parks_nothing_however_long_it_lasts() {
    let world = World::new().await;
    let id = world.uploaded().await;
    for _ in 0..world.store.policy().max_attempts + 1 {
        let failed = world.store.fail_uncounted(&claim(&world).await, "the object store is away").await.unwrap();
        assert!(matches!(failed, runtime::store::work::parts::Failed::Retrying { .. }), "{failed:?}");
    }
    let part = world.part(id, Stage::Probe).await;
    assert_eq!((part.attempt, part.last_error.as_deref()), (0, Some("the object store is away")));
    // Its own failures are counted from here as usual.
    for _ in 0..world.store.policy().max_attempts {
        let _ = world.store.fail(&claim(&world).await, "no encoder").await.unwrap();
    }
    assert_eq!(world.part(id, Stage::Probe).await.attempt as i32, world.store.policy().max_attempts);
}
