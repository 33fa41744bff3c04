//! What a repair does.
use pipeline::id::UploadId;
use pipeline::object_key::ObjectKey;
use runtime::fsck::{Look, check};
use runtime::objects::Objects;
use runtime::service::Services;
use uuid::Uuid;

use super::entry::{Entry, LOOK, counted, counts, looks, put, sql};
use crate::support::{World, eventually};

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
    world.config.work.garbage_delay_s = 0.1;
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
