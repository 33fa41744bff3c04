//! Replaced files: they go once no partner has them.
use std::time::Duration;

use runtime::retention::{by_policy, preview, run};
use runtime::service::Services;

use super::made::{POLICY, later, line, over, rendition, sql, stills};
use crate::support::{World, eventually};

#[tokio::test]
async fn replaced_files_go_once_no_partner_has_them_and_those_in_force_never() {
    let mut world = World::new().await;
    let objects = world.with_objects().await;
    world.config.work.garbage_delay_s = 0.1;
    let (replaced, held_by_partner, fresh) = (over(&world).await, over(&world).await, over(&world).await);
    let mut old = Vec::new();
    for (id, days_ago) in [(replaced, 20), (held_by_partner, 20), (fresh, 13)] {
        let before = rendition(&world, id, 1, false, 40).await;
        let now = rendition(&world, id, 2, true, days_ago).await;
        for key in [&before, &now] {
            objects.put_bytes(key, "file").await.unwrap();
        }
        for key in [stills(id, 1), stills(id, 2)].as_flattened() {
            objects.put_bytes(key, "still").await.unwrap();
        }
        old.push((before, now));
    }
    sql(
        &world,
        "insert into deliveries (submission, partner, machine, state, run) values ($1, 'cctv', '{}', 'live', 1)",
        held_by_partner,
    )
    .await;
    let lines = preview(&world.store, &POLICY, later(0), &world.directory("none")).await.unwrap();
    assert_eq!((line(&lines, "superseded_days").count, line(&lines, "superseded_days").bytes), (1, 4 + 5 + 5));

    let process = world.process(Services::new()).await;
    let gone = run(&process.runtime.store, &POLICY, later(0), &by_policy(), Duration::MAX).await.unwrap().lines;
    // The service's own slow tick may have been first.
    assert!(line(&gone, "superseded_days").count <= 1);
    eventually("the replaced file is swept", async || objects.head(&old[0].0).await.is_err()).await;
    for key in &stills(replaced, 1) {
        eventually("its stills are swept", async || objects.head(key).await.is_err()).await;
    }
    for key in [stills(replaced, 2), stills(held_by_partner, 1), stills(fresh, 1)].as_flattened() {
        assert!(objects.head(key).await.is_ok(), "{key} stays");
    }
    for key in [&old[0].1, &old[1].0, &old[1].1, &old[2].0, &old[2].1] {
        assert!(objects.head(key).await.is_ok(), "{key} stays");
    }
    process.stop().await;
}
