//! Stuck work is found by its one definition, reported by `trouble` and `fsck`, and restarted by the reconciler. The
//! tests damage rows directly, because no act does.
use std::time::Duration;

use pipeline::delivery::{Delivery, Desired, IntentId, Observed, RecallBy, RecallStep, Receipt};
use pipeline::person::Sees;
use runtime::fsck::{Look, check};
use runtime::service::Services;
use runtime::store::work::stuck::Stuck;
use sqlx::types::Json;
use uuid::Uuid;

use super::house::House;
use super::live;
use crate::support::{World, eventually};

async fn sql(house: &House<'_>, text: &'static str) {
    sqlx::query(text).bind(house.id.0).execute(house.world.store.pool()).await.unwrap();
}

async fn found(house: &House<'_>) -> Vec<String> {
    let stuck = house.world.store.stuck(&[house.id.0]).await.unwrap();
    let name = |it: &Stuck| format!("{} {}/{}/{}", it.kind, it.run, it.stage, it.part);
    stuck.iter().map(name).collect()
}

/// A recall without a part, as an earlier bug of ours left it: the film stays online, and no command helps.
async fn lost_recall(world: &World) -> House<'_> {
    let house = live(world).await;
    house.recall(Some(&["api"])).await;
    house.recall(None).await;
    sql(&house, "update parts set status = 'cancelled' where submission = $1 and part = 'partner/api'").await;
    assert_eq!(found(&house).await, ["delivery 1/publish/partner/api"]);
    house
}

#[tokio::test]
async fn a_lost_recall_is_named_by_trouble_and_fsck_and_repaired_by_fsck() {
    let mut world = World::new().await;
    let objects = world.with_objects().await;
    let mut house = lost_recall(&world).await;
    let trouble = world.store.trouble(&Sees::All, 10).await.unwrap();
    assert_eq!((trouble[0].kind.as_str(), trouble[0].place.as_str()), ("stuck", "publish/partner/api"));
    assert_eq!(trouble[0].submission, Some(house.id.0));

    let look = Look { deep: false, grace: Duration::ZERO, repair: false };
    let report = check(&world.store, &objects, look, |_| {}).await.unwrap();
    assert_eq!(report.counts().get("stuck/delivery"), Some(&1));
    assert!(report.is_wrong() && found(&house).await.len() == 1, "a look changes nothing");
    let report = check(&world.store, &objects, Look { repair: true, ..look }, |_| {}).await.unwrap();
    assert!(report.findings.iter().any(|finding| finding.name() == "stuck/delivery" && finding.repaired.is_some()));
    assert!(found(&house).await.is_empty());
    let history = world.store.history(house.id).await.unwrap();
    assert_eq!(history.iter().filter(|line| line.what == "unstuck").count(), 1);
    assert!(world.store.unstick(house.id).await.unwrap().is_empty(), "there is nothing more to repair");
    house.settle().await;
    assert_eq!(house.delivery(&"api".into()).await.observed.name(), "recalled");
    world.repairs_are_expected();
}

#[tokio::test]
async fn the_reconciler_sets_going_what_is_stuck_and_counts_it() {
    let world = World::new().await;
    let mut house = lost_recall(&world).await;
    let process = world.process(Services::new()).await;
    eventually("the recall has a part again", async || house.open_parts("api").await.len() == 1).await;
    let counted = |what: &str| process.runtime.metrics.unstuck.with_label_values(&[what]).get();
    // Counted after the commit.
    eventually("it is counted", async || counted("delivery") == 1).await;
    assert_eq!((counted("part"), counted("surplus")), (0, 0));
    process.stop().await;
    house.settle().await;
    world.repairs_are_expected();
}

#[tokio::test]
async fn a_recall_ordered_again_finds_the_lost_one_and_carries_it_out() {
    let world = World::new().await;
    let mut house = lost_recall(&world).await;
    assert!(house.recall(Some(&["api"])).await.changed);
    assert!(found(&house).await.is_empty());
    house.settle().await;
    assert_eq!(house.delivery(&"api".into()).await.observed.name(), "recalled");
}

#[tokio::test]
async fn each_way_in_which_rows_can_disagree_is_found_and_repaired() {
    let world = World::new().await;
    let cases: [(&str, &[&str]); 6] = [
        (
            "delete from parts where submission = $1 and part = 'partner/api'",
            &["delivery 1/publish/partner/api", "part 1/publish/partner/api"],
        ),
        (
            "update parts set status = 'done' where submission = $1 and part = 'partner/files' and stage = 'publish'",
            &["delivery 1/publish/partner/files", "part 1/publish/partner/files"],
        ),
        (
            "insert into parts (submission, run, stage, part) values ($1, 0, 'publish', 'partner/api')",
            &["surplus 0/publish/partner/api"],
        ),
        (
            "update parts set run = 0 where submission = $1 and part = 'partner/api' and stage = 'publish'",
            &["part 1/publish/partner/api"],
        ),
        (
            "insert into parts (submission, run, stage, part, status) values ($1, 1, 'transcode', 'audio', 'parked')",
            &["surplus 1/transcode/audio"],
        ),
        (
            "update parts set status = 'parked' where submission = $1 and part = 'partner/api' and stage = 'publish'",
            &[],
        ),
    ];
    for (broken, expected) in cases {
        let mut house = House::new(&world).await;
        house.release(None).await;
        assert!(found(&house).await.is_empty());
        sql(&house, broken).await;
        assert_eq!(found(&house).await, expected, "{broken}");
        assert_eq!(world.store.unstick(house.id).await.unwrap().len(), expected.len());
        assert!(found(&house).await.is_empty(), "{broken}");
        house.settle().await;
    }
    world.repairs_are_expected();
}

#[tokio::test]
async fn what_is_under_way_is_gone_through_in_pages_and_nothing_else_is() {
    let world = World::new().await;
    let done = live(&world).await.id.0;
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.push(world.uploaded().await.0);
    }
    let recalled = live(&world).await;
    recalled.recall(Some(&["api"])).await;
    expected.push(recalled.id.0);
    let mut seen: Vec<Uuid> = Vec::new();
    loop {
        let page = world.store.under_way_after(seen.last().copied(), 2).await.unwrap();
        assert!(page.len() <= 2);
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    expected.sort();
    assert_eq!(seen, expected);
    assert!(!seen.contains(&done));
}

/// The rule that acts follow and the definition that finds faults agree in every state.
#[tokio::test]
async fn the_rule_in_code_and_the_definition_in_the_database_agree() {
    let world = World::new().await;
    let house = House::new(&world).await;
    let (intent, receipt) = (IntentId(Uuid::nil()), Receipt("BV1".into()));
    let recalling =
        |by| Observed::Recalling { receipt: Some(receipt.clone()), public_url: None, by, step: RecallStep::Requested };
    let states = [
        Observed::Planned,
        Observed::Sending { intent },
        Observed::Unknown { intent },
        Observed::AwaitingOperator { intent },
        Observed::InReview { receipt: receipt.clone() },
        Observed::Live { receipt: receipt.clone(), public_url: None },
        recalling(RecallBy::System),
        recalling(RecallBy::Operator),
        Observed::Recalled { receipt: None },
        Observed::Refused { words: "不收".into(), receipt: None },
    ];
    let mut needing = 0;
    for observed in states {
        for desired in [Desired::Live, Desired::Gone] {
            let delivery = Delivery { observed: observed.clone(), desired, ..Delivery::new(1) };
            let query =
                "insert into deliveries (submission, partner, machine, state, run) values ($1, 'api', $2, $3, 1)
                on conflict (submission, partner) do update set machine = excluded.machine, state = excluded.state";
            let query = sqlx::query(query).bind(house.id.0).bind(Json(&delivery)).bind(observed.name());
            query.execute(world.store.pool()).await.unwrap();
            let stuck = !found(&house).await.is_empty();
            assert_eq!(stuck, delivery.needs_part(), "{delivery:?}");
            let under_way = world.store.under_way_after(None, 10).await.unwrap();
            assert_eq!(under_way.contains(&house.id.0), stuck, "{delivery:?}");
            needing += u32::from(stuck);
        }
    }
    assert_eq!(needing, 15, "of twenty");
    sql(&house, "delete from deliveries where submission = $1").await;
}
