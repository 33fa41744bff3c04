//! What a process waits for before it works: a database that answers, and a schema that it may use.
use std::time::{Duration, Instant};

use anyhow::Context;
use tracing::info;

use crate::config::DatabaseConfig;
use crate::health::Starting;
use crate::store::Store;
use crate::store::schema::SchemaState;

/// The wait for other servers at the start: longer than any of them needs to start at the same time.
const NEIGHBOURS: Duration = Duration::from_secs(60);
/// The wait for a `reelmill migrate` by an operator or the chart: as long as the chart lets it run. After it the
/// process ends, which supervisors notice.
const SCHEMA: Duration = Duration::from_secs(1800);
/// The time between two checks of the schema. A check is three small queries.
const LOOK: Duration = Duration::from_secs(1);
/// An unchanged reason is logged again after this time.
const REPEAT: Duration = Duration::from_secs(60);

/// Returns when the schema exists and this login may use it; see [`SchemaState`] for what may be missing. A login that
/// owns the schema migrates it itself, unless `MIGRATE_ON_START` forbids it: an installation with a single login has no
/// other way. Any other login waits.
pub(super) async fn for_the_database(
    store: &Store,
    config: &DatabaseConfig,
    starting: &Starting,
) -> anyhow::Result<()> {
    starting.waits_for("the database does not answer yet");
    store.wait_until_up(NEIGHBOURS).await?;
    let deadline = Instant::now() + SCHEMA;
    let mut said: Option<(String, Instant)> = None;
    loop {
        let why = match look(store, config).await {
            Ok(None) => return Ok(()),
            Ok(Some(why)) => why,
            // Unreachable again, or restarting.
            Err(error) if crate::store::is_unavailable(&error) => format!("{error:#}"),
            Err(error) => return Err(error),
        };
        anyhow::ensure!(Instant::now() < deadline, "waited {} min: {why}", SCHEMA.as_secs() / 60);
        starting.waits_for(&why);
        let repeated = said.as_ref().is_some_and(|(words, at)| *words == why && at.elapsed() < REPEAT);
        if !repeated {
            info!("waiting: {why}");
            said = Some((why, Instant::now()));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What is missing, after this login has done what it can about it.
async fn look(store: &Store, config: &DatabaseConfig) -> anyhow::Result<Option<String>> {
    let state = store.schema_state().await?;
    match state {
        SchemaState::Ready => return Ok(None),
        SchemaState::Foreign(_) => anyhow::bail!("{state}"),
        SchemaState::Absent | SchemaState::Behind(_) | SchemaState::Closed(_) => {}
    }
    if !config.migrate_on_start || !store.login().await?.owner {
        return Ok(Some(state.to_string()));
    }
    store
        .migrate_at_start(&config.database_service_role)
        .await
        .context("bring the schema up to date (its owner does so at the start)")?;
    let state = store.schema_state().await?;
    anyhow::ensure!(state == SchemaState::Ready, "after the migration: {state}");
    Ok(None)
}
