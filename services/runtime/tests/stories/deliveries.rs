//! Deliveries and the parts that carry them out stay consistent, whatever people order and in whatever order.
use pipeline::delivery::{DeliveryEvent, Observed};
use pipeline::id::PartnerId;
use pipeline::stage::Stage;
use pipeline::submission::Redo;
use runtime::store::submissions::history::Actor;

use self::house::{House, PARTNERS, Stepped};
use crate::support::World;

mod house; // one work, three partners, workers that take one step at a time
mod simulation; // random lives
mod stuck; // what breaks the rule is found and repaired

fn all() -> Vec<&'static str> {
    PARTNERS.iter().map(|(name, _)| *name).collect()
}

/// A work that is live at all partners.
async fn live(world: &World) -> House<'_> {
    let mut house = House::new(world).await;
    assert!(house.release(None).await.changed);
    house.settle().await;
    for partner in all() {
        assert_eq!(house.delivery(&partner.into()).await.observed.name(), "live");
    }
    house
}

async fn states(house: &House<'_>) -> Vec<&'static str> {
    let mut states = Vec::new();
    for partner in all() {
        states.push(house.delivery(&partner.into()).await.observed.name());
    }
    states
}

/// How far the recall of one partner has come when the whole work is recalled.
#[derive(Clone, Copy, Debug)]
enum Recall {
    Ordered,
    Claimed,
    Begun,
    WaitsForPerson,
    Parked,
}

async fn brought_to(house: &mut House<'_>, partner: &str, recall: Recall) {
    if matches!(recall, Recall::Ordered) {
        return;
    }
    let mut worker = house.claim_of(partner).await;
    match recall {
        Recall::Ordered | Recall::Claimed => {}
        Recall::Begun => assert_eq!(house.step(&mut worker).await, Stepped::On),
        Recall::WaitsForPerson => {
            house.drive(worker).await;
        }
        Recall::Parked => {
            let _ = house.world.store.park(&worker.claim, "the partner does not answer").await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_work_that_is_taken_back_while_one_partner_is_recalled_goes_from_every_partner() {
    let world = World::new().await;
    for recall in [Recall::Ordered, Recall::Claimed, Recall::Begun, Recall::WaitsForPerson, Recall::Parked] {
        for (partner, withdrawn) in [("hand", false), ("hand", true), ("api", false), ("files", true)] {
            let mut house = live(&world).await;
            assert!(house.recall(Some(&[partner])).await.changed);
            brought_to(&mut house, partner, recall).await;
            let applied = if withdrawn { house.withdraw().await } else { house.recall(None).await };
            assert!(applied.changed, "{recall:?} {partner}");
            house.nothing_is_stuck(&format!("{recall:?} {partner}")).await;
            let open = house.open_parts(partner).await;
            assert!(open.len() <= 1 && open != ["parked"], "{recall:?} {partner}: {open:?}");
            house.settle().await;
            assert_eq!(states(&house).await, ["recalled"; 3], "{recall:?} {partner}");
        }
    }
}

#[tokio::test]
async fn a_running_recall_is_not_disturbed_and_a_parked_one_is_retried() {
    let world = World::new().await;
    let mut house = live(&world).await;
    assert!(house.recall(Some(&["api"])).await.changed);
    let mut worker = house.claim_of("api").await;
    assert_eq!(house.step(&mut worker).await, Stepped::On);
    assert!(!house.recall(Some(&["api"])).await.changed, "once is enough");
    assert!(house.recall(None).await.changed);
    assert_eq!(house.open_parts("api").await, ["claimed"]);
    house.drive(worker).await;
    assert_eq!(states(&house).await[0], "recalled", "its worker was not disturbed");
    house.settle().await;

    let mut house = live(&world).await;
    assert!(house.recall(Some(&["api"])).await.changed);
    brought_to(&mut house, "api", Recall::Parked).await;
    assert!(house.recall(Some(&["api"])).await.changed, "there is something to try again");
    assert_eq!(house.open_parts("api").await, ["pending"]);
    house.settle().await;
    assert_eq!(states(&house).await, ["recalled", "live", "live"]);
    assert!(!house.recall(Some(&["api"])).await.changed, "gone is gone");
}

#[tokio::test]
async fn what_is_recalled_while_it_is_prepared_is_not_sent() {
    let world = World::new().await;
    for (partner, steps) in [("api", 1), ("files", 1), ("files", 2), ("hand", 0)] {
        let mut house = House::new(&world).await;
        assert!(house.release(Some(&[partner])).await.changed);
        let mut worker = house.claim_of(partner).await;
        for _ in 0..steps {
            assert_eq!(house.step(&mut worker).await, Stepped::On);
        }
        assert!(house.recall(Some(&[partner])).await.changed);
        house.nothing_is_stuck("a recall").await;
        house.drive(worker).await;
        assert!(house.hold(&partner.into()).online.is_empty(), "{partner} after {steps} steps");
        house.settle().await;
        assert_eq!(house.delivery(&partner.into()).await.observed.name(), "recalled");
        assert_eq!(world.state(house.id).await, "published", "without partners");
    }
}

#[tokio::test]
async fn a_release_at_the_very_end_of_a_recall_is_carried_out() {
    let world = World::new().await;
    let mut house = live(&world).await;
    assert!(house.recall(Some(&["api"])).await.changed);
    let api = PartnerId::new("api");
    let mut worker = house.claim_of("api").await;
    while !matches!(house.delivery(&api).await.observed, Observed::Recalled { .. }) {
        assert_eq!(house.step(&mut worker).await, Stepped::On);
    }
    // The worker has seen the end of its delivery and is about to report it.
    assert!(house.release(Some(&["api"])).await.changed);
    assert_eq!(house.delivery(&api).await.observed, Observed::Planned);
    house.end(&worker).await;
    house.nothing_is_stuck("the recall's end").await;
    house.settle().await;
    assert_eq!(states(&house).await, ["live"; 3]);
}

#[tokio::test]
async fn a_recall_during_a_replacement_leaves_nothing_until_the_next_release() {
    let world = World::new().await;
    for steps in 0..4 {
        let mut house = live(&world).await;
        let replace = ["api".into(), "files".into()].into();
        let redo = Redo { partners: Some(["api".into()].into()), replace };
        assert!(house.reprocess(Stage::Publish, redo).await.changed);
        let mut worker = house.claim_of("api").await;
        for _ in 0..steps {
            assert_eq!(house.step(&mut worker).await, Stepped::On);
            house.nothing_is_stuck("a step of the replacing run").await;
        }
        assert!(house.recall(Some(&["api"])).await.changed);
        house.nothing_is_stuck("a recall of what is replaced").await;
        assert!(house.recall(None).await.changed);
        house.nothing_is_stuck("the recall of all").await;
        house.settle().await;
        assert_eq!(states(&house).await, ["recalled"; 3], "after {steps} steps");

        let mut house = live(&world).await;
        let redo = Redo { replace: ["api".into()].into(), ..Redo::default() };
        assert!(house.reprocess(Stage::Publish, redo).await.changed);
        assert!(house.recall(Some(&["api"])).await.changed);
        assert!(house.release(Some(&["api"])).await.changed);
        house.nothing_is_stuck("a release of what is recalled").await;
        house.settle().await;
        assert_eq!(states(&house).await, ["live"; 3]);
        assert_eq!(house.delivery(&"api".into()).await.run, 2);
    }
}

#[tokio::test]
async fn a_persons_yes_after_the_part_has_ended_opens_it_again() {
    let world = World::new().await;
    let mut house = House::new(&world).await;
    assert!(house.release(Some(&["hand"])).await.changed);
    let worker = house.claim_of("hand").await;
    house.drive(worker).await;
    let hand = PartnerId::new("hand");
    let Observed::AwaitingOperator { intent } = house.delivery(&hand).await.observed else { panic!("a bag waits") };
    assert!(house.open_parts("hand").await.is_empty(), "the bag's part is done");
    house.nothing_is_stuck("handing over").await;
    let yes = DeliveryEvent::Confirmed { intent };
    world.store.delivery_note(house.id, &hand, &yes, Actor::Operator).await.unwrap();
    house.nothing_is_stuck("a yes").await;
    assert_eq!(house.open_parts("hand").await, ["pending"]);
    house.settle().await;
}

#[tokio::test]
async fn a_release_for_a_time_neither_holds_up_a_recall_nor_is_forgotten_by_it() {
    let world = World::new().await;
    let at = runtime::clock::Clock::default().now() + chrono::TimeDelta::days(7);
    for steps in 0..3 {
        let mut house = live(&world).await;
        assert!(house.recall(Some(&["api"])).await.changed);
        let mut worker = None;
        if steps > 0 {
            worker = Some(house.claim_of("api").await);
        }
        for _ in 1..steps {
            assert_eq!(house.step(worker.as_mut().expect("a worker")).await, Stepped::On);
        }
        let partners = ["api".into()].into();
        let applied = world.store.release(house.id, Some(&partners), Some(at), Actor::Organiser).await.unwrap();
        assert!(applied.changed);
        house.nothing_is_stuck("a release for a time").await;
        let worker = match worker {
            Some(worker) => worker,
            None => house.claim_of("api").await,
        };
        house.drive_back(worker).await;
        let delivery = house.delivery(&"api".into()).await;
        assert_eq!((delivery.observed, delivery.not_before), (Observed::Planned, Some(at)), "after {steps} steps");
        assert!(house.hold(&"api".into()).online.is_empty());
        house.settle().await;
    }
    // A delivery that was only planned waits until its time, and a new run keeps the time.
    let mut house = House::new(&world).await;
    let partners = ["api".into()].into();
    world.store.release(house.id, Some(&partners), Some(at), Actor::Organiser).await.unwrap();
    assert_eq!(house.open_parts("api").await, ["waiting"]);
    assert!(house.reprocess(Stage::Publish, Redo::default()).await.changed);
    assert_eq!(house.delivery(&"api".into()).await.not_before, Some(at));
    house.nothing_is_stuck("a new run").await;
    house.settle().await;
}
