//! What stays as it is: old files, works that are left out, and what partners hold.
use std::collections::BTreeSet;

use pipeline::delivery::Desired;
use pipeline::id::PartnerId;
use pipeline::part::Part;
use pipeline::rejection::Rejection;
use pipeline::stage::Stage;
use pipeline::submission::{Event, Redo};
use runtime::store::bulk::Ask;
use runtime::store::submissions::history::Actor;

use super::{ask, named};
use crate::support::{World, all_but_publish, probed};

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
        runtime::store::work::parts::Commit::Committed
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
