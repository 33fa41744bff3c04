//! Figures of the whole installation: computed once for all processes, reported by each.
use std::time::Duration;

use pipeline::id::SubmissionId;
use pipeline::person::Sees;
use pipeline::stage::Stage;
use runtime::outcome::Outcome;
use runtime::store::watching::watch::{self, Sample};

use crate::support::{World, eventually, probing};

#[tokio::test]
async fn of_many_processes_one_counts_and_the_figures_are_those_of_the_table() {
    let world = World::new().await;
    assert_eq!(world.store.last_sample().await.unwrap(), None);
    let id = world.uploaded().await;
    let every = Duration::from_secs(60);
    assert!(world.store.sample(every).await.unwrap(), "the first sample");
    assert!(!world.store.sample(every).await.unwrap(), "a sample was just taken");
    let (sample, age_s) = world.store.last_sample().await.unwrap().unwrap();
    assert!((0.0..30.0).contains(&age_s), "{age_s}");
    let Sample { entries, backlog, deliveries, .. } = sample;
    assert_eq!(
        entries.iter().map(|it| (it.state.as_str(), it.count, it.settled)).collect::<Vec<_>>(),
        [("probe", 1, false)]
    );
    // Nothing was planned here yet, so the entry counts with the usual amount.
    assert!(backlog.len() == 1 && backlog[0].state == "probe" && backlog[0].work_s > 60.0, "{backlog:?}");
    assert!(deliveries.is_empty());
    assert_eq!(world.part(id, Stage::Probe).await.status, "pending");
}

#[tokio::test]
async fn what_came_to_an_end_is_counted_as_it_does_and_no_longer_when_it_begins_again() {
    let world = World::new().await;
    world.rows_are_planted();
    let (store, pool) = (&world.store, world.store.pool());
    let ids = [world.uploaded().await, world.uploaded().await, world.uploaded().await];
    let refused = |code: &str| format!(r#"{{"state": {{"state": "rejected", "reason": {{"code": "{code}"}}}}}}"#);
    let counted = async || {
        assert!(store.sample(Duration::ZERO).await.unwrap());
        assert_eq!(watch::miscounted(pool).await.unwrap(), [""; 0]);
        let sample = store.last_sample().await.unwrap().unwrap().0;
        let mut entries: Vec<_> = sample.entries.into_iter().map(|it| (it.state, it.count, it.settled)).collect();
        entries.sort();
        let rejected: Vec<_> = sample.rejected.into_iter().map(|it| (it.rule, it.count)).collect();
        let deliveries: Vec<_> = sample.deliveries.into_iter().map(|it| (it.partner, it.state, it.count)).collect();
        (entries, rejected, deliveries)
    };
    let stand = async |id: SubmissionId, state: &str, machine: &str| {
        let text = "update submissions set state = $2, machine = $3::jsonb where id = $1";
        sqlx::query(text).bind(id.0).bind(state).bind(machine).execute(pool).await.unwrap();
    };
    let entries = |of: &[(&str, i64, bool)]| of.iter().map(|it| (it.0.to_owned(), it.1, it.2)).collect::<Vec<_>>();
    let rules = |of: &[(&str, i64)]| of.iter().map(|it| (it.0.to_owned(), it.1)).collect::<Vec<_>>();
    assert_eq!(counted().await, (entries(&[("probe", 3, false)]), vec![], vec![]));

    stand(ids[0], "rejected", &refused("too_short")).await;
    stand(ids[1], "rejected", &refused("too_short")).await;
    stand(ids[2], "published", "{}").await;
    let ended = entries(&[("published", 1, true), ("rejected", 2, true)]);
    assert_eq!(counted().await, (ended.clone(), rules(&[("too_short", 2)]), vec![]));

    // Refused for another reason, and started again.
    stand(ids[0], "rejected", &refused("too_small")).await;
    assert_eq!(counted().await, (ended, rules(&[("too_short", 1), ("too_small", 1)]), vec![]));
    stand(ids[0], "probe", "{}").await;
    sqlx::query("delete from submissions where id = $1").bind(ids[1].0).execute(pool).await.unwrap();

    // Deliveries: three of them end, one is recalled, one is deleted with its work.
    for (id, partner) in [(ids[2], "cctv"), (ids[2], "douyin"), (ids[0], "cctv"), (ids[0], "bilibili")] {
        let text = "insert into deliveries (submission, partner, machine, state, run) values ($1, $2, '{}', 'live', 1)";
        sqlx::query(text).bind(id.0).bind(partner).execute(pool).await.unwrap();
    }
    let text = "update deliveries set state = 'recalling' where submission = $1 and partner = 'douyin'";
    sqlx::query(text).bind(ids[2].0).execute(pool).await.unwrap();
    sqlx::query("delete from submissions where id = $1").bind(ids[0].0).execute(pool).await.unwrap();
    let standing = [("douyin", "recalling", 1), ("cctv", "live", 1)]
        .map(|(partner, state, count)| (partner.to_owned(), state.to_owned(), count));
    assert_eq!(counted().await, (entries(&[("published", 1, true)]), vec![], standing.to_vec()));
}

#[tokio::test]
async fn the_stock_of_films_follows_every_change_of_a_work() {
    let world = World::new().await;
    world.rows_are_planted();
    let (store, pool) = (&world.store, world.store.pool());
    let ids = [world.uploaded().await, world.uploaded().await];
    let change = async |text: &'static str, id: SubmissionId| {
        sqlx::query(text).bind(id.0).execute(pool).await.unwrap();
        let bytes = store.stock().await.unwrap().bytes;
        // Adding the changes up alters nothing.
        assert!(store.sample(Duration::ZERO).await.unwrap());
        assert_eq!((store.stock().await.unwrap().bytes, watch::miscounted(pool).await.unwrap()), (bytes, vec![]));
        bytes
    };
    let film = "update submissions set mezzanine_bytes = 1000 where id = $1";
    assert_eq!(change(film, ids[0]).await, 1000);
    assert_eq!(change(film, ids[1]).await, 2000);
    assert_eq!(change("update submissions set mezzanine_bytes = 700 where id = $1", ids[1]).await, 1700);
    assert_eq!(change("update submissions set state = 'withdrawn' where id = $1", ids[0]).await, 700);
    assert_eq!(change("update submissions set held_at = now() where id = $1", ids[0]).await, 1700, "it is kept");
    assert_eq!(change("update submissions set held_at = null where id = $1", ids[0]).await, 700);
    assert_eq!(change("delete from submissions where id = $1", ids[1]).await, 0);
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
