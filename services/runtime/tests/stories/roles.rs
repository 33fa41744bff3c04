//! One login owns the schema, others work in it: what they may do, what they may not do, and how they wait for the
//! owner.
use std::net::SocketAddr;
use std::sync::Arc;

use pipeline::stage::Stage;
use runtime::config::Config;
use runtime::service::Runtime;
use runtime::store::audit::Verified;
use runtime::store::history::{Actor, By};
use runtime::store::schema::{NoServiceRole, SchemaState};
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::support::{eventually, whole_line};
use house::House;

mod house;

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.code().map(Into::into)
}

#[tokio::test]
async fn a_service_takes_an_entry_to_every_partner_and_leaves_a_whole_audit_trail() {
    let house = House::new().await;
    house.migrate().await;
    let process = house.world().process_with(house.config(&house.app), whole_line(&house.store(&house.app))).await;
    assert_eq!(process.runtime.store.schema_state().await.unwrap(), SchemaState::Ready);
    assert!(!process.runtime.store.login().await.unwrap().owner);
    let id = house.world().uploaded().await;
    house.world().reaches(id, "published").await;
    let store = &process.runtime.store;
    let by = By::person(Actor::Organiser, "王芳").because(Some("版权争议".into()));
    assert!(store.apply(id, &pipeline::submission::Event::Revoked, by).await.unwrap().changed);
    assert!(matches!(store.audit_verify(None).await.unwrap(), Verified::Whole(head) if head.seq == 1));
    process.stop().await;
}

#[tokio::test]
async fn a_service_can_alter_no_table_and_change_no_row_of_the_audit_trail() {
    let house = House::new().await;
    house.migrate().await;
    let refused = [
        "alter table submissions add column mine text",
        "alter table audit disable trigger all",
        "alter table audit owner to current_user",
        "drop table history",
        "drop trigger audit_rows_stay on audit",
        "create or replace function audit_is_append_only() returns trigger language plpgsql as 'begin return old; end'",
        "create table mine (id int)",
        "create index mine on history (submission)",
        "truncate outbox",
        "truncate audit",
        "update audit set name = 'somebody else'",
        "update audit set person = null, credential = null, address = null",
        "update audit_head set seq = 0; delete from audit",
        "delete from audit",
        "insert into audit_head (one, seq, hash) values (false, 0, '')",
        "delete from audit_head",
        "delete from persons",
        "truncate person_roles",
        "delete from _sqlx_migrations",
        "update _sqlx_migrations set checksum = ''",
        "set session_replication_role = replica",
        "create schema mine",
    ];
    for statement in refused {
        let error = house.as_login(Some(&house.app), statement).await.expect_err(statement);
        // Refused because of missing rights; or, for the head row that it may advance, by the trigger that allows only
        // that.
        let by = code(&error);
        let trigger = statement.starts_with("update audit_head") && by.as_deref() == Some("P0001");
        assert!(by.as_deref() == Some("42501") || trigger, "{statement}: {error}");
    }
    house
        .as_login(Some(&house.app), "begin; select * from audit_head for update; rollback")
        .await
        .expect("it may lock it");
}

#[tokio::test]
async fn every_table_grants_what_services_need_and_those_of_later_migrations_do_so_too() {
    let house = House::new().await;
    house.migrate().await;
    house
        .as_login(
            Some(&house.owner),
            "create table later (id bigint generated always as identity); create sequence more",
        )
        .await
        .unwrap();
    // A repetition does no harm, and revokes rights that were granted in addition.
    house.as_login(Some(&house.owner), &format!("grant update, truncate on audit to {}", house.group)).await.unwrap();
    let granted = async || -> Vec<(String, String)> {
        let mut connection = PgConnection::connect(&house.world().config.database_url).await.unwrap();
        let query = "select relname::text, string_agg(lower(privilege_type), ',' order by privilege_type) from pg_class
            cross join aclexplode(relacl) where grantee = $1::regrole and relkind = 'r' group by relname order by relname";
        sqlx::query_as(query).bind(&house.group).fetch_all(&mut connection).await.unwrap()
    };
    let of = |granted: &[(String, String)], table: &str| {
        granted.iter().find(|(name, _)| name == table).map(|(_, privileges)| privileges.clone())
    };
    let first = granted().await;
    assert_eq!(of(&first, "later").as_deref(), Some("delete,insert,select,update"), "{first:?}");
    house.as_login(Some(&house.app), "insert into later default values; select nextval('more')").await.unwrap();
    house.migrate().await;
    let tables = granted().await;
    assert!(tables.len() > 20, "{tables:?}");
    for (table, privileges) in &tables {
        let expected = match table.as_str() {
            "audit" => "insert,select",
            "audit_head" => "select,update",
            "persons" => "insert,select,update",
            "_sqlx_migrations" => "select",
            _ => "delete,insert,select,update",
        };
        assert_eq!(privileges, expected, "{table}");
    }
}

/// Status and body of a GET.
async fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").as_bytes())
        .await
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    Some((answer.split(' ').nth(1)?.parse().ok()?, answer.split_once("\r\n\r\n")?.1.to_owned()))
}

/// Starts a process that is not expected to get far, and returns the address at which it reports the reason.
async fn starting(mut config: Config) -> (JoinHandle<anyhow::Result<Arc<Runtime>>>, SocketAddr) {
    // A port that is free now.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    config.admin_listen = free.local_addr().unwrap();
    drop(free);
    let admin = config.admin_listen;
    (tokio::spawn(Runtime::start(config)), admin)
}

async fn says(admin: SocketAddr, path: &str, status: u16, words: &str) -> bool {
    get(admin, path).await.is_some_and(|(code, body)| code == status && body.contains(words))
}

#[tokio::test]
async fn a_service_waits_for_the_owner_says_why_and_never_migrates() {
    let house = House::new().await;
    let (starting, admin) = starting(house.config(&house.app)).await;
    eventually("it says that there is no schema", async || says(admin, "/readyz", 503, "reelmill migrate").await).await;
    assert!(says(admin, "/healthz", 200, "alive").await);
    // An incomplete schema counts as absent, even if it may be read.
    let store = house.store(&house.owner);
    store.migrate_for("").await.unwrap();
    let last = format!(
        "grant usage on schema public to {0}; grant select on _sqlx_migrations to {0}; create table aside as
        select * from _sqlx_migrations order by version desc limit 1; delete from _sqlx_migrations where version in (select version from aside)",
        house.group
    );
    house.as_login(Some(&house.owner), &last).await.unwrap();
    eventually("it names the migration", async || says(admin, "/readyz", 503, "lacks migration").await).await;
    house
        .as_login(Some(&house.owner), "insert into _sqlx_migrations select * from aside; drop table aside")
        .await
        .unwrap();
    eventually("it names the right that it lacks", async || says(admin, "/readyz", 503, "this login may not").await)
        .await;
    assert!(!starting.is_finished());
    house.migrate().await;
    let runtime = tokio::time::timeout(crate::support::SOON, starting).await.expect("it starts").unwrap().unwrap();
    assert_eq!(runtime.admin_addr, admin);
}

#[tokio::test]
async fn a_schema_of_another_version_is_refused_at_once() {
    let house = House::new().await;
    house.migrate().await;
    let newer = "insert into _sqlx_migrations values (999999, 'later', now(), true, '', 0)";
    house.as_login(Some(&house.owner), newer).await.unwrap();
    let error = Runtime::start(house.config(&house.app)).await.err().expect("it does not start").to_string();
    assert!(error.contains("999999") && error.contains("install that version"), "{error}");
}

#[tokio::test]
async fn an_owner_that_may_make_no_role_hears_the_line_to_type_before_anything_is_changed() {
    let house = House::new().await;
    let store = house.store(&house.owner);
    let missing = format!("{}-else", house.group);
    let error = store.migrate_for(&missing).await.expect_err("it may not make roles");
    let role = error.downcast_ref::<NoServiceRole>().unwrap_or_else(|| panic!("{error:#}"));
    assert_eq!((role.role.as_str(), role.login.as_str()), (format!("\"{missing}\"").as_str(), house.owner.as_str()));
    assert!(error.to_string().contains(&format!("create role \"{missing}\" nologin")), "{error}");
    assert_eq!(store.schema_state().await.unwrap(), SchemaState::Absent);
    // A login that may create roles creates it.
    let superuser = &house.world().store;
    superuser.migrate_for(&missing).await.unwrap();
    house.as_superuser(&format!("drop owned by \"{missing}\"; drop role \"{missing}\"")).await;
}

#[tokio::test]
async fn one_login_for_everything_migrates_by_itself_unless_it_is_not_to() {
    let house = House::new().await;
    let mut config = house.config(&house.owner);
    config.migrate_on_start = false;
    let (waiting, admin) = starting(config.clone()).await;
    eventually("it waits", async || says(admin, "/readyz", 503, "reelmill migrate").await).await;
    assert_eq!(house.store(&house.owner).schema_state().await.unwrap(), SchemaState::Absent);
    waiting.abort();
    config.migrate_on_start = true;
    // The role need not exist.
    config.database_service_role = "reelmill_no_such_role".into();
    let process = house.world().process_with(config, whole_line(&house.store(&house.owner))).await;
    let id = house.world().uploaded().await;
    house.world().reaches(id, "published").await;
    assert!(house.world().part(id, Stage::Publish).await.status == "done");
    // If the owner is configured as the service role, it keeps its rights.
    let store = house.store(&house.owner);
    store.migrate_for(&house.owner).await.unwrap();
    assert_eq!(store.schema_state().await.unwrap(), SchemaState::Ready);
    process.stop().await;
}
