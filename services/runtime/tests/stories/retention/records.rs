//! Records of uploads and attempts.
use std::time::Duration;

use runtime::retention::{by_policy, preview, run};
use uuid::Uuid;

use super::made::{POLICY, later, line, over, sql};
use crate::support::World;

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
