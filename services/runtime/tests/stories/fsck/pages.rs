//! More objects than one answer of a server lists.
use pipeline::id::{Fence, SubmissionId};
use pipeline::object_key::ObjectKey;
use runtime::objects::Objects;
use uuid::Uuid;

use super::entry::{Entry, LOOK, counted, counts, looks};
use crate::support::World;

/// More objects of one entry than a server lists in one answer (1,000), and more after the last entry that the database
/// knows.
async fn pages(world: World, objects: Objects) {
    let (first, last) = (Entry::whole(&world, &objects).await, Entry::whole(&world, &objects).await);
    let beyond = SubmissionId(Uuid::max());
    let keys = (0..1_020)
        .map(|n| first.rendition(100 + n))
        .chain((0..1_010).map(|n| ObjectKey::Rendition(beyond, 1, "x".into(), Fence(n))));
    let puts = futures::stream::iter(keys.collect::<Vec<_>>());
    futures::StreamExt::for_each_concurrent(puts, 8, async |key| objects.put_bytes(&key, "orphan").await.unwrap())
        .await;
    let report = looks(&world, &objects, LOOK).await;
    assert_eq!(counted(&report), counts([("orphan/rendition", 2_030)]));
    assert_eq!(report.sound, 20, "of the entry behind them, too: {:?}", last.id);
    assert!(
        report.not_looked_at.is_empty() || report.not_looked_at[0].contains("does not list"),
        "{:?}",
        report.not_looked_at
    );
}

#[tokio::test]
async fn more_objects_than_fit_into_one_answer_are_all_seen() {
    let mut world = World::new().await;
    let objects = world.with_objects().await;
    pages(world, objects).await;
}

#[tokio::test]
async fn on_garage_more_objects_than_fit_into_one_answer_are_all_seen() {
    let mut world = World::new().await;
    let Some(objects) = world.with_garage().await else { return };
    pages(world, objects).await;
}
