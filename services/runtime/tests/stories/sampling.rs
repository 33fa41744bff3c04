//! Figures of the whole installation: taken once for everybody, told by each.
use std::time::Duration;

use pipeline::person::Sees;
use pipeline::stage::Stage;
use runtime::outcome::Outcome;
use runtime::store::watch::Sample;

use crate::support::{World, eventually, probing};

#[tokio::test]
async fn of_many_processes_one_counts_and_the_figures_are_those_of_the_table() {
    let world = World::new().await;
    assert_eq!(world.store.last_sample().await.unwrap(), None);
    let id = world.uploaded().await;
    let every = Duration::from_secs(60);
    assert!(world.store.sample(every).await.unwrap(), "nobody did before");
    assert!(!world.store.sample(every).await.unwrap(), "somebody has just done it");
    let (sample, age_s) = world.store.last_sample().await.unwrap().unwrap();
    assert!((0.0..30.0).contains(&age_s), "{age_s}");
    let Sample { entries, backlog, deliveries, .. } = sample;
    assert_eq!(
        entries.iter().map(|it| (it.state.as_str(), it.count, it.settled)).collect::<Vec<_>>(),
        [("probe", 1, false)]
    );
    // Nothing was ever planned here, so the entry counts as a usual one.
    assert!(backlog.len() == 1 && backlog[0].state == "probe" && backlog[0].work_s > 60.0, "{backlog:?}");
    assert!(deliveries.is_empty());
    assert_eq!(world.part(id, Stage::Probe).await.status, "pending");
}

#[tokio::test]
async fn what_waits_for_a_person_is_found_with_its_reason() {
    let world = World::new().await;
    let id = world.uploaded().await;
    assert_eq!(world.store.trouble(&Sees::All, 10).await.unwrap(), []);
    let process = world.process(probing(async |_| Ok(Outcome::Parked("quality control failed".into())))).await;
    eventually("it is parked", async || world.part(id, Stage::Probe).await.status == "parked").await;
    let found = world.store.trouble(&Sees::All, 10).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].kind.as_str(), found[0].place.as_str()), ("parked", "probe/mezzanine"));
    assert_eq!((found[0].submission, found[0].words.as_deref()), (Some(id.0), Some("quality control failed")));
    eventually("it is counted with its reason", async || {
        process.runtime.metrics.parts.with_label_values(&["probe", "parked", "quality"]).get() == 1
    })
    .await;
    process.stop().await;
}
