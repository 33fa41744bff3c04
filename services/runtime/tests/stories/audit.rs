//! The audit trail: written with the act, and any change to it found.
use pipeline::submission::{Event, Gate};
use runtime::store::people::audit::{self, Act, AuditFilter, Head, Verified};
use runtime::store::submissions::history::{Actor, By};
use sqlx::{Connection, Executor, PgConnection};

use crate::support::World;

/// Five acts of people on five submissions; returns the trail's head after them.
async fn five_acts(world: &World) -> Head {
    for n in 0..5 {
        let id = world.uploaded().await;
        let by = By::person(Actor::Organiser, format!("organiser {n}")).because(Some("rights are disputed".into()));
        assert!(world.store.apply(id, &Event::Revoked, by).await.unwrap().changed);
    }
    let Verified::Whole(head) = world.store.audit_verify(None).await.unwrap() else { panic!("broken from the start") };
    assert_eq!(head.seq, 5);
    head
}

/// What a login with all rights on the database does.
async fn tamper(world: &World, statements: &str) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(&world.config.database.database_url).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(statements.to_owned())).await.map(|_| ())
}

async fn broken_at(world: &World, noted: Option<&Head>) -> Option<i64> {
    match world.store.audit_verify(noted).await.unwrap() {
        Verified::Whole(_) => None,
        Verified::Broken { seq, .. } => Some(seq),
    }
}

#[tokio::test]
async fn an_act_leaves_a_row_with_who_why_before_and_after() {
    let world = World::new().await;
    let id = world.entered(Gate::Manual).await;
    world.store.apply(id, &Event::Uploaded, Actor::Entrant).await.unwrap();
    let by = By::person(Actor::Organiser, "王芳").because(Some("版权争议".into()));
    world.store.apply(id, &Event::Revoked, by.clone()).await.unwrap();
    assert!(!world.store.apply(id, &Event::Revoked, by).await.unwrap().changed);
    let rows = world.store.audit(&AuditFilter { submission: Some(id), ..AuditFilter::default() }).await.unwrap();
    let [row] = rows.as_slice() else { panic!("one act, one row: {rows:?}") };
    assert_eq!((row.actor.as_str(), row.name.as_str(), row.act.as_str()), ("organiser", "王芳", "revoked"));
    assert_eq!((row.reason.as_deref(), row.contest.as_deref()), (Some("版权争议"), Some("demo")));
    assert_eq!((&row.before["state"], &row.after["state"]), (&"probe".into(), &"revoked".into()));
}

#[tokio::test]
async fn an_act_that_fails_leaves_no_row() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let store = &world.store;
    let failed: anyhow::Result<()> = store
        .transaction("fail", |tx, _| {
            Box::pin(async move {
                let by = By::from(Actor::Organiser);
                runtime::store::submissions::apply(tx, store.policy(), id, &Event::Revoked, &by).await?;
                anyhow::bail!("after the act")
            })
        })
        .await;
    assert!(failed.is_err());
    assert!(world.store.audit(&AuditFilter::default()).await.unwrap().is_empty());
    assert_eq!(broken_at(&world, None).await, None);
}

#[tokio::test]
async fn the_trail_refuses_to_be_changed() {
    let world = World::new().await;
    five_acts(&world).await;
    for statement in [
        "update audit set name = 'somebody else' where seq = 2",
        "delete from audit where seq = 5",
        "truncate audit",
        "truncate audit_head",
        "delete from audit_head",
        "update audit_head set seq = 4",
        // Even for an owner who disables triggers as replication does.
        "begin; set local session_replication_role = origin; delete from audit; commit",
    ] {
        let refused = tamper(&world, statement).await.expect_err(statement);
        assert!(refused.to_string().contains("append-only"), "{statement}: {refused}");
    }
    assert_eq!(broken_at(&world, None).await, None);
}

#[tokio::test]
async fn every_kind_of_tampering_is_found_at_its_row() {
    let triggers_off = "set session_replication_role = replica;";
    for (what, statements, row) in [
        ("a changed name", "update audit set name = 'another' where seq = 2", 2),
        ("a changed reason", "update audit set reason = null where seq = 4", 4),
        ("a changed time", "update audit set at = at + interval '1 microsecond' where seq = 3", 3),
        ("other JSON", "update audit set after = '{}' where seq = 5", 5),
        ("the same JSON, written differently", "update audit set after = (after::text || ' ')::json where seq = 5", 5),
        ("a field moved to its neighbour", "update audit set partner = reason, reason = null where seq = 1", 1),
        ("a removed row", "delete from audit where seq = 3", 3),
        ("the first row removed", "delete from audit where seq = 1", 1),
        ("a removed row, the others moved up", "delete from audit where seq = 3; update audit set seq = seq - 1 where seq > 3", 3),
        (
            "an inserted row",
            "update audit set seq = seq + 10 where seq > 2; update audit set seq = seq - 9 where seq > 10;
             insert into audit select 3, at, actor, name, act, submission, contest, partner, reason, before, after, prev_hash,
             hash from audit where seq = 2",
            3,
        ),
        ("a row before the first", "insert into audit select 0, at, actor, name, act, submission, contest, partner, reason,
             before, after, prev_hash, hash from audit where seq = 1", 1),
        (
            "two rows changed places",
            "update audit set seq = 99 where seq = 2; update audit set seq = 2 where seq = 3; update audit set seq = 3 where seq = 99",
            2,
        ),
        ("a row added behind", "insert into audit select 6, at, actor, name, act, submission, contest, partner, reason, before,
             after, hash, hash from audit where seq = 5", 6),
        ("a cut tail", "delete from audit where seq > 3", 4),
        ("a forgotten head", "delete from audit_head", 6),
    ] {
        let world = World::new().await;
        five_acts(&world).await;
        tamper(&world, &format!("{triggers_off} {statements}")).await.unwrap();
        assert_eq!(broken_at(&world, None).await, Some(row), "{what}");
    }
}

#[tokio::test]
async fn a_tail_cut_together_with_its_head_does_not_fit_a_head_noted_elsewhere() {
    let world = World::new().await;
    let noted = five_acts(&world).await;
    assert_eq!(broken_at(&world, Some(&noted)).await, None);
    tamper(
        &world,
        "set session_replication_role = replica; delete from audit where seq > 3;
         update audit_head set seq = 3, hash = (select hash from audit where seq = 3)",
    )
    .await
    .unwrap();
    assert_eq!(broken_at(&world, None).await, None, "the database alone cannot tell");
    assert_eq!(broken_at(&world, Some(&noted)).await, Some(4));
    let text = noted.to_string();
    assert_eq!(text.parse::<Head>().unwrap(), noted);
}

#[tokio::test]
async fn acts_at_the_same_time_form_one_chain() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(world.uploaded().await);
    }
    let acts = ids.iter().map(|id| world.store.apply(*id, &Event::Revoked, Actor::Organiser));
    for applied in futures::future::join_all(acts).await {
        assert!(applied.unwrap().changed);
    }
    let Verified::Whole(head) = world.store.audit_verify(None).await.unwrap() else { panic!("broken") };
    assert_eq!(head.seq, 12);
}

/// Reading the trail holds no transaction open from chunk to chunk, so the trail can grow meanwhile.
#[tokio::test]
async fn a_trail_of_several_chunks_is_whole_while_rows_are_added() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let many = 2_500;
    let add = async |rows: i64| {
        let added = world.store.transaction("act_often", |tx, _| {
            Box::pin(async move {
                for n in 0..rows {
                    let after = serde_json::json!({ "n": n });
                    let before = serde_json::Value::Null;
                    let act = Act { act: "noted", submission: Some(id), partner: None, before, after };
                    audit::add(tx, &By::person(Actor::Organiser, "one"), &act).await?;
                }
                Ok(())
            })
        });
        added.await.unwrap();
    };
    add(many).await;
    let growing = async {
        for _ in 0..20 {
            add(1).await;
        }
    };
    let (verified, ()) = tokio::join!(world.store.audit_verify(None), growing);
    let Verified::Whole(head) = verified.unwrap() else { panic!("broken") };
    assert!((many..=many + 20).contains(&head.seq), "{head}");
    tamper(&world, "alter table audit disable trigger all; update audit set reason = 'none' where seq = 2100")
        .await
        .unwrap();
    assert_eq!(broken_at(&world, Some(&head)).await, Some(2100), "in the third chunk");
}
