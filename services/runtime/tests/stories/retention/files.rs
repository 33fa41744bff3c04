//! Replaced renditions, and records of uploads and attempts.
use std::time::Duration;

use pipeline::id::{Fence, SubmissionId};
use pipeline::object_key::{Compared, ObjectKey};
use runtime::retention::{by_policy, preview, run};
use runtime::service::Services;
use uuid::Uuid;

use super::{POLICY, later, line, over, sql};
use crate::support::{World, eventually};

/// A rendition of a run, made `days_ago`.
pub(super) async fn rendition(world: &World, id: SubmissionId, run: i32, in_force: bool, days_ago: i32) -> ObjectKey {
    let key = ObjectKey::Rendition(id, run as u32, "web-720".into(), Fence(i64::from(run)));
    let [source, still] =
        stills(id, run).map(|key| serde_json::json!({ "key": key.to_string(), "bytes": 5, "sha256": "" }));
    let pair = serde_json::json!({
        "frame": 1, "at_ms": 40, "width": 1, "height": 1, "ssim": 1.0, "source": source, "rendition": still,
    });
    sqlx::query(
        "insert into renditions (submission, run, name, object_key, bytes, sha256, width, height, duration_ms, qc, engine,
            in_force, created_at, comparison)
        values ($1, $2, 'web-720', $3, 4, '', 1, 1, 1, '[]', '', $4, now() - make_interval(days => $5), jsonb_build_array($6::jsonb))",
    )
    .bind(id.0)
    .bind(run)
    .bind(key.to_string())
    .bind(in_force)
    .bind(days_ago)
    .bind(pair)
    .execute(world.store.pool())
    .await
    .unwrap();
    key
}

/// Its stills, of the source and of itself.
fn stills(id: SubmissionId, run: i32) -> [ObjectKey; 2] {
    Compared::BOTH.map(|of| ObjectKey::Comparison(id, run as u32, "web-720".into(), Fence(i64::from(run)), 0, of))
}

#[tokio::test]
async fn replaced_files_go_once_no_partner_has_them_and_those_in_force_never() {
    let mut world = World::new().await;
    let objects = world.with_objects().await;
    world.config.garbage_delay_s = 0.1;
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

#[tokio::test]
async fn records_of_uploads_and_attempts_go_and_open_ones_stay() {
    let world = World::new().await;
    let id = over(&world).await;
    for (state, freed) in [("expired", true), ("failed", false), ("open", true), ("finished", true)] {
        sqlx::query(
            "insert into uploads (id, submission, state, part_size, expires_at, created_at, filename, free_at)
            values ($1, $2, $3, 1, now(), now(), '我的片子.mp4', case when $4 then null else now() end)",
        )
        .bind(Uuid::new_v4())
        .bind(id.0)
        .bind(state)
        .bind(freed)
        .execute(world.store.pool())
        .await
        .unwrap();
    }
    sql(
        &world,
        "insert into attempts (submission, run, stage, part, started_at, ended_at, outcome)
        select $1, 1, 'probe', 'mezzanine', now(), now(), 'failed' from generate_series(1, 3)",
        id,
    )
    .await;
    let lines = preview(&world.store, &POLICY, later(31), &world.directory("none")).await.unwrap();
    assert_eq!((line(&lines, "uploads_days").count, line(&lines, "attempts_days").count), (1, 0));
    let gone = run(&world.store, &POLICY, later(91), &by_policy(), Duration::MAX).await.unwrap().lines;
    assert_eq!((line(&gone, "uploads_days").count, line(&gone, "attempts_days").count), (1, 3));
    let left: Vec<String> =
        sqlx::query_scalar("select state from uploads order by state").fetch_all(world.store.pool()).await.unwrap();
    assert_eq!(left, ["failed", "finished", "open"], "of the failed one the bytes are still to be freed");
}
