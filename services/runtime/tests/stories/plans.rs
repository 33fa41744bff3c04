//! Plans of the store's queries on a database that has grown: none reads a growing table from end to end.
//!
//! Checked queries are explained as `.sqlx` describes them (`plans/checked.rs`). Those whose text follows from filters are run, and the server
//! says how it did (`plans/built.rs`). Both find new queries by themselves.
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::stubs::media_info;
use crate::support::World;

mod built;
mod checked;
mod plan;

/// Works that the database is filled with: 350,000 rows, in five seconds. With fewer, the planner rightly reads tables whole.
const WORKS: u32 = 10_000;

/// A database that has grown, with statistics.
async fn grown() -> (World, PgConnection) {
    let world = World::new().await;
    world.rows_are_planted();
    let mut connection = PgConnection::connect(&world.config.database.database_url).await.unwrap();
    let media_info = serde_json::to_string(&media_info()).unwrap();
    let settings = format!("set growth.first = 1; set growth.last = {WORKS}; set growth.media_info = '{media_info}';");
    connection.execute(AssertSqlSafe(settings + include_str!("plans/fill.sql"))).await.unwrap();
    connection.execute("vacuum analyze").await.unwrap();
    (world, connection)
}

#[tokio::test]
async fn no_query_reads_a_growing_table_from_end_to_end() {
    let (world, mut connection) = grown().await;
    plan::every_table_is_known(&mut connection).await;
    checked::explain_all(&mut connection).await;
    built::run_all(&world, &mut connection).await;
}
