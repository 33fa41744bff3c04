//! Everything in Postgres. One function for each query; the query's name is its first comment.
//!
//! | what | where |
//! |---|---|
//! | the only way in which a submission changes | `submissions::apply` |
//! | claim, renew, finish, fail, hand back | `parts` |
//! | what a finished part leaves | `outcomes` |
//! | acts of people, persons, tokens, repeated requests, lists | `audit`, `persons`, `tokens`, `idempotency`, `listing` |
//! | how people sign in, and their sessions | `sign_in`, `invitations`, `sessions` |
//! | files in force, deliveries, history, objects to delete | `renditions`, `deliveries`, `history`, `garbage` |
//! | finished files by what determines them | `reuse` |
//! | the progress of entries | `progress` |
//! | new runs, releases and recalls of many works | `bulk` |
//! | works by their state at partners | `board` |
//! | release and recall, as people order them | `people` |
//! | films that another one replaced, cure windows of one work | `former`, `cures` |
//! | what organisers look at before they decide | `previews` |
//! | what the desk's first page counts | `desk` |
//! | who screens which work, decisions that can be undone | `reviews`, `held` |
//! | what people saw at a partner | `proofs` |
//! | partners' accounts, what was exchanged with them | `accounts`, `exchanges` |
//! | deliveries that wait for their partner's budget | `calls` |
//! | messages to send | `messages` |
//! | outgoing webhooks | `webhooks` |
//! | uploads, personal data | `uploads`, `entrants` |
//! | what partners pull | `feed` |
//! | which works were entered before | `fingerprints` |
//! | how an entry's time was spent | `trace` |
//! | work that is needed and that no part will do | `stuck` |
//! | the version of the schema, its owner, and the rights of services | `schema` |
//! | which objects there should be, what is past its time, checks | `fsck`, `retention`, `doctor` |
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures::future::BoxFuture;
use rand::Rng;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};
use tokio::sync::Notify;
use tracing::{Instrument, info, warn};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::config::Config;
use crate::metrics::Metrics;
use crate::telemetry::spans;
use crate::transport;

pub mod accounts;
pub mod audit;
pub mod board;
pub mod bulk;
pub mod calls;
pub mod cures;
pub mod deliveries;
pub mod desk;
pub mod doctor;
pub mod drafts;
pub mod entrants;
pub mod exchanges;
pub mod feed;
pub mod fingerprints;
pub mod first_look;
pub mod former;
pub mod fsck;
pub mod garbage;
pub mod handed_in;
pub mod held;
pub mod history;
pub mod idempotency;
pub mod invitations;
pub mod link_mails;
pub mod listing;
pub mod messages;
pub mod notices;
pub mod outcomes;
pub mod parts;
pub mod people;
pub mod persons;
pub mod previews;
pub mod progress;
pub mod proofs;
pub mod recalls;
pub mod receipts;
pub mod renditions;
pub mod retention;
pub mod reuse;
pub mod reviews;
pub mod schema;
pub mod sessions;
pub mod sign_in;
pub mod stuck;
pub mod submissions;
pub mod tokens;
pub mod trace;
pub mod trouble;
pub mod units;
pub mod uploads;
pub mod watch;
pub mod webhooks;

/// How often a transaction is started again after a serialization failure or a deadlock.
const TRANSACTION_TRIES: u32 = 5;

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
    turns: Arc<parts::Turns>,
}

/// The argument of a transaction's closure, for crates that name it without depending on the database crate.
pub type Transaction = PgConnection;

/// Carries no value. Its type states that what a transaction's closure borrows for `'a` outlives each call for `'c`,
/// which a `for<'c>` bound cannot state otherwise.
pub struct Borrows<'c, 'a>(PhantomData<&'c &'a ()>);

/// How long claims are valid and what a failure costs.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// How long a claim is valid without renewal.
    pub lease: Duration,
    /// Back-off after the first failure; doubles with each.
    pub retry_base: Duration,
    /// Failures after which a part is parked.
    pub max_attempts: i32,
    /// The wait before unneeded objects are deleted.
    pub garbage_delay: Duration,
}

impl From<&Config> for Policy {
    fn from(config: &Config) -> Self {
        Self {
            lease: config.lease(),
            retry_base: Duration::from_secs_f64(config.retry_base_s),
            max_attempts: config.max_attempts,
            garbage_delay: Duration::from_secs_f64(config.garbage_delay_s),
        }
    }
}

impl Store {
    /// Prepares a bounded pool; connects at first use. Every statement and every lock has a deadline in the server too,
    /// so that a process that was stopped in the middle of a transaction cannot hold a row for ever.
    ///
    /// # Errors
    /// An unreadable address, or [`transport::PlaintextRefused`].
    pub fn new(config: &Config, metrics: Metrics) -> anyhow::Result<Self> {
        let options: PgConnectOptions = config.database_url.parse().context("read DATABASE_URL")?;
        transport::to_database(&options, &config.allow_plaintext)?;
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
        Ok(Self { pool, metrics, policy: Policy::from(config), written: Arc::default(), turns: Arc::default() })
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

    /// Runs `work` in a transaction called `name`, which is also its metric label, and commits. A deadlock or a
    /// serialization failure runs it again from the start, so `work` must have no effect outside the database:
    /// `store.transaction("name", |tx, _| Box::pin(async move { … }))`. See [`Borrows`] for the second argument.
    pub async fn transaction<'a, T, F>(&self, name: &'static str, work: F) -> anyhow::Result<T>
    where
        T: Send,
        F: for<'c> FnMut(&'c mut PgConnection, Borrows<'c, 'a>) -> BoxFuture<'c, anyhow::Result<T>> + Send + 'a,
    {
        let result = self.quiet_transaction(name, work).await;
        self.poke();
        result
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

    /// A transaction that leaves no messages, so it wakes no relay.
    pub(crate) async fn quiet_transaction<'a, T, F>(&self, name: &'static str, mut work: F) -> anyhow::Result<T>
    where
        T: Send,
        F: for<'c> FnMut(&'c mut PgConnection, Borrows<'c, 'a>) -> BoxFuture<'c, anyhow::Result<T>> + Send + 'a,
    {
        let span = spans::transaction(name);
        let begun = Instant::now();
        let count = |outcome| self.metrics.transactions.with_label_values(&[name, outcome]).inc();
        let mut tries = 1;
        let result = loop {
            match self.try_once(&mut work).instrument(span.clone()).await {
                Err(error) if tries < TRANSACTION_TRIES && is_conflict(&error) => {
                    count("retried");
                    warn!(transaction.name = name, tries, "{name} met another transaction, trying again: {error:#}");
                    let wait_ms = rand::rng().random_range(1..=10 * (1 << tries));
                    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
                    tries += 1;
                }
                result => break result,
            }
        };
        if let Err(error) = &result {
            let code = database_code(error);
            if let Some(code) = &code {
                span.set_attribute("db.response.status_code", code.clone());
            }
            spans::failed(&span, code.unwrap_or_else(|| "failed".to_owned()));
        }
        count(match &result {
            Ok(_) => "committed",
            // Caused by the database; any other error here is a refusal of the request.
            Err(error) if sqlx_error(error).is_some() => "failed",
            Err(_) => "refused",
        });
        self.metrics.transaction_seconds.with_label_values(&[name]).observe(begun.elapsed().as_secs_f64());
        result.with_context(|| format!("transaction {name}"))
    }

    async fn try_once<'a, T, F>(&self, work: &mut F) -> anyhow::Result<T>
    where
        F: for<'c> FnMut(&'c mut PgConnection, Borrows<'c, 'a>) -> BoxFuture<'c, anyhow::Result<T>>,
    {
        let mut transaction = self.pool.begin().await.context("begin")?;
        let value = work(&mut transaction, Borrows(PhantomData)).await?;
        transaction.commit().await.context("commit")?;
        Ok(value)
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

/// Whether `error` means that two transactions conflicted and one was aborted.
fn is_conflict(error: &anyhow::Error) -> bool {
    const SERIALIZATION_FAILURE: &str = "40001";
    const DEADLOCK_DETECTED: &str = "40P01";
    database_code(error).is_some_and(|code| code == SERIALIZATION_FAILURE || code == DEADLOCK_DETECTED)
}

fn database_code(error: &anyhow::Error) -> Option<String> {
    let sqlx::Error::Database(database) = sqlx_error(error)? else { return None };
    database.code().map(Into::into)
}

fn sqlx_error(error: &anyhow::Error) -> Option<&sqlx::Error> {
    error.chain().find_map(|cause| cause.downcast_ref())
}

/// Whether this one cause, without its chain, comes from the database.
pub(crate) fn is_database(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<sqlx::Error>()
}

/// Whether `error` means that the database cannot serve now: unreachable, restarting, or no connection free in time. A
/// caller with a client of its own answers "try again later".
pub fn is_unavailable(error: &anyhow::Error) -> bool {
    match sqlx_error(error) {
        Some(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_)) => true,
        // Class 08 connection exception, 53 insufficient resources, 57 operator intervention, 55P03 lock not available,
        // 25P03 a session that was ended because its process was stopped within a transaction.
        Some(sqlx::Error::Database(database)) => database.code().is_some_and(|code| {
            matches!(code.get(..2), Some("08" | "53" | "57")) || code == "55P03" || code == "25P03"
        }),
        _ => false,
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
