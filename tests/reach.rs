//! TLS to the servers and the roles used there: no plaintext to another machine, no owner's rights for services.
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use uuid::Uuid;

use crate::support::process::{self, Service};
use crate::support::wait::wait_until_true;
use crate::support::{Servers, TestPipeline};

const SOON: Duration = Duration::from_secs(60);

fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn plaintext_to_another_machine_is_refused_unless_allowed() {
    let dir = tempfile::tempdir().expect("a directory");
    let scratch = dir.path().join("scratch").display().to_string();
    // Documentation addresses: no server answers there.
    let mut all = env(&[
        ("DATABASE_URL", "postgres://reelmill@192.0.2.1/reelmill?sslmode=prefer"),
        ("AMQP_URL", "amqp://guest:guest@mq.example/%2f"),
        ("SCRATCH_DIR", &scratch),
        ("LISTEN", "127.0.0.1:0"),
        ("DESK_LISTEN", "127.0.0.1:0"),
        ("ADMIN_LISTEN", "127.0.0.1:0"),
        ("PUBLISH_LISTEN", "127.0.0.1:0"),
    ]);
    for command in [&["serve"][..], &["status"], &["migrate"]] {
        let ran = process::run(command, &all).await.exits(2);
        assert!(
            ran.stderr.contains("plaintext_refused: ") && ran.stderr.contains("192.0.2.1"),
            "{command:?}: {}",
            ran.stderr
        );
        assert!(
            ran.stderr.contains("ALLOW_PLAINTEXT") && ran.stderr.contains("连接未加密"),
            "{command:?}: {}",
            ran.stderr
        );
    }
    let doctor = async |env: &BTreeMap<String, String>| {
        let findings = process::run(&["doctor", "--output", "json"], env).await.exits(1).json();
        let findings = findings.as_array().expect("a list of findings").clone();
        let found = |check: &str| findings.iter().find(|it| it["check"] == check).map(|it| it["found"].to_string());
        ["PostgreSQL", "RabbitMQ"].map(|check| found(check).unwrap_or_default())
    };
    for (found, host) in doctor(&all).await.iter().zip(["192.0.2.1", "mq.example"]) {
        assert!(found.contains("plaintext_refused") && found.contains(host), "{found}");
    }
    // With TLS to the database, the broker is refused next.
    all.insert("DATABASE_URL".into(), "postgres://reelmill@192.0.2.1/reelmill?sslmode=require".into());
    let ran = process::run(&["serve"], &all).await.exits(2);
    assert!(ran.stderr.contains("plaintext_refused: ") && ran.stderr.contains("amqps://"), "{}", ran.stderr);
    // A complete address is tried.
    all.insert("DATABASE_URL".into(), "postgres://reelmill@127.0.0.1:9/reelmill".into());
    all.insert("ALLOW_PLAINTEXT".into(), "mq.example,10.0.0.0/8".into());
    let [_, broker] = doctor(&all).await;
    assert!(!broker.is_empty() && !broker.contains("plaintext_refused"), "{broker}");
    all.insert("ALLOW_PLAINTEXT".into(), "10.0.0.1/8".into());
    let ran = process::run(&["serve"], &all).await.exits(2);
    assert!(ran.stderr.contains("10.0.0.1/8"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_address_without_tls_is_refused_at_start_and_by_doctor() {
    let dir = tempfile::tempdir().expect("a directory");
    let scratch = dir.path().join("scratch").display().to_string();
    let all = env(&[
        // Nothing listens on port 9.
        ("DATABASE_URL", "postgres://reelmill@127.0.0.1:9/reelmill"),
        ("AMQP_URL", "amqp://guest:guest@127.0.0.1:9/%2f"),
        ("SCRATCH_DIR", &scratch),
        ("DESK_URL", "http://desk.example.org"),
        ("LISTEN", "127.0.0.1:0"),
        ("DESK_LISTEN", "127.0.0.1:0"),
        ("ADMIN_LISTEN", "127.0.0.1:0"),
        ("PUBLISH_LISTEN", "127.0.0.1:0"),
    ]);
    let ran = process::run(&["serve"], &all).await.exits(2);
    let said = &ran.stderr;
    assert!(said.contains("desk_url_refused: ") && said.contains("desk.example.org"), "{said}");
    assert!(said.contains("without TLS") && said.contains("未加密"), "{said}");
    let findings = process::run(&["doctor", "--output", "json"], &all).await.exits(1).json();
    let found = findings.as_array().expect("a list of findings").iter().find(|it| it["check"] == "desk address");
    let found = found.expect("a finding about the desk");
    assert_eq!(found["health"], "bad", "{found}");
    assert!(found["found"].as_str().is_some_and(|it| it.contains("desk_url_refused")), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_that_is_asked_for_is_not_given_up_where_the_server_has_none() {
    let url = Servers::shared().database_url.clone();
    let (plain, tls) = (env(&[("DATABASE_URL", &url)]), env(&[("DATABASE_URL", &format!("{url}?sslmode=require"))]));
    let ran = process::run(&["status"], &plain).await;
    assert!(!ran.stderr.contains("TLS"), "{}", ran.stderr);
    let ran = process::run(&["status"], &tls).await.exits(1);
    assert!(ran.stderr.contains("does not support TLS"), "{}", ran.stderr);
}

/// Logins as compose and the demo create them, with names of this test's own, in a database of its own.
struct Logins {
    server: String,
    name: String,
}

impl Logins {
    async fn make(server: &str) -> Self {
        let name = format!("logins{}", Uuid::new_v4().simple());
        let logins = Self { server: server.to_owned(), name };
        logins.as_superuser(&format!("create database {}", logins.name)).await;
        let sql = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/postgres/roles.sql");
        let sql = std::fs::read_to_string(sql).expect("roles.sql").replace("reelmill_", &format!("{}_", logins.name));
        let (base, _) = server.rsplit_once('/').expect("a URL");
        let mut psql = Command::new("psql")
            .args(["--quiet", "--no-psqlrc", &format!("{base}/{}", logins.name)])
            .envs([("REELMILL_OWNER_PASSWORD", "o'wner"), ("REELMILL_APP_PASSWORD", "app")])
            .stdin(Stdio::piped())
            .spawn()
            .expect("run psql");
        psql.stdin.take().expect("its input").write_all(sql.as_bytes()).expect("tell psql");
        assert!(psql.wait().expect("psql ends").success());
        logins
    }

    async fn as_superuser(&self, statement: &str) {
        let mut admin = PgConnection::connect(&self.server).await.expect("connect");
        admin.execute(AssertSqlSafe(statement.to_owned())).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    fn url(&self, login: &str, password: &str) -> String {
        let (base, _) = self.server.rsplit_once('/').expect("a URL");
        let (scheme, rest) = base.split_once("://").expect("a URL");
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        format!("{scheme}://{0}_{login}:{password}@{host}/{0}", self.name)
    }

    async fn remove(self) {
        self.as_superuser(&format!("drop database {} with (force)", self.name)).await;
        self.as_superuser(&format!("drop role {0}_app, {0}_service, {0}_owner", self.name)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logins_of_compose_migrate_and_serve_and_a_service_waits_for_the_migration() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let servers = Servers::shared();
    let logins = Logins::make(&servers.database_url).await;
    let dir = tempfile::tempdir().expect("a directory");
    let scratch = dir.path().join("scratch").display().to_string();
    let (owner, app) = (logins.url("owner", "o%27wner"), logins.url("app", "app"));
    let (role, prefix) = (format!("{}_service", logins.name), format!("{}.", logins.name));
    let mut all = env(&[
        ("DATABASE_URL", &app),
        ("DATABASE_SERVICE_ROLE", &role),
        ("AMQP_URL", &servers.amqp_url),
        ("AMQP_PREFIX", &prefix),
        ("S3_ENDPOINT", "http://127.0.0.1:9"),
        ("SCRATCH_DIR", &scratch),
        ("LISTEN", "127.0.0.1:0"),
        ("DESK_LISTEN", "127.0.0.1:0"),
        ("ADMIN_LISTEN", "127.0.0.1:0"),
        ("PUBLISH_LISTEN", "127.0.0.1:0"),
        ("NO_COLOR", "1"),
    ]);
    let refused = process::run(&["migrate"], &all).await.exits(1);
    assert!(refused.stderr.contains("does not own the schema"), "{}", refused.stderr);
    let service = Service::start("waiting", &["serve", "--roles", "probe"], &all, &dir.path().join("logs"));
    let body = async || -> Option<String> {
        let url = format!("http://{}/readyz", service.admin_address()?);
        let answer = reqwest::Client::new().get(url).timeout(Duration::from_secs(5)).send().await.ok()?;
        answer.text().await.ok()
    };
    let says = async |words: &str| body().await.is_some_and(|body| body.contains(words));
    wait_until_true("it says what it waits for", SOON, async || says("reelmill migrate").await).await;
    assert!(service.log_text().contains("waiting: there is no schema"), "{}", service.log_tail());
    all.insert("DATABASE_OWNER_URL".into(), owner);
    let done = process::run(&["migrate"], &all).await.exits(0);
    assert!(done.stderr.contains(&format!("members of {role} may use it")), "{}", done.stderr);
    // From here on it checks its dependencies, of which the object store is unavailable.
    wait_until_true("it has begun", SOON, async || says("\"database\":\"ok\"").await).await;
    process::run(&["status"], &all).await.exits(0);
    let mut session = PgConnection::connect(&app).await.expect("log in as services do");
    let error = session.execute("create temporary table audit (mine int)").await.expect_err("no table of its own");
    assert_eq!(error.as_database_error().and_then(|it| it.code()).as_deref(), Some("42501"), "{error}");
    drop(session);
    let doctor = process::run(&["doctor", "--output", "json"], &all).await.exits(1).json();
    let login = doctor.as_array().expect("findings").iter().find(|it| it["check"] == "database login").cloned();
    assert_eq!(login.expect("a finding about the login")["health"], "good");
    service.stop();
    let broker = crate::support::broker::Broker::connect(&servers.amqp_url, &prefix).await;
    broker.remove_all().await;
    logins.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_of_every_story_are_no_owners() {
    let pipeline = TestPipeline::new().await;
    let mut service = PgConnection::connect(&pipeline.truth.service_url).await.expect("log in as services do");
    for statement in
        ["alter table submissions add mine int", "drop table history", "truncate audit", "update audit set name = 'x'"]
    {
        let error = service.execute(statement).await.expect_err(statement);
        let code = error.as_database_error().and_then(|it| it.code().map(|code| code.into_owned()));
        assert_eq!(code.as_deref(), Some("42501"), "{statement}: {error}");
    }
    // A whole entry is delivered to its partner with these restricted logins.
    let all = pipeline.serve("all", &[]).await;
    let work = pipeline.submit(&all, 2).await;
    pipeline.truth.reaches(work, "published", SOON + SOON).await;
    // A service that logs in as the owner logs a warning.
    let mut env = pipeline.command_env();
    env.insert("DATABASE_URL".into(), pipeline.truth.url.clone());
    let doctor = process::run(&["doctor", "--output", "json"], &env).await.json();
    let login = doctor.as_array().expect("findings").iter().find(|it| it["check"] == "database login").cloned();
    let login = login.expect("a finding about the login");
    assert!(
        login["health"] == "poor" && login["mend"].as_str().is_some_and(|it| it.contains("create role")),
        "{login}"
    );
    let query = "select count(distinct usename) from pg_stat_activity where datname = current_database() and application_name like 'reelmill%'
        and usename <> $1";
    let others: i64 = sqlx::query_scalar(query)
        .bind(pipeline.truth.service_url.rsplit_once('/').map(|(_, name)| name))
        .fetch_one(pipeline.truth.pool())
        .await
        .expect("who is connected");
    assert_eq!(others, 0, "no session of ours uses another login");
}
