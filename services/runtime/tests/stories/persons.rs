//! Persons, their roles and their tokens: what ends with what, what is refused, and what the audit trail records.
use std::collections::BTreeSet;
use std::time::Duration;

use pipeline::id::{ContestId, CredentialId, PersonId};
use pipeline::person::{Held, Login, Person, Refused, Role, RoleChange, Sees};
use pipeline::submission::Event;
use runtime::bearer::Kept;
use runtime::store::people::audit::{AuditFilter, AuditRow, Verified};
use runtime::store::people::persons::NewPerson;
use runtime::store::people::tokens::{NewToken, TokenRow};
use runtime::store::submissions::history::{Actor, By};
use sqlx::{Connection, Executor, PgConnection};
use uuid::Uuid;

use crate::support::World;

fn held(role: &str) -> Held {
    role.parse().unwrap()
}

fn set(roles: &[&str]) -> BTreeSet<Held> {
    roles.iter().map(|it| held(it)).collect()
}

fn taken(roles: &[&str]) -> RoleChange {
    RoleChange { remove: set(roles), ..RoleChange::default() }
}

fn given(roles: &[&str]) -> RoleChange {
    RoleChange { add: set(roles), ..RoleChange::default() }
}

fn typing() -> By {
    By::person(Actor::Operator, "operator on test")
}

/// The refusal in an error.
fn refusal<T: std::fmt::Debug>(result: anyhow::Result<T>) -> Refused {
    let error = result.expect_err("it is refused");
    error.downcast_ref::<Refused>().unwrap_or_else(|| panic!("{error:#}")).clone()
}

impl World {
    async fn person(&self, roles: &[&str]) -> Person {
        let login: Login = format!("p-{}", Uuid::now_v7().simple()).parse().unwrap();
        let (id, roles) = (PersonId(Uuid::now_v7()), set(roles));
        let new = NewPerson { id, name: "王芳".into(), login: Some(login), roles };
        self.store.add_person(&new, &typing()).await.unwrap()
    }

    async fn try_token(&self, owner: &Person, role: Role, contest: Option<&str>) -> anyhow::Result<TokenRow> {
        let (id, contest) = (Uuid::now_v7(), contest.map(ContestId::new));
        let (name, expires_after) = ("test".into(), Duration::from_secs(3600));
        let new = NewToken { id, person: owner.id, role, name, contest, expires_after };
        // The stored form of a secret that this test never uses.
        let kept = Kept { secret_hash: "none".into(), secret_check: vec![0; 4] };
        self.store.create_token(&new, &kept, &typing()).await
    }

    /// A token of a role that the person holds, written `ROLE` or `ROLE@CONTEST`.
    async fn token(&self, owner: &Person, role: &str) -> TokenRow {
        let Held { role, contest, .. } = held(role);
        self.try_token(owner, role, contest.as_ref().map(ContestId::as_str)).await.unwrap()
    }

    async fn holds(&self, token: &TokenRow) -> bool {
        self.store.token(token.id).await.unwrap().expect("it is there").holds
    }

    async fn rows(&self, contest: Option<&str>) -> Vec<AuditRow> {
        let filter = AuditFilter { contests: contest.map(ContestId::new).into(), ..AuditFilter::default() };
        self.store.audit(&filter).await.unwrap()
    }

    /// What a login with all rights on the database does.
    async fn planted(&self, statements: &str) {
        let mut connection = PgConnection::connect(&self.config.database.database_url).await.unwrap();
        connection.execute(sqlx::AssertSqlSafe(statements.to_owned())).await.unwrap();
    }
}

#[tokio::test]
async fn a_token_of_an_ended_person_is_void_at_the_next_request() {
    let world = World::new().await;
    let (anna, other) = (world.person(&["screener"]).await, world.person(&["screener"]).await);
    let (token, another) = (world.token(&anna, "screener").await, world.token(&other, "screener").await);
    assert!(world.holds(&token).await);
    let by = typing().because(Some("left the organisation".into()));
    let ended = world.store.end_person(anna.id, &by).await.unwrap();
    assert!(ended.ended_at.is_some() && !world.holds(&token).await && world.holds(&another).await);
    assert_eq!(world.store.person_by_login(anna.login.as_ref().unwrap().as_str()).await.unwrap(), None);
    assert_eq!(refusal(world.try_token(&anna, Role::Screener, None).await), Refused::Ended(anna.id));
    let add = world.store.change_roles(anna.id, &given(&["auditor"]), &typing()).await;
    assert_eq!(refusal(add), Refused::Ended(anna.id));
    // A repetition changes nothing and leaves no row.
    let rows = world.rows(None).await.len();
    assert_eq!(world.store.end_person(anna.id, &by).await.unwrap(), ended);
    assert_eq!(world.rows(None).await.len(), rows);
    let row = &world.rows(None).await[0];
    assert_eq!((row.act.as_str(), row.reason.as_deref()), ("person_ended", Some("left the organisation")));
    assert_eq!(row.after["revoked_tokens"], serde_json::json!([token.id]));
    // The owner's end alone is enough, whatever the token's row contains.
    world.planted(&format!("update tokens set revoked_at = null where id = '{}'", token.id)).await;
    assert!(!world.holds(&token).await);
}

#[tokio::test]
async fn a_role_that_is_taken_takes_its_tokens_with_it_for_good() {
    let world = World::new().await;
    let anna = world.person(&["screener", "auditor@demo"]).await;
    let (screener, narrow) = (world.token(&anna, "screener").await, world.token(&anna, "screener@demo").await);
    let auditor = world.token(&anna, "auditor@demo").await;
    // The role in one contest instead of all: only the token that is bound to that contest stays.
    let change = RoleChange { add: set(&["screener@demo"]), remove: set(&["screener"]) };
    let after = world.store.change_roles(anna.id, &change, &typing()).await.unwrap();
    assert_eq!(after.roles, set(&["screener@demo", "auditor@demo"]));
    assert!(!world.holds(&screener).await && world.holds(&narrow).await && world.holds(&auditor).await);
    world.store.change_roles(anna.id, &taken(&["screener@demo"]), &typing()).await.unwrap();
    assert!(!world.holds(&narrow).await && world.holds(&auditor).await);
    world.store.change_roles(anna.id, &given(&["screener"]), &typing()).await.unwrap();
    assert!(!world.holds(&screener).await && !world.holds(&narrow).await, "what was revoked stays so");
    // Checked at use, too: the role's row alone decides, whatever the token's row contains.
    world.planted(&format!("delete from person_roles where person = '{}' and role = 'auditor'", anna.id)).await;
    assert!(!world.holds(&auditor).await);
}

#[tokio::test]
async fn a_token_cannot_outrank_its_owner() {
    let world = World::new().await;
    let anna = world.person(&["organiser", "screener@demo"]).await;
    for (role, contest) in
        [(Role::Operator, None), (Role::Admin, None), (Role::Auditor, Some("demo")), (Role::Screener, Some("small"))]
    {
        let asked = Held::of(role, contest.map(Into::into));
        assert_eq!(refusal(world.try_token(&anna, role, contest).await), Refused::Outranks(asked));
    }
    let bound = world.try_token(&anna, Role::Screener, None).await.unwrap();
    assert_eq!(bound.contest, Some("demo".into()), "bound to the only contest in which the role is held");
    assert_eq!(world.token(&anna, "organiser@small").await.contest, Some("small".into()));
    let unknown = Person { id: PersonId(Uuid::now_v7()), ..anna };
    assert_eq!(refusal(world.try_token(&unknown, Role::Organiser, None).await), Refused::Unknown(unknown.id));
    assert_eq!(world.store.tokens(&Sees::All, None, 100).await.unwrap().len(), 2);
}

#[tokio::test]
async fn of_two_last_admins_who_end_each_other_one_stays() {
    let world = World::new().await;
    let (anna, other) = (world.person(&["admin"]).await, world.person(&["admin", "organiser"]).await);
    let (by, take) = (typing(), taken(&["admin"]));
    let (ended, changed) =
        tokio::join!(world.store.end_person(anna.id, &by), world.store.change_roles(other.id, &take, &by));
    let outcomes = [ended, changed];
    assert_eq!(outcomes.iter().filter(|it| it.is_ok()).count(), 1, "{outcomes:?}");
    let refused = outcomes.into_iter().find(Result::is_err).expect("one is refused");
    assert_eq!(refusal(refused), Refused::LastAdmin);
    let admins = world.store.persons(&Sees::All, None, 100).await.unwrap();
    let admins: Vec<_> = admins.iter().filter(|it| it.holds(&held("admin"))).collect();
    let [left] = admins[..] else { panic!("one admin: {admins:?}") };
    assert_eq!(refusal(world.store.end_person(left.id, &typing()).await), Refused::LastAdmin);
    assert_eq!(refusal(world.store.change_roles(left.id, &taken(&["admin"]), &typing()).await), Refused::LastAdmin);
}

#[tokio::test]
async fn a_login_name_is_one_persons_and_free_after_them() {
    let world = World::new().await;
    let anna = world.person(&["screener"]).await;
    let again =
        |id| NewPerson { id: PersonId(id), name: "李明".into(), login: anna.login.clone(), roles: set(&["auditor"]) };
    let login = anna.login.clone().unwrap();
    let refused = world.store.add_person(&again(Uuid::now_v7()), &typing()).await;
    assert_eq!(refusal(refused), Refused::LoginTaken(login.clone()));
    world.store.end_person(anna.id, &typing()).await.unwrap();
    let next = world.store.add_person(&again(Uuid::now_v7()), &typing()).await.unwrap();
    assert_eq!(world.store.person_by_login(login.as_str()).await.unwrap(), Some(next));
}

#[tokio::test]
async fn the_trail_names_person_credential_and_address_and_old_rows_stand_beside_new_ones() {
    let world = World::new().await;
    let anna = world.person(&["organiser"]).await;
    let token = world.token(&anna, "organiser").await;
    // Rows from before persons existed, then by a token, by a person without one, and again by no particular person.
    let before = By::person(Actor::Organiser, "王芳的凭证");
    let by_token = token.by(Some("版权争议".into())).from_address(Some("0123456789abcdef".into()));
    let typed = By::of(Actor::Operator, anna.id, anna.name.as_str());
    for by in [before.clone(), by_token, typed, before] {
        let id = world.uploaded().await;
        assert!(world.store.apply(id, &Event::Revoked, by).await.unwrap().changed);
    }
    let rows = world.rows(None).await;
    let [last, typed, by_token, before] = &rows[..4] else { panic!("{rows:?}") };
    for row in [last, before] {
        assert_eq!((row.person, row.credential, row.address.as_deref()), (None, None, None));
    }
    assert_eq!((typed.person, typed.credential, typed.address.as_deref()), (Some(anna.id.0), None, None));
    assert_eq!((by_token.person, by_token.credential), (Some(anna.id.0), Some(token.id)));
    assert_eq!((by_token.name.as_str(), by_token.address.as_deref()), ("王芳", Some("0123456789abcdef")));
    let Verified::Whole(head) = world.store.audit_verify(None).await.unwrap() else { panic!("broken") };
    assert_eq!(head.seq, rows[0].seq);
    for change in ["person = gen_random_uuid()", "credential = null", "address = 'fedcba9876543210'", "person = null"] {
        let world = World::new().await;
        let by = By::of(Actor::Organiser, anna.id, "王芳").with_credential(CredentialId(token.id));
        let by = by.from_address(Some("0123456789abcdef".into()));
        let id = world.uploaded().await;
        assert!(world.store.apply(id, &Event::Revoked, by).await.unwrap().changed);
        world.planted(&format!("set session_replication_role = replica; update audit set {change}")).await;
        let found = world.store.audit_verify(None).await.unwrap();
        assert!(matches!(found, Verified::Broken { seq: 1, .. }), "{change}: {found:?}");
    }
}

#[tokio::test]
async fn who_is_bound_to_a_contest_sees_the_acts_on_its_tokens_and_roles() {
    let world = World::new().await;
    let bound = world.person(&["screener@demo"]).await;
    let free = world.person(&["screener", "auditor@demo"]).await;
    let token = world.token(&bound, "screener@demo").await;
    world.token(&free, "screener").await;
    world.store.revoke_token(token.id, &typing()).await.unwrap();
    world.store.change_roles(free.id, &given(&["organiser@demo"]), &typing()).await.unwrap();
    world.store.change_roles(free.id, &given(&["operator@small"]), &typing()).await.unwrap();
    world.store.change_roles(free.id, &given(&["operator@demo", "operator"]), &typing()).await.unwrap();
    world.store.end_person(bound.id, &typing()).await.unwrap();
    let acts = async |contest| world.rows(contest).await.into_iter().map(|row| row.act).collect::<Vec<_>>();
    let of_demo = ["person_ended", "person_roles_changed", "token_revoked", "token_created", "person_added"];
    assert_eq!(acts(Some("demo")).await, of_demo);
    assert_eq!(acts(Some("small")).await, ["person_roles_changed"]);
    assert_eq!(acts(None).await.len(), 9);
}

#[tokio::test]
async fn tokens_from_before_there_were_persons_get_one_of_their_name_and_stay_valid() {
    let world = World::empty().await;
    let mut migrations: Vec<_> =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../services/runtime/migrations"))
            .unwrap()
            .map(|it| it.unwrap().path())
            .collect();
    migrations.sort();
    let [screener, auditor, expired, revoked] = [(); 4].map(|()| Uuid::now_v7());
    for migration in migrations {
        if migration.ends_with("0032_persons.sql") {
            let before = format!(
                "insert into tokens (id, role, name, contest, secret_hash, secret_check, expires_at, revoked_at) values
                ('{screener}', 'screener', '甲', 'demo', '', '', now() + interval '1 day', null),
                ('{auditor}', 'auditor', '甲', null, '', '', now() + interval '1 day', null),
                ('{expired}', 'organiser', '乙', null, '', '', now(), null),
                ('{revoked}', 'operator', '甲', null, '', '', now() + interval '1 day', now())"
            );
            world.planted(&before).await;
        }
        world.planted(&std::fs::read_to_string(&migration).unwrap()).await;
    }
    let presented = async |id| world.store.token(id).await.unwrap().expect("it is there");
    let owner = presented(screener).await.token.person;
    for (id, holds) in [(screener, true), (auditor, true), (revoked, false)] {
        let presented = presented(id).await;
        assert_eq!((presented.token.person, presented.token.person_name.as_str()), (owner, "甲"));
        assert_eq!(presented.holds, holds, "{:?}", presented.token);
    }
    assert!(!presented(expired).await.holds);
    let persons = world.store.persons(&Sees::All, None, 100).await.unwrap();
    let roles = |name| &persons.iter().find(|it| it.name == name).expect("a person").roles;
    assert_eq!((roles("甲"), roles("乙")), (&set(&["screener@demo", "auditor"]), &set(&[])));
}
