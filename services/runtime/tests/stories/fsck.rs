//! The database and the object store compared: every kind of damage is made, found by its name, and repaired as far as
//! possible. On the embedded server, and on Garage if available, which lists in pages and knows the multipart uploads
//! in progress.
use std::time::Duration;

use pipeline::id::{Fence, SubmissionId, UploadId};
use pipeline::object_key::{ObjectKey, PreviewFile};
use pipeline::submission::Event;
use runtime::fsck::{Look, check};
use runtime::objects::Objects;
use runtime::service::Services;
use runtime::store::history::Actor;
use uuid::Uuid;

use crate::support::{World, eventually};
use entry::{Entry, LOOK, counted, counts, looks, put, sql};

mod entry;

#[tokio::test]
async fn what_is_as_it_should_be_is_not_complained_about() {
    let mut world = World::new().await;
    let objects = world.with_objects().await;
    for _ in 0..3 {
        Entry::whole(&world, &objects).await;
    }
    let report = looks(&world, &objects, Look { deep: true, ..LOOK }).await;
    assert_eq!(counted(&report), counts([]), "{:#?}", report.findings);
    // Source, rendition, two covers, two stills, three files of the preview and a proof, of three entries.
    assert_eq!((report.sound, report.sound_bytes), (30, 3 * (6 + 5 + 5 + 6 + 6 + 5 + 5 + 5 + 4 + 7)));
    assert!(!report.is_wrong());
}

#[tokio::test]
async fn every_kind_of_damage_is_found_by_its_name() {
    let mut world = World::new().await;
    let objects = world.with_objects().await;
    damage(world, objects).await;
}

#[tokio::test]
async fn on_garage_every_kind_of_damage_is_found_by_its_name() {
    let mut world = World::new().await;
    let Some(objects) = world.with_garage().await else { return };
    damage(world, objects).await;
}

async fn damage(world: World, objects: Objects) {
    let [lost, cut, turned, fine] = [
        Entry::whole(&world, &objects).await,
        Entry::whole(&world, &objects).await,
        Entry::whole(&world, &objects).await,
        Entry::whole(&world, &objects).await,
    ];
    objects.delete(&lost.rendition(1)).await.unwrap();
    objects.delete(&ObjectKey::Upload(lost.upload)).await.unwrap();
    put(&objects, &ObjectKey::Cover(cut.id, 1, "web-720".into(), Fence(1)), "cov").await;
    put(&objects, &ObjectKey::Upload(turned.upload), "secruo").await;
    // From an unknown attempt, from an entry and an upload that never existed, and from another program.
    put(&objects, &fine.rendition(99), "attempt").await;
    put(&objects, &ObjectKey::Audio(SubmissionId(Uuid::now_v7()), 1, Fence(7), "a".into()), "sound").await;
    put(&objects, &ObjectKey::Upload(UploadId(Uuid::new_v4())), "stranger").await;
    let foreign = pipeline::object_key::BagFile::new("holiday.jpg").unwrap();
    put(&objects, &ObjectKey::Drop(fine.id, 1, foreign), "beach").await;

    let report = looks(&world, &objects, LOOK).await;
    let shallow = [
        ("foreign/other", 1),
        ("missing/mezzanine", 1),
        ("missing/rendition", 1),
        ("orphan/encoded", 1),
        ("orphan/mezzanine", 1),
        ("orphan/rendition", 1),
        ("wrong_size/cover", 1),
    ];
    assert_eq!(counted(&report), counts(shallow), "{:#?}", report.findings);
    let gone = report.findings.iter().find(|it| it.name() == "missing/rendition").unwrap();
    assert_eq!((gone.key.as_str(), gone.submission), (lost.rendition(1).to_string().as_str(), Some(lost.id)));
    assert!(gone.mend.contains(&format!("reelmill reprocess {} --from transcode", lost.id)), "{}", gone.mend);

    let report = looks(&world, &objects, Look { deep: true, ..LOOK }).await;
    let mut deep = counts(shallow);
    deep.insert("wrong_digest/mezzanine".into(), 1);
    assert_eq!(counted(&report), deep, "{:#?}", report.findings);
    assert!(report.is_wrong());

    // A young object may still get its row; a missing object is reported all the same.
    let report = looks(&world, &objects, Look { grace: Duration::from_secs(3600), ..LOOK }).await;
    let certain = [("foreign/other", 1), ("missing/mezzanine", 1), ("missing/rendition", 1), ("wrong_size/cover", 1)];
    assert_eq!(counted(&report), counts(certain), "{:#?}", report.findings);
    assert_eq!(report.left_alone, 3);
}

#[tokio::test]
async fn what_somebody_works_on_or_sweeps_already_is_left_alone() {
    let mut world = World::new().await;
    let objects = world.with_objects().await;
    // A run in progress: its probe is pending, and one attempt has stored a preview.
    let running = world.uploaded().await;
    put(&objects, &ObjectKey::Preview(running, 1, Fence(5), PreviewFile::Proxy), "half").await;
    // An open upload that has just stored another tail than its row names.
    let upload = UploadId(Uuid::new_v4());
    sql(
        &world,
        "insert into uploads (id, submission, state, part_size, expires_at, created_at)
        select $1, id, 'open', 8388608, now() + interval '1 day', now() from submissions where id = $2::uuid",
        upload.0,
        &[&running.to_string()],
    )
    .await;
    put(&objects, &ObjectKey::UploadTail(upload, 3), "tail").await;
    // A withdrawn entry, and objects that the sweep is about to delete.
    let gone = world.uploaded().await;
    put(&objects, &ObjectKey::Audio(gone, 1, Fence(2), "a".into()), "sound").await;
    world.store.apply(gone, &Event::Withdrawn, Actor::Entrant).await.unwrap();
    let report = looks(&world, &objects, Look { repair: true, ..LOOK }).await;
    assert_eq!(counted(&report), counts([]), "{:#?}", report.findings);
    assert_eq!(report.left_alone, 3);
    assert!(!report.is_wrong());
}

#[tokio::test]
async fn a_repair_sweeps_unknown_objects_and_gives_up_uploads_whose_bytes_are_gone() {
    let mut world = World::new().await;
    let objects = world.with_objects().await;
    repair(world, objects).await;
}

#[tokio::test]
async fn on_garage_a_repair_sweeps_orphans_and_aborts_uploads_without_bytes() {
    let mut world = World::new().await;
    let Some(objects) = world.with_garage().await else { return };
    repair(world, objects).await;
}

async fn repair(mut world: World, objects: Objects) {
    world.config.garbage_delay_s = 0.1;
    let entry = Entry::whole(&world, &objects).await;
    let orphans = [entry.rendition(99), ObjectKey::Upload(UploadId(Uuid::new_v4()))];
    for key in &orphans {
        put(&objects, key, "orphan").await;
    }
    // Two open uploads: the tail of one is gone, and the parts of the other.
    let (tailless, partless) = (UploadId(Uuid::new_v4()), UploadId(Uuid::new_v4()));
    for (upload, columns) in [(tailless, "tail"), (partless, "multipart")] {
        sql(
            &world,
            "insert into uploads (id, submission, state, part_size, expires_at, created_at, tail_key, tail_bytes, multipart_id)
            select $1, id, 'open', 8388608, now() + interval '1 day', now(),
                case when $3 = 'tail' then 'uploads/' || $1::text || '/tail-1' end,
                case when $3 = 'tail' then 4 else 0 end,
                case when $3 = 'multipart' then '0190b0a2-0000-7000-8000-000000000000' end
            from submissions where id = $2::uuid",
            upload.0,
            &[&entry.id.to_string(), columns],
        )
        .await;
    }
    sql(
        &world,
        "insert into upload_parts (upload, number, etag, bytes, sha256) values ($1, 1, 'x', 8388608, '')",
        partless.0,
        &[],
    )
    .await;
    objects.delete(&entry.rendition(1)).await.unwrap();
    let found = [
        ("missing/multipart", 1),
        ("missing/rendition", 1),
        ("missing/tail", 1),
        ("orphan/mezzanine", 1),
        ("orphan/rendition", 1),
    ];
    let seen = looks(&world, &objects, LOOK).await;
    assert_eq!(counted(&seen), counts(found), "{:#?}", seen.findings);
    for key in &orphans {
        assert!(objects.head(key).await.is_ok(), "a look changes nothing");
    }

    let process = world.process(Services::new()).await;
    let repaired = check(&process.runtime.store, &objects, Look { repair: true, ..LOOK }, |_| {}).await.unwrap();
    assert_eq!(counted(&repaired), counts(found));
    let undone: Vec<_> = repaired.findings.iter().filter(|it| it.repaired.is_none()).map(|it| it.name()).collect();
    assert_eq!(undone, ["missing/rendition"], "only a person decides that something is made again");
    for key in &orphans {
        eventually(&format!("{key} is swept"), async || objects.head(key).await.is_err()).await;
    }
    for upload in [tailless, partless] {
        assert_eq!(world.store.upload(upload).await.unwrap().unwrap().state.name(), "terminated");
    }
    let after = looks(&world, &objects, LOOK).await;
    assert_eq!(counted(&after), counts([("missing/rendition", 1)]), "{:#?}", after.findings);
    assert_eq!(after.sound, 9, "everything else of the entry is there");
    process.stop().await;
}

#[tokio::test]
async fn on_garage_parts_of_abandoned_uploads_are_found_and_given_up() {
    let mut world = World::new().await;
    let Some(objects) = world.with_garage().await else { return };
    let fine = Entry::whole(&world, &objects).await;
    // Of an upload that never existed, of one that has ended, and of one that is open.
    let (over, open) = (UploadId(Uuid::new_v4()), UploadId(Uuid::new_v4()));
    for (upload, state) in [(over, "terminated"), (open, "open")] {
        sql(
            &world,
            "insert into uploads (id, submission, state, part_size, expires_at, created_at)
            select $1, id, $3, 8388608, now() + interval '1 day', now() from submissions where id = $2::uuid",
            upload.0,
            &[&fine.id.to_string(), state],
        )
        .await;
    }
    let strange = UploadId(Uuid::new_v4());
    for upload in [strange, over, open] {
        objects.create_multipart(&ObjectKey::Upload(upload)).await.unwrap();
    }
    let seen = looks(&world, &objects, LOOK).await;
    assert_eq!(counted(&seen), counts([("orphan/multipart", 2)]), "{:#?}", seen.findings);
    let repaired = looks(&world, &objects, Look { repair: true, ..LOOK }).await;
    assert!(!repaired.is_wrong(), "{:#?}", repaired.findings);
    let left = objects.list_multiparts("uploads/").await.unwrap();
    assert_eq!(left.iter().map(|it| it.key.clone()).collect::<Vec<_>>(), [ObjectKey::Upload(open).to_string()]);
    assert_eq!(counted(&looks(&world, &objects, LOOK).await), counts([]));
}

/// More objects of one entry than a server lists in one answer (1,000), and more after the last entry that the database
/// knows.
async fn pages(world: World, objects: Objects) {
    let (first, last) = (Entry::whole(&world, &objects).await, Entry::whole(&world, &objects).await);
    let beyond = SubmissionId(Uuid::max());
    let keys = (0..1_020)
        .map(|n| first.rendition(100 + n))
        .chain((0..1_010).map(|n| ObjectKey::Rendition(beyond, 1, "x".into(), Fence(n))));
    let puts = futures::stream::iter(keys.collect::<Vec<_>>());
    futures::StreamExt::for_each_concurrent(puts, 8, async |key| objects.put_bytes(&key, "orphan").await.unwrap())
        .await;
    let report = looks(&world, &objects, LOOK).await;
    assert_eq!(counted(&report), counts([("orphan/rendition", 2_030)]));
    assert_eq!(report.sound, 20, "of the entry behind them, too: {:?}", last.id);
    assert!(
        report.not_looked_at.is_empty() || report.not_looked_at[0].contains("does not list"),
        "{:?}",
        report.not_looked_at
    );
}

#[tokio::test]
async fn more_objects_than_fit_into_one_answer_are_all_seen() {
    let mut world = World::new().await;
    let objects = world.with_objects().await;
    pages(world, objects).await;
}

#[tokio::test]
async fn on_garage_more_objects_than_fit_into_one_answer_are_all_seen() {
    let mut world = World::new().await;
    let Some(objects) = world.with_garage().await else { return };
    pages(world, objects).await;
}
