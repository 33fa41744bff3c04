//! What a dry run reports about the works of a job: which are selected, what they would take, the digest, the contest.
use pipeline::id::{CredentialId, PersonId, SubmissionId};
use pipeline::person::Sees;
use pipeline::planner::Estimate;
use pipeline::stage::Stage;
use pipeline::submission::Event;
use runtime::store::bulk::{Addresses, Control, Refusal, Which};
use runtime::store::people::audit::AuditFilter;
use runtime::store::submissions::history::{Actor, By};
use uuid::Uuid;

use super::{ask, named, selected};
use crate::support::World;

#[tokio::test]
async fn a_selection_finds_works_by_what_is_stored_of_them() {
    let world = World::new().await;
    world.rows_are_planted();
    let ids = world.published(3).await;
    let update = |query: &'static str, id: SubmissionId| sqlx::query(query).bind(id.0).execute(world.store.pool());
    update("update submissions set theme = 'green' where id = $1", ids[0]).await.unwrap();
    update("update submissions set created_at = '2024-07-31T16:30:00Z' where id = $1", ids[1]).await.unwrap();
    update("update renditions set engine = 'reelmill 0.9.0, ffmpeg 5' where submission = $1", ids[1]).await.unwrap();
    update("update renditions set engine = 'reelmill 0.10.0, ffmpeg 5' where submission = $1", ids[2]).await.unwrap();
    update("delete from deliveries where partner = 'bilibili' and submission = $1", ids[2]).await.unwrap();
    update("delete from renditions where name = 'web-720' and submission = $1", ids[0]).await.unwrap();
    update("update deliveries set state = 'refused' where partner = 'bilibili' and submission = $1", ids[0])
        .await
        .unwrap();
    update("update submissions set title = 'A Green Factory' where id = $1", ids[0]).await.unwrap();
    update("update submissions set title = '一座绿色 工厂' where id = $1", ids[1]).await.unwrap();
    update("update submissions set recommending_unit = '县钢铁学会' where id = $1", ids[2]).await.unwrap();
    for (text, expected) in [
        ("theme=green", &ids[..1]),
        ("theme!=green", &ids[1..]),
        ("contest=demo,other state=published", &ids[..]),
        ("contest=other", &[]),
        ("state!=published", &[]),
        ("partner=bilibili", &ids[..2]),
        ("partner!=bilibili", &ids[2..]),
        ("delivery=refused", &ids[..1]),
        ("delivery=refused,unknown partner=bilibili", &ids[..1]),
        ("delivery=refused partner=cctv", &[]),
        ("delivery!=refused", &ids[1..]),
        ("delivery!=refused partner=bilibili", &ids[1..2]),
        ("title~\"绿色 工厂\"", &ids[1..2]),
        ("title~GREEN", &ids[..1]),
        ("unit~钢铁 state=published", &ids[2..]),
        ("unit~钢铁 title~green", &[]),
        ("rendition=web-720", &ids[1..]),
        ("rendition!=web-720", &ids[..1]),
        ("engine<0.10", &ids[1..2]),
        ("engine>=0.10", &ids[2..]),
        ("engine>=0.9 engine<=0.10 rendition=web-720", &ids[1..]),
        ("rendition=none engine<0.10", &[]),
        ("entered=2024-08-01", &ids[1..2]),
        ("entered<2024-08-01", &[]),
        ("entered>2024-08-01 theme=green", &ids[..1]),
    ] {
        let (looked, _) = world.estimate(&selected(text), &ask(Stage::Publish), None).await;
        assert_eq!(looked.works(), expected.len() as u64, "{text}");
        let id = match world.create(&selected(text), &ask(Stage::Publish)).await {
            Ok(created) => created.id,
            Err(refusal) => {
                assert_eq!(
                    (&refusal, looked.refusal(), expected.len()),
                    (&Refusal::Nothing, Some(refusal.clone()), 0),
                    "{text}"
                );
                continue;
            }
        };
        let found: Vec<_> =
            world.store.bulk_items(id, None, 1000).await.unwrap().iter().map(|item| item.submission).collect();
        assert_eq!(found, expected, "{text}");
        world.control(id, Control::Cancel).await;
    }
}

#[tokio::test]
async fn a_dry_run_counts_measured_parts_else_estimates_and_reused_files_as_free() {
    let world = World::new().await;
    let ids = world.published(3).await;
    // Two were measured: 61 s of media in 122 s and in 366 s; the times of the third are lost.
    let times = |id: SubmissionId, seconds: f64| {
        sqlx::query(
            "update parts set started_at = finished_at - case when stage = 'assemble' then make_interval(secs => $2)
                else interval '0' end
            where submission = $1 and part in (select min(part) from parts where submission = $1 and stage = 'assemble'
                union all select part from parts where submission = $1 and stage <> 'assemble')",
        )
        .bind(id.0)
        .bind(seconds)
        .execute(world.store.pool())
    };
    world.sql("update parts set started_at = finished_at").await;
    times(ids[0], 122.0).await.unwrap();
    times(ids[1], 366.0).await.unwrap();
    world
        .sql("update parts set status = 'cancelled' where submission = (select max(id::text)::uuid from submissions)")
        .await;
    let (_, estimate) = world.estimate(&named(&ids), &ask(Stage::Transcode), None).await;
    let elapsed = &estimate.elapsed;
    assert_eq!((elapsed.measured_works, elapsed.estimated_works, elapsed.unknown_works), (2, 1, 0));
    let row = world.store.submission(ids[0]).await.unwrap().unwrap();
    let (plan, info) = (row.plan.unwrap(), row.media_info.unwrap());
    let planned = Estimate::of(&plan, &info);
    let planned_s = planned.transcode_cpu_s() + planned.assemble_cpu_s();
    let median = (122.0 + 366.0) / 2.0 / planned_s;
    assert!((elapsed.median_factor.unwrap() / median - 1.0).abs() < 0.01, "the median of two: {elapsed:?}");
    assert!((elapsed.seconds - (122.0 + 366.0 + planned_s * median)).abs() < 1.0, "{elapsed:?}");
    assert_eq!(elapsed.found_works, None, "they were not looked for");
    assert_eq!(estimate.renditions, 3 * plan.renditions.len() as u64);
    // Every file of each work exists under its address.
    let addresses: Addresses = |plan, _, _| Ok((0..plan.renditions.len()).map(|index| [index as u8; 32]).collect());
    world
        .sql(
            "update renditions r set artefact = decode(repeat(lpad(to_hex(place - 1), 2, '0'), 32), 'hex') from (
        select submission, name, row_number() over (partition by submission order by name) as place from renditions
        ) as p where p.submission = r.submission and p.name = r.name",
        )
        .await;
    let found = world.estimate(&named(&ids), &ask(Stage::Transcode), Some(addresses)).await.1.elapsed;
    assert_eq!((found.found_works, found.measured_works, found.seconds), (Some(3), 0, 0.0));
    world.sql("update renditions set artefact = null where artefact = decode(repeat('00', 32), 'hex')").await;
    let missing = world.estimate(&named(&ids), &ask(Stage::Transcode), Some(addresses)).await.1.elapsed;
    assert_eq!((missing.found_works, missing.measured_works), (Some(0), 2), "one file of each is to be made");
    let before = world.estimate(&named(&ids), &ask(Stage::Screen), Some(addresses)).await.1.elapsed;
    assert_eq!(before.found_works, None, "what screening will plan is not known");
    let (_, publish) = world.estimate(&named(&ids), &ask(Stage::Publish), None).await;
    assert_eq!((publish.renditions, publish.elapsed.seconds), (0, 0.0), "publishing encodes nothing");
    assert!(world.run(ids[0]).await == 1, "a dry run changes nothing");
}

#[tokio::test]
async fn works_of_a_job_are_started_as_acts_of_the_person_who_asked_for_it() {
    let world = World::new().await;
    let ids = world.published(2).await;
    let (person, credential) = (PersonId(Uuid::now_v7()), CredentialId(Uuid::now_v7()));
    let by = By::of(Actor::Organiser, person, "王芳").with_credential(credential);
    let by = by.from_address(Some("0123456789abcdef".into())).because(Some("新的封面".into()));
    world.create_by(&named(&ids), &ask(Stage::Publish), &by).await.unwrap();
    assert_eq!(world.store.bulk_start(9).await.unwrap(), 2);
    let rows =
        world.store.audit(&AuditFilter { act: Some("reprocess".into()), ..AuditFilter::default() }).await.unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!((row.name.as_str(), row.reason.as_deref()), ("王芳", Some("新的封面")));
        assert_eq!((row.person, row.credential), (Some(person.0), Some(credential.0)));
        assert_eq!(row.address.as_deref(), Some("0123456789abcdef"));
    }
}

#[tokio::test]
async fn the_digest_follows_states_and_desires_and_not_progress() {
    let world = World::new().await;
    world.rows_are_planted();
    let mut ids = world.published(2).await;
    let digest = async |which: &Which| world.estimate(which, &ask(Stage::Publish), None).await.0.digest;
    let all = named(&ids);
    let first = digest(&all).await;
    assert_eq!(first.len(), 32);
    assert_eq!(digest(&selected("state=published")).await, first, "the works count, not how they were found");
    ids.reverse();
    assert_eq!(digest(&named(&ids)).await, first, "nor the order in which they were named");
    world.sql("update deliveries set state = 'unknown', updated_at = clock_timestamp()").await;
    assert_eq!(digest(&all).await, first, "progress is not part of it");
    world
        .sql("update deliveries set machine = jsonb_set(machine, '{desired}', '\"gone\"') where partner = 'bilibili'")
        .await;
    let recalled = digest(&all).await;
    assert_ne!(recalled, first);
    world.store.apply(ids[0], &Event::Revoked, Actor::Operator).await.unwrap();
    assert_ne!(digest(&all).await, recalled);
}

#[tokio::test]
async fn a_job_is_seen_by_those_who_see_the_contests_of_all_its_works() {
    let world = World::new().await;
    world.rows_are_planted();
    let ids = world.published(3).await;
    let update = "update submissions set contest = 'other' where id = $1";
    sqlx::query(update).bind(ids[2].0).execute(world.store.pool()).await.unwrap();
    let contest = async |job: Uuid| world.store.bulk_job(job, &Sees::All).await.unwrap().unwrap().contest;
    let (demo, ..) = world.job(&selected("contest=demo"), &ask(Stage::Publish)).await;
    assert_eq!(contest(demo).await.as_deref(), Some("demo"));
    let sees = |contests: &[&str]| Sees::Only(contests.iter().map(|it| (*it).into()).collect());
    assert!(world.store.bulk_job(demo, &sees(&["other"])).await.unwrap().is_none());
    world.control(demo, Control::Cancel).await;
    let (both, ..) = world.job(&named(&ids), &ask(Stage::Publish)).await;
    assert_eq!(contest(both).await, None);
    let listed = async |sees: &Sees| {
        let rows = world.store.bulk_jobs(sees, None, 10).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(&Sees::All).await, [both, demo], "newest first");
    assert_eq!(listed(&sees(&["demo", "other", "small"])).await, [both, demo]);
    assert_eq!(listed(&sees(&["demo", "small"])).await, [demo]);
    assert_eq!(listed(&sees(&["other"])).await, Vec::<Uuid>::new());
    assert_eq!(listed(&sees(&[])).await, Vec::<Uuid>::new());
    assert_eq!(world.store.bulk_jobs(&Sees::All, Some(both), 10).await.unwrap().len(), 1);
}
