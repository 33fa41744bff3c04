//! The database as the rest of the program holds it: a bounded pool, the metrics of its users, and who takes which turn.
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgPool};
use tokio::sync::Notify;
use tracing::info;

use super::Policy;
use super::work::parts::Turns;
use crate::config::DatabaseConfig;
use crate::metrics::Metrics;
use crate::transport::{self, Trusted};

/// A connection that was idle no longer than this is used without checking it. Shorter than any restart of a database.
const BELIEVED: Duration = Duration::from_millis(250);

/// The database. Clones share one pool.
#[derive(Clone)]
pub struct Store {
    pool: PgPool,
    metrics: Metrics,
    policy: Policy,
    written: Arc<Notify>,
    /// Which contest is next to be claimed from.
    pub(super) turns: Arc<Turns>,
}

impl Store {
    /// Prepares a bounded pool; connects at first use. Every statement and every lock has a deadline in the server too,
    /// so that a process that was stopped in the middle of a transaction cannot hold a row for ever. The servers in
    /// `allowed` may be reached without TLS.
    ///
    /// # Errors
    /// An unreadable address, or [`transport::PlaintextRefused`].
    pub fn new(config: &DatabaseConfig, allowed: &[Trusted], policy: Policy, metrics: Metrics) -> anyhow::Result<Self> {
        let options: PgConnectOptions = config.database_url.parse().context("read DATABASE_URL")?;
        transport::to_database(&options, allowed)?;
        let options = options.application_name("reelmill").options([
            ("statement_timeout", "30s"),
            ("lock_timeout", "10s"),
            ("idle_in_transaction_session_timeout", "15s"),
            // Our queries are short. On busy cores, to start processes for one or to compile it took longer than the
            // query.
            ("max_parallel_workers_per_gather", "0"),
            ("jit", "off"),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(config.database_connections)
            // Longer than a busy moment, shorter than a client's patience: beyond it, load is shed.
            .acquire_timeout(Duration::from_secs(5))
            .idle_timeout(Duration::from_secs(60))
            // Checked on release anyway; another check before each use would be a third of all statements.
            .test_before_acquire(false)
            .before_acquire(|connection, about| {
                Box::pin(async move { Ok(about.idle_for < BELIEVED || connection.ping().await.is_ok()) })
            })
            .connect_lazy_with(options);
        Ok(Self { pool, metrics, policy, written: Arc::default(), turns: Arc::default() })
    }

    /// The pool, for queries outside of transactions and for listening.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The metrics that every user of the database counts with.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Connections of this process: how many are open, and how many of them are idle.
    pub(crate) fn connections(&self) -> (i64, i64) {
        let open = i64::from(self.pool.size());
        (open, i64::try_from(self.pool.num_idle()).unwrap_or(open).min(open))
    }

    /// The times for claims and retries.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Waits until the database answers, for at most `patience`.
    pub async fn wait_until_up(&self, patience: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + patience;
        loop {
            match self.ping().await {
                Ok(()) => return Ok(()),
                Err(error) if Instant::now() >= deadline => return Err(error),
                Err(error) => info!("the database does not answer yet: {error:#}"),
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> anyhow::Result<()> {
        sqlx::query_scalar!("/* ping */ select 1 as one").fetch_one(&self.pool).await.context("ask the database")?;
        Ok(())
    }

    /// Signals that there may be messages to send.
    pub(crate) fn poke(&self) {
        self.written.notify_one();
    }

    /// Resolves when this process has ended a transaction, which may have left messages to send. It is earlier than the
    /// database's notification, which comes only if the outbox was empty.
    pub(crate) async fn written(&self) {
        self.written.notified().await;
    }

    /// Takes the turn at the periodic task `name` if no process has within `every`. Of many services, one gets `true`.
    pub async fn take_turn(&self, name: &str, every: Duration) -> anyhow::Result<bool> {
        let taken = sqlx::query!(
            "/* take_turn */
            insert into ticks (name, at) values ($1, clock_timestamp())
            on conflict (name) do update set at = clock_timestamp()
                where ticks.at <= clock_timestamp() - make_interval(secs => $2)",
            name,
            every.as_secs_f64(),
        )
        .execute(&self.pool)
        .await?;
        Ok(taken.rows_affected() == 1)
    }
}

/// A separate connection for notifications, outside the pool's limit.
pub(crate) async fn listener(store: &Store) -> Result<sqlx::postgres::PgListener, sqlx::Error> {
    let mut options = (*store.pool.connect_options()).clone();
    options = options.application_name("reelmill relay");
    let pool =
        PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(5)).connect_lazy_with(options);
    sqlx::postgres::PgListener::connect_with(&pool).await
}
