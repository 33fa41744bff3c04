//! With a clock that was moved forward, what is past its time is deleted, and what is still needed stays, whatever the
//! policy is.
use std::time::Duration;

use pipeline::catalogue::Retention;
use pipeline::id::SubmissionId;
use runtime::retention::{by_policy, preview, run};
use runtime::seal::Sealed;
use runtime::service::Services;
use runtime::store::entry::drafts::Draft;
use runtime::store::people::audit::AuditFilter;
use uuid::Uuid;

use crate::support::{World, eventually};

mod made;
mod names; // of entrants' files
mod records; // of uploads and attempts
mod renditions; // and the files that replaced them
mod rows; // of parts, history, exchanges and uploads

use made::{POLICY, is_known, later, line, named_file, over, records_of_every_kind, rendition, sql};

#[tokio::test]
async fn who_entered_a_work_is_forgotten_after_its_time_with_a_line_in_the_audit_trail() {
    let world = World::new().await;
    let id = over(&world).await;
    let dir = world.directory("none");
    let before = preview(&world.store, &POLICY, later(179), &dir).await.unwrap();
    assert_eq!(line(&before, "personal_data_days").count, 0);
    let due = preview(&world.store, &POLICY, later(181), &dir).await.unwrap();
    assert_eq!(line(&due, "personal_data_days").count, 1);
    assert!(is_known(&world, id).await, "a dry run changes nothing");

    let gone = run(&world.store, &POLICY, later(181), &by_policy(), Duration::MAX).await.unwrap().lines;
    assert_eq!(line(&gone, "personal_data_days").count, 1);
    assert!(!is_known(&world, id).await);
    let filter = AuditFilter { submission: Some(id), ..AuditFilter::default() };
    let trail = world.store.audit(&filter).await.unwrap();
    let row = trail.iter().find(|row| row.act == "personal_data_removed").expect("a row");
    assert_eq!((row.name.as_str(), row.after["days"].as_u64()), ("retention", Some(180)));
    assert!(world.store.history(id).await.unwrap().iter().any(|line| line.what == "personal_data_removed"));
    // Once is enough.
    let again = run(&world.store, &POLICY, later(181), &by_policy(), Duration::MAX).await.unwrap().lines;
    assert_eq!(line(&again, "personal_data_days").count, 0);
}

/// A row that cannot be deleted, for whatever reason, delays nothing else.
#[tokio::test]
async fn one_work_that_cannot_be_dealt_with_keeps_no_other_and_no_other_policy_waiting() {
    let world = World::new().await;
    let (poisoned, other) = (over(&world).await, over(&world).await);
    let file = named_file(&world, other, "expired").await;
    sql(&world, "update submissions set updated_at = updated_at - interval '1 day' where id = $1", poisoned).await;
    for statement in [
        "create function stay() returns trigger language plpgsql as 'begin raise exception ''it stays''; end'"
            .to_owned(),
        format!(
            "create trigger stay before delete on entrants for each row when (old.submission = '{poisoned}')
            execute function stay()"
        ),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(world.store.pool()).await.unwrap();
    }
    let failure = run(&world.store, &POLICY, later(300), &by_policy(), Duration::MAX).await.unwrap_err();
    let said = format!("{failure:#}");
    assert!(said.contains("personal_data_days") && said.contains(&poisoned.to_string()), "{said}");
    assert!(is_known(&world, poisoned).await && !is_known(&world, other).await);
    let left = sqlx::query_scalar::<_, i64>("select count(*) from uploads where id = $1").bind(file);
    assert_eq!(left.fetch_one(world.store.pool()).await.unwrap(), 0, "the other policies were carried out");
}

#[tokio::test]
async fn what_a_delivery_a_recall_an_appeal_or_a_part_needs_stays_whatever_its_age() {
    let world = World::new().await;
    let held = over(&world).await;
    sql(&world, "update submissions set held_at = now(), held_reason = 'an appeal' where id = $1", held).await;
    let recalled = over(&world).await;
    sql(
        &world,
        "insert into deliveries (submission, partner, machine, state, run) values ($1, 'cctv', '{}', 'recalling', 1)",
        recalled,
    )
    .await;
    let delivering = over(&world).await;
    sql(
        &world,
        "insert into deliveries (submission, partner, machine, state, run) values ($1, 'cctv', '{}', 'awaiting_operator', 1)",
        delivering,
    )
    .await;
    let working = over(&world).await;
    sql(&world, "update parts set status = 'parked' where submission = $1", working).await;
    let judged = over(&world).await;
    sql(&world, "update submissions set state = 'awaiting_review' where id = $1", judged).await;
    let live = over(&world).await;
    sql(
        &world,
        "insert into deliveries (submission, partner, machine, state, run) values ($1, 'cctv', '{}', 'live', 1)",
        live,
    )
    .await;
    let gone = run(&world.store, &POLICY, later(10_000), &by_policy(), Duration::MAX).await.unwrap().lines;
    assert_eq!(line(&gone, "personal_data_days").count, 1);
    for (id, stays) in
        [(held, true), (recalled, true), (delivering, true), (working, true), (judged, true), (live, false)]
    {
        assert_eq!(is_known(&world, id).await, stays, "{}", world.state(id).await);
    }
}

#[tokio::test]
async fn a_run_removes_what_the_dry_run_said_and_a_second_dry_run_says_nothing() {
    let world = World::new().await;
    records_of_every_kind(&world).await;
    for days_ago in [1, 13, 15, 40] {
        let id = over(&world).await;
        for run in 1..=3 {
            rendition(&world, id, run, run == 3, days_ago).await;
        }
        // With covers, of which one is counted by its column and one by its list; its stills are counted too.
        sql(
            &world,
            "update renditions set cover_key = 'renditions/' || submission || '/' || run || '/c.jpg', cover_bytes = 10,
                covers = jsonb_build_array(jsonb_build_object('aspect', '1:1', 'width', 9, 'height', 9, 'at_ms', 0, 'partners', '[]'::jsonb, 'file', jsonb_build_object('key',
                    'renditions/' || submission || '/' || run || '/s.jpg', 'bytes', 100, 'sha256', '')))
            where submission = $1",
            id,
        )
        .await;
    }
    let dir = world.directory("none");
    for days in [0, 14, 31, 91, 181, 1000] {
        let rehearsed = preview(&world.store, &POLICY, later(days), &dir).await.unwrap();
        let went = run(&world.store, &POLICY, later(days), &by_policy(), Duration::MAX).await.unwrap().lines;
        assert_eq!(went.len(), 9, "each line of the policy but scratch");
        for went in &went {
            assert_eq!(line(&rehearsed, went.policy), went, "after {days} days");
        }
        let left = preview(&world.store, &POLICY, later(days), &dir).await.unwrap();
        for line in left.iter().filter(|line| line.policy != "garbage") {
            assert_eq!((line.count, line.bytes), (0, 0), "{line:?} after {days} days");
        }
        // Checks that the comparison above is not of nothing.
        match days {
            0 => assert_eq!(
                (line(&went, "superseded_days").count, line(&went, "superseded_days").bytes),
                (4, 4 * (4 + 2 * 5 + 10 + 100))
            ),
            31 => assert_eq!(line(&went, "uploads_days").count, 2, "of three that could go one is a source"),
            91 => assert_eq!(line(&went, "attempts_days").count, 6, "of parts that are over"),
            181 => assert!(line(&went, "personal_data_days").count > 0),
            _ => {}
        }
    }
}

#[tokio::test]
async fn the_services_do_it_by_themselves_and_by_their_clock() {
    let world = World::new().await;
    let id = over(&world).await;
    let process = world.process(Services::new()).await;
    eventually("the first look was taken", async || {
        let taken = sqlx::query_scalar::<_, i64>("select count(*) from ticks where name = 'retention'");
        taken.fetch_one(world.store.pool()).await.unwrap() == 1
    })
    .await;
    assert!(is_known(&world, id).await);
    process.runtime.clock.set(later(181));
    sqlx::query("delete from ticks where name = 'retention'").execute(world.store.pool()).await.unwrap();
    eventually("the entrant is forgotten", async || !is_known(&world, id).await).await;
    process.stop().await;
}

#[tokio::test]
async fn without_a_policy_everything_is_kept() {
    let world = World::new().await;
    let id = over(&world).await;
    assert!(
        run(&world.store, &Retention::default(), later(100_000), &by_policy(), Duration::MAX)
            .await
            .unwrap()
            .lines
            .is_empty()
    );
    assert!(is_known(&world, id).await);
}

#[tokio::test]
async fn a_form_that_was_not_sent_is_forgotten_thirty_days_after_it_was_last_changed() {
    let world = World::new().await;
    let answers = Sealed { key_id: "k".into(), nonce: vec![0; 24], ciphertext: vec![1] };
    let draft = Draft { id: SubmissionId(Uuid::now_v7()), contest: "demo".into(), token_sha256: vec![7; 32], answers };
    assert!(world.store.keep_draft(&draft).await.unwrap());
    // Only its own token changes it.
    assert!(!world.store.keep_draft(&Draft { token_sha256: vec![8; 32], ..draft.clone() }).await.unwrap());
    assert!(world.store.keep_draft(&draft).await.unwrap());
    for (days, gone) in [(29, 0), (31, 1)] {
        let due = preview(&world.store, &POLICY, later(days), &world.directory("none")).await.unwrap();
        assert_eq!(line(&due, "drafts_days").count, gone);
        let removed = run(&world.store, &POLICY, later(days), &by_policy(), Duration::MAX).await.unwrap().lines;
        assert_eq!(line(&removed, "drafts_days").count, gone);
        assert_eq!(world.store.draft(draft.id).await.unwrap().is_none(), gone == 1);
    }
}
