//! The database as a test sees it: reading what is true, and holding locks so that a worker stops exactly where a story wants it.
use std::time::Duration;

use serde_json::Value;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool, Row};
use uuid::Uuid;

use super::wait::wait_until;

/// A test's database, made for it and dropped with it.
pub(crate) struct Truth {
    pool: PgPool,
    /// Its address.
    pub(crate) url: String,
    server: String,
    name: String,
}

/// A part as it stands.
#[derive(Clone, Debug)]
pub(crate) struct PartRow {
    pub(crate) run: i32,
    pub(crate) stage: String,
    pub(crate) part: String,
    pub(crate) status: String,
    pub(crate) attempt: i32,
    pub(crate) fence: Option<i64>,
    pub(crate) output: Option<Value>,
    pub(crate) last_error: Option<String>,
}

/// A lock that a story holds; nobody gets past it until it is released or dropped.
pub(crate) struct Held(PgConnection);

impl Held {
    /// Lets the others through.
    pub(crate) async fn release(self) {
        self.0.close().await.expect("close the session that holds a lock");
    }
}

impl Truth {
    /// Makes a database of its own on `server`, whose URL names a database that exists.
    pub(crate) async fn create(server: &str) -> Self {
        let name = format!("test_{}", Uuid::new_v4().simple());
        let mut admin =
            PgConnection::connect(server).await.unwrap_or_else(|error| panic!("connect to {server}: {error}"));
        let create = sqlx::AssertSqlSafe(format!("create database {name}"));
        sqlx::query(create).execute(&mut admin).await.expect("make a database");
        let (base, _) = server.rsplit_once('/').expect("a database's URL names a database");
        let url = format!("{base}/{name}");
        let options: PgConnectOptions = url.parse().expect("a database's URL");
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(10))
            .connect_lazy_with(options.application_name("story"));
        Self { pool, url, server: server.to_owned(), name }
    }

    /// For queries of one story alone.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Removes the database and whoever is still connected to it.
    pub(crate) async fn remove(&self) {
        self.pool.close().await;
        let Ok(mut admin) = PgConnection::connect(&self.server).await else { return };
        let drop = sqlx::AssertSqlSafe(format!("drop database if exists {} with (force)", self.name));
        let _ = sqlx::query(drop).execute(&mut admin).await;
    }

    /// A submission's state.
    pub(crate) async fn state(&self, submission: Uuid) -> String {
        self.try_state(submission).await.unwrap_or_else(|error| panic!("read the state of {submission}: {error}"))
    }

    /// A submission's state, where the database may be away.
    pub(crate) async fn try_state(&self, submission: Uuid) -> sqlx::Result<String> {
        sqlx::query_scalar("select state from submissions where id = $1").bind(submission).fetch_one(&self.pool).await
    }

    /// Waits until a submission is in `wanted`; panics when it settles elsewhere.
    pub(crate) async fn reaches(&self, submission: Uuid, wanted: &str, patience: Duration) {
        let what = format!("{submission} is {wanted}");
        let reached = wait_until(&what, patience, async || {
            let state = self.try_state(submission).await.ok()?;
            let settled = matches!(state.as_str(), "published" | "rejected" | "withdrawn" | "revoked");
            (settled || state == wanted).then_some(state)
        })
        .await;
        if reached != wanted {
            let machine = self.machine(submission).await;
            panic!("{submission} is {reached} and not {wanted}: {machine}");
        }
    }

    /// A submission's whole state machine.
    pub(crate) async fn machine(&self, submission: Uuid) -> Value {
        let query = sqlx::query_scalar("select machine from submissions where id = $1");
        query.bind(submission).fetch_one(&self.pool).await.expect("read a state machine")
    }

    /// Every part of a submission.
    pub(crate) async fn parts(&self, submission: Uuid) -> Vec<PartRow> {
        self.try_parts(submission).await.expect("read the parts")
    }

    async fn try_parts(&self, submission: Uuid) -> sqlx::Result<Vec<PartRow>> {
        let rows = sqlx::query(
            "select run, stage, part, status::text, attempt, fence, output, last_error from parts
            where submission = $1 order by run, created_at, stage, part",
        )
        .bind(submission)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(PartRow {
                    run: row.try_get(0)?,
                    stage: row.try_get(1)?,
                    part: row.try_get(2)?,
                    status: row.try_get(3)?,
                    attempt: row.try_get(4)?,
                    fence: row.try_get(5)?,
                    output: row.try_get(6)?,
                    last_error: row.try_get(7)?,
                })
            })
            .collect()
    }

    /// Waits until some part of `stage` has the given status, and returns it.
    pub(crate) async fn part_is(&self, submission: Uuid, stage: &str, status: &str, patience: Duration) -> PartRow {
        wait_until(&format!("a part of {stage} is {status}"), patience, async || {
            let parts = self.try_parts(submission).await.ok()?;
            parts.into_iter().find(|part| part.stage == stage && part.status == status)
        })
        .await
    }

    /// How many rows a query counts.
    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.pool).await.unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    /// One column of text.
    pub(crate) async fn texts(&self, query: &'static str) -> Vec<String> {
        sqlx::query_scalar(query).fetch_all(&self.pool).await.unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    /// Holds the whole table of parts: nobody claims, renews or finishes one.
    pub(crate) async fn hold_parts(&self) -> Held {
        self.hold(sqlx::query("lock table parts in access exclusive mode")).await
    }

    /// Holds a submission's row: a finishing part waits before it has changed anything.
    pub(crate) async fn hold_submission(&self, submission: Uuid) -> Held {
        self.hold(sqlx::query("select 1 from submissions where id = $1 for update").bind(submission)).await
    }

    async fn hold(&self, lock: sqlx::query::Query<'_, sqlx::Postgres, sqlx::postgres::PgArguments>) -> Held {
        // A session of its own, so that closing it is what releases the lock, also when a test fails.
        let mut session = PgConnection::connect(&self.url).await.expect("a session to hold a lock");
        sqlx::query("begin").execute(&mut session).await.expect("begin");
        lock.execute(&mut session).await.expect("take a lock");
        Held(session)
    }

    /// Sessions of the services that wait for a lock now.
    pub(crate) async fn waiting_for_a_lock(&self) -> i64 {
        self.count(
            "select count(*) from pg_stat_activity
            where datname = current_database() and application_name = 'reelmill' and wait_event_type = 'Lock'",
        )
        .await
    }
}
