//! Applies migrations: one process at a time, without a limit on the time to build an index, and again if an earlier
//! attempt was interrupted.
use std::time::Duration;

use anyhow::Context;
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use tracing::{info, warn};

use super::MIGRATIONS;
use crate::store::Store;
use crate::store::errors::database_code;

/// Time between two checks whether it is this process's turn.
const TURN_EVERY: Duration = Duration::from_millis(200);
/// How often a migration waits for a lock (10 s each, `Store::new`) before it fails: ten minutes, the length of a slow
/// backup.
const LOCK_TRIES: u32 = 60;
/// PostgreSQL's error when a lock was not obtained in time: `lock_not_available`.
const LOCK_NOT_AVAILABLE: &str = "55P03";

impl Store {
    /// Upgrades the schema, one process at a time, so that replicas may start together. It grants nothing; see
    /// [`Self::migrate_for`].
    pub async fn migrate(&self) -> anyhow::Result<()> {
        let mut connection = self.pool().acquire().await.context("connect")?;
        let result = upgrade(&mut connection).await;
        // Closed, not returned to the pool: it holds the turn, and its statements have no deadline.
        connection.close().await.ok();
        result
    }
}

async fn upgrade(connection: &mut PgConnection) -> anyhow::Result<()> {
    // An index of a large table takes longer than the limit for a service's statements.
    connection.execute("/* migration_deadline */ set statement_timeout = 0").await.context("lift the deadline")?;
    take_turn(connection).await?;
    let mut tries = 1;
    loop {
        drop_unfinished(connection).await?;
        let result = MIGRATIONS.run_direct(None, connection, false).await.context("migrate the database");
        match result {
            Err(error) if tries < LOCK_TRIES && database_code(&error).as_deref() == Some(LOCK_NOT_AVAILABLE) => {
                info!(tries, "a migration waits for a lock: {error:#}");
                tries += 1;
            }
            result => return result,
        }
    }
}

/// Waits until no other process migrates. It polls instead of waiting in the database: `create index concurrently`
/// waits for every older statement, and would wait for one that waits for its own process.
async fn take_turn(connection: &mut PgConnection) -> anyhow::Result<()> {
    const TAKE: &str = "/* migrate_in_turn */ select pg_try_advisory_lock(hashtext('reelmill_migrations'))";
    while !sqlx::query_scalar::<_, bool>(TAKE)
        .fetch_one(&mut *connection)
        .await
        .context("ask for the turn to migrate")?
    {
        tokio::time::sleep(TURN_EVERY).await;
    }
    Ok(())
}

/// Drops what an interrupted `create index concurrently` left: an index that is kept up to date and never used.
async fn drop_unfinished(connection: &mut PgConnection) -> anyhow::Result<()> {
    let unfinished: Vec<String> = sqlx::query_scalar(
        "/* unfinished_indexes */
        select indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indexrelid
        where not i.indisvalid and c.relkind = 'i' and c.relname !~ '_ccnew|_ccold' and c.relnamespace = current_schema()::regnamespace
            and pg_has_role(c.relowner, 'usage')",
    )
    .fetch_all(&mut *connection)
    .await
    .context("look for unfinished indexes")?;
    for name in unfinished {
        warn!("dropping the index {name}, which was never finished");
        let drop = AssertSqlSafe(format!("/* drop_unfinished_index */ drop index concurrently {name}"));
        connection.execute(drop).await.context("drop an unfinished index")?;
    }
    Ok(())
}
