//! One login owns the schema, others work in it: what they may do, what they may not do, and how they wait for the
//! owner.
use runtime::store::people::audit::Verified;
use runtime::store::schema::SchemaState;
use runtime::store::submissions::history::{Actor, By};
use sqlx::{Connection, PgConnection};

use crate::support::whole_line;

mod house;
mod waiting; // for the owner of the schema

use house::House;

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
        let mut connection = PgConnection::connect(&house.world().config.database.database_url).await.unwrap();
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
