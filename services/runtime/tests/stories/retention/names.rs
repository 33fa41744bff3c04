//! Names of entrants' files.
use std::time::Duration;

use pipeline::catalogue::Retention;
use pipeline::id::SubmissionId;
use runtime::retention::{by_policy, preview, run};
use uuid::Uuid;

use super::{POLICY, is_known, later, line, over, sql};
use crate::support::World;

/// A finished upload of a work, whose client gave the name of its file, in the metadata too.
pub(super) async fn named_file(world: &World, id: SubmissionId, state: &str) -> Uuid {
    let upload = Uuid::new_v4();
    sqlx::query(
        "insert into uploads (id, submission, state, part_size, expires_at, created_at, filename, metadata)
        values ($1, $2, $3, 1, now(), now(), '张三的片子.mp4', 'filename 5byg5LiJ55qE54mH5a2QLm1wNA==,sha256 YQ==')",
    )
    .bind(upload)
    .bind(id.0)
    .bind(state)
    .execute(world.store.pool())
    .await
    .unwrap();
    upload
}

/// Whether the name of a file, or a part of it, is still in any row of any table.
async fn is_named_anywhere(world: &World) -> bool {
    let tables = sqlx::query_scalar::<_, String>(
        "select table_name::text from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
    );
    for table in tables.fetch_all(world.store.pool()).await.unwrap() {
        let query = format!(
            "select count(*) from \"{table}\" as it where it::text like '%张三的片子%' or it::text like '%5byg5LiJ55qE54mH5a2QLm1wNA%'"
        );
        let found = sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(query));
        if found.fetch_one(world.store.pool()).await.unwrap() > 0 {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn the_names_of_an_entrants_files_go_when_the_entrant_goes() {
    let world = World::new().await;
    let id = over(&world).await;
    let (single, piece) = (named_file(&world, id, "finished").await, named_file(&world, id, "terminated").await);
    run(&world.store, &POLICY, later(20), &by_policy(), Duration::MAX).await.unwrap();
    assert!(is_named_anywhere(&world).await, "it is not time yet");
    let policy = Retention { uploads_days: None, ..POLICY };
    let gone = run(&world.store, &policy, later(181), &by_policy(), Duration::MAX).await.unwrap().lines;
    assert_eq!(line(&gone, "personal_data_days").count, 1);
    assert!(!is_named_anywhere(&world).await);
    let kept: i64 = sqlx::query_scalar("select count(*) from uploads where id in ($1, $2)")
        .bind(single)
        .bind(piece)
        .fetch_one(world.store.pool())
        .await
        .unwrap();
    assert_eq!(kept, 2, "what was uploaded is still known, without its name");
}

#[tokio::test]
async fn a_withdrawn_works_file_names_go_with_its_entrant_and_a_late_one_by_the_policy() {
    let world = World::new().await;
    let id = world.entered(pipeline::submission::Gate::Manual).await;
    sql(&world, "insert into entrants (submission, key_id, nonce, ciphertext) values ($1, 'k', 'n', 'c')", id).await;
    named_file(&world, id, "terminated").await;
    assert!(world.store.withdraw(id).await.unwrap().changed);
    assert!(!is_known(&world, id).await && !is_named_anywhere(&world).await);

    // An upload that started at the same moment, or names left by a version that deleted only the entrant.
    named_file(&world, id, "finished").await;
    let due = preview(&world.store, &POLICY, later(179), &world.directory("none")).await.unwrap();
    assert_eq!(line(&due, "personal_data_days").count, 0);
    let gone = run(&world.store, &POLICY, later(181), &by_policy(), Duration::MAX).await.unwrap().lines;
    assert_eq!(line(&gone, "personal_data_days").count, 1);
    assert!(!is_named_anywhere(&world).await);
    let again = run(&world.store, &POLICY, later(181), &by_policy(), Duration::MAX).await.unwrap().lines;
    assert_eq!(line(&again, "personal_data_days").count, 0, "once is enough");
}
