//! The database as a test uses it: reading the actual state, and gates that make a worker wait at a chosen point.
use std::time::Duration;

use runtime::config::DEFAULT_SERVICE_ROLE;
use serde_json::Value;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool, Row};
use uuid::Uuid;

use super::wait::wait_until;

/// A test's database, made for it and dropped with it.
pub(crate) struct Truth {
    pool: PgPool,
    /// Its address, with the login that owns it.
    pub(crate) url: String,
    /// Its address, with a login that has the rights of services, once it is migrated; see [`Truth::admit_services`].
    pub(crate) service_url: String,
    server: String,
    name: String,
}

/// A part's row.
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

impl Truth {
    /// Creates a new database on `server`, whose URL names an existing database.
    pub(crate) async fn create(server: &str) -> Self {
        let name = format!("test_{}", Uuid::new_v4().simple());
        let mut admin =
            PgConnection::connect(server).await.unwrap_or_else(|error| panic!("connect to {server}: {error}"));
        // A copy of a migrated database costs less than 20 migrations; only the shared server has one.
        let shared = std::env::var("TEST_DATABASE_URL").is_ok_and(|shared| shared == server);
        let template = std::env::var("TEST_DATABASE_TEMPLATE").ok().filter(|_| shared);
        let template = template.map_or(String::new(), |template| format!(" template {template}"));
        let create = sqlx::AssertSqlSafe(format!("create database {name}{template}"));
        sqlx::query(create).execute(&mut admin).await.expect("make a database");
        let (base, _) = server.rsplit_once('/').expect("a database's URL names a database");
        let url = format!("{base}/{name}");
        let (scheme, rest) = base.split_once("://").expect("a database's URL");
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        let service_url = format!("{scheme}://{name}:{name}@{host}/{name}");
        let options: PgConnectOptions = url.parse().expect("a database's URL");
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(10))
            .connect_lazy_with(options.application_name("story"));
        Self { pool, url, service_url, server: server.to_owned(), name }
    }

    /// Creates the login of [`Truth::service_url`], a member of the role that `reelmill migrate` has created.
    pub(crate) async fn admit_services(&self) {
        let create = format!("create role {0} login password '{0}' in role {DEFAULT_SERVICE_ROLE}", self.name);
        sqlx::query(sqlx::AssertSqlSafe(create)).execute(&self.pool).await.expect("make a login for services");
    }

    /// For queries of a single test.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Drops the database and ends all sessions in it.
    pub(crate) async fn remove(&self) {
        self.pool.close().await;
        let Ok(mut admin) = PgConnection::connect(&self.server).await else { return };
        for what in ["drop database if exists {} with (force)", "drop role if exists {}"] {
            let drop = sqlx::AssertSqlSafe(what.replace("{}", &self.name));
            let _ = sqlx::query(drop).execute(&mut admin).await;
        }
    }

    /// A submission's state.
    pub(crate) async fn state(&self, submission: Uuid) -> String {
        self.try_state(submission).await.unwrap_or_else(|error| panic!("read the state of {submission}: {error}"))
    }

    /// A submission's state, if the database answers.
    pub(crate) async fn try_state(&self, submission: Uuid) -> sqlx::Result<String> {
        sqlx::query_scalar("select state from submissions where id = $1").bind(submission).fetch_one(&self.pool).await
    }

    /// Waits until a submission is in `wanted`; panics if it settles elsewhere.
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

    /// Every row of every table as text, with its table's name.
    pub(crate) async fn every_row(&self) -> Vec<(String, String)> {
        let mut rows = Vec::new();
        for table in self.texts("select tablename::text from pg_tables where schemaname = 'public'").await {
            let query = sqlx::AssertSqlSafe(format!("select row_to_json(t)::text from {table} t"));
            let texts: Vec<String> = sqlx::query_scalar(query).fetch_all(&self.pool).await.expect("read a table");
            rows.extend(texts.into_iter().map(|text| (table.clone(), text)));
        }
        rows
    }

    /// Puts a gate before every update of `table` that `condition` (about `new`) describes: sessions wait there until
    /// it opens. The schema must exist, so a service must have started.
    pub(crate) async fn gate(&self, table: &str, condition: &str) -> Gate {
        // A session of its own, so that its end opens the gate, also when a test fails.
        let mut session = PgConnection::connect(&self.url).await.expect("a session to hold a gate");
        let trigger = format!(
            "create or replace function story_gate() returns trigger language plpgsql as $$
            begin perform pg_advisory_xact_lock_shared(1); return new; end $$;
            create trigger story_gate before update on {table} for each row when ({condition})
            execute function story_gate();"
        );
        sqlx::query("select pg_advisory_lock(1)").execute(&mut session).await.expect("hold the gate");
        sqlx::raw_sql(sqlx::AssertSqlSafe(trigger)).execute(&mut session).await.expect("build the gate");
        Gate { session, table: table.to_owned() }
    }

    /// Waits until a session of a service waits at the gate.
    pub(crate) async fn reaches_gate(&self, patience: Duration) {
        wait_until("a service stands before the gate", patience, async || {
            let waiting = self
                .count(
                    "select count(*) from pg_locks join pg_database on pg_database.oid = pg_locks.database
                    where locktype = 'advisory' and not granted and datname = current_database()",
                )
                .await;
            (waiting > 0).then_some(())
        })
        .await;
    }
}

/// A closed gate in the database.
pub(crate) struct Gate {
    session: PgConnection,
    table: String,
}

impl Gate {
    /// Lets every session pass, and removes the gate.
    pub(crate) async fn open(mut self) {
        // Opened first: waiting sessions hold locks that removing the trigger needs.
        sqlx::query("select pg_advisory_unlock(1)").execute(&mut self.session).await.expect("open the gate");
        let remove = sqlx::AssertSqlSafe(format!("drop trigger story_gate on {}", self.table));
        sqlx::query(remove).execute(&mut self.session).await.expect("remove the gate");
        self.session.close().await.expect("close the session that held the gate");
    }
}
