//! The database and the object store compared: every kind of damage is made, found by its name, and repaired as far as
//! possible. On the embedded server, and on Garage if available, which lists in pages and knows the multipart uploads
//! in progress.
use std::time::Duration;

use pipeline::id::{Fence, SubmissionId, UploadId};
use pipeline::object_key::{ObjectKey, PreviewFile};
use pipeline::submission::Event;
use runtime::fsck::Look;
use runtime::objects::Objects;
use runtime::store::submissions::history::Actor;
use uuid::Uuid;

use crate::support::World;
use entry::{Entry, LOOK, counted, counts, looks, put, sql};

mod entry;
mod pages; // of a long list
mod repairs;

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
