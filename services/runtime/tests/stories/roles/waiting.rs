//! What a service waits for, and what it says meanwhile.
use std::net::SocketAddr;
use std::sync::Arc;

use pipeline::stage::Stage;
use runtime::config::Config;
use runtime::service::Runtime;
use runtime::store::schema::{NoServiceRole, SchemaState};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::house::House;
use crate::support::{eventually, whole_line};

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
    config.serving.admin_listen = free.local_addr().unwrap();
    drop(free);
    let admin = config.serving.admin_listen;
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
    config.database.migrate_on_start = false;
    let (waiting, admin) = starting(config.clone()).await;
    eventually("it waits", async || says(admin, "/readyz", 503, "reelmill migrate").await).await;
    assert_eq!(house.store(&house.owner).schema_state().await.unwrap(), SchemaState::Absent);
    waiting.abort();
    config.database.migrate_on_start = true;
    // The role need not exist.
    config.database.database_service_role = "reelmill_no_such_role".into();
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
